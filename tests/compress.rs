//! Answers compressed for the client, over the wire (RM-17).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::io::{Read, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{PROPFIND, propfind_answer};
use support::wire::{Answer, Client, Req, req};

const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /c/
    backend: { url: "http://@BACK@/c-in/", profile: apache }
    compress: true
  - name: listings
    hosts: [dav.test]
    path: /x/
    backend: { url: "http://@BACK@/x-in/", profile: apache }
    compress: true
    compress_xml: true
  - name: plain
    hosts: [dav.test]
    path: /p/
    backend: { url: "http://@BACK@/p-in/", profile: apache }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::with_routes(ROUTES);
        for route in ["c", "x", "p"] {
            let path = |name: &str| format!("/{route}-in/{name}");
            lab.backend.on(&path("text"), answer("200 OK", HEAD, text()));
            lab.backend.on(&path("short"), answer("200 OK", HEAD, "short"));
            lab.backend.on(
                &path("coded"),
                answer("200 OK", &[HEAD, &[("Content-Encoding", "br")]].concat(), text()),
            );
            let part = [HEAD, &[("Content-Range", "bytes 0-4/5")]].concat();
            lab.backend
                .on(&path("part"), answer("206 Partial Content", &part, text()));
            lab.backend.on(
                &format!("PROPFIND {}", path("list")),
                multistatus(listing(&path("list/"))),
            );
        }
        lab
    })
}

const HEAD: &[(&str, &str)] = &[
    ("Content-Type", "text/calendar"),
    ("ETag", "\"x\""),
    ("Accept-Ranges", "bytes"),
];

fn text() -> String {
    "a line of a text that is long enough\r\n".repeat(5000)
}

/// A listing of many members.
fn listing(folder: &str) -> String {
    let one = propfind_answer(folder, true);
    let begin = one.find("<D:response").unwrap();
    let end = one.rfind("</D:response>").unwrap() + "</D:response>".len();
    format!("{}{}{}", &one[..begin], one[begin..end].repeat(500), &one[end..])
}

fn get(name: &str, path: &str) -> Req {
    req(name, "GET", path).with("Accept-Encoding", "gzip")
}

fn unpacked(answer: &Answer) -> String {
    assert_eq!(answer.header("content-encoding"), Some("gzip"), "{:?}", answer.headers);
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    text
}

// RM-17
#[test]
fn files_are_compressed() {
    let (_, got) = lab().pass(&get("coded", "/c/text"));
    assert!(unpacked(&got) == text());
    assert!(got.body.len() < text().len() / 20, "{}", got.body.len());
    assert_eq!(
        (got.header("etag"), got.header("vary")),
        (Some("W/\"x\""), Some("Accept-Encoding"))
    );
    assert_eq!(
        (got.header("content-length"), got.header("accept-ranges")),
        (None, None)
    );
    assert!(got.whole);
    // HEAD says the same, and the connection goes on after it.
    let mut client = Client::connect(lab().gateway.address);
    for _ in 0..2 {
        client.send(
            &req("coded HEAD", "HEAD", "/c/text")
                .with("Accept-Encoding", "gzip")
                .bytes(),
        );
        let head = client.answer(true);
        for name in [
            "content-encoding",
            "etag",
            "vary",
            "content-length",
            "accept-ranges",
            "content-type",
        ] {
            assert_eq!(head.header(name), got.header(name), "{name}");
        }
        client.send(&get("coded after HEAD", "/c/text").bytes());
        assert!(unpacked(&client.answer(false)) == text());
    }
}

// RM-17: all else stays as it is.
#[test]
fn not_compressed() {
    let plain = |got: &Answer| got.header("content-encoding").is_none() && got.header("etag") == Some("\"x\"");
    let vary = |got: &Answer| got.header("vary").is_some();
    each(
        [
            (true, req("no wish", "GET", "/c/text")),
            (
                true,
                req("identity", "GET", "/c/text").with("Accept-Encoding", "identity"),
            ),
            (
                true,
                req("q=0", "GET", "/c/text").with("Accept-Encoding", "gzip;q=0, *"),
            ),
            (true, get("ranged", "/c/text").with("Range", "bytes=0-4")),
            (true, get("part", "/c/part")),
            (true, get("old", "/c/text").old()),
            (false, get("short", "/c/short")),
            (false, get("other route", "/p/text")),
        ],
        |(varies, request)| {
            let got = lab().ask(&request);
            assert!(plain(&got), "{}: {:?}", request.name, got.headers);
            assert_eq!(vary(&got), varies, "{}", request.name);
            assert!(
                request.name == "short" || got.body == text().as_bytes(),
                "{}",
                request.name
            );
        },
    );
    let got = lab().ask(&get("coded already", "/c/coded"));
    assert_eq!(
        (got.header("content-encoding"), got.header("etag")),
        (Some("br"), Some("\"x\""))
    );
    assert!(got.body == text().as_bytes());
}

// RM-17: listings only where the route says so (BREACH).
#[test]
fn listings() {
    let list = |name: &str, path: &str| {
        req(name, "PROPFIND", path)
            .with("Depth", "1")
            .with("Accept-Encoding", "gzip")
            .xml(PROPFIND)
    };
    let (_, plain) = lab().pass(&list("list plain", "/c/list"));
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, None));
    let (_, coded) = lab().pass(&list("list coded", "/x/list"));
    let unpacked = unpacked(&coded);
    assert!(unpacked == plain.text().replace("/c/", "/x/"), "{unpacked:.300}");
    assert_eq!(coded.header("vary"), Some("Accept-Encoding"));
}

// RM-17, RFC 9110 section 13.1: tags that were made weak come back as conditions.
#[test]
fn conditions() {
    let lab = lab();
    lab.backend
        .on("/c-in/same", answer("304 Not Modified", &[("ETag", "\"x\"")], ""));
    let (seen, got) = lab.pass(&get("revalidated", "/c/same").with("If-None-Match", "W/\"x\""));
    assert_eq!(seen.header("if-none-match"), Some("W/\"x\", \"x\""));
    assert_eq!(
        (got.status, got.header("etag"), got.header("vary")),
        (304, Some("W/\"x\""), Some("Accept-Encoding"))
    );
    let write = |name: &str, path: &str| req(name, "PUT", path).with("If-Match", "W/\"x\"").body("new");
    let (seen, _) = lab.pass(&write("written back", "/c/text2"));
    assert_eq!(seen.header("if-match"), Some("\"x\""));
    // Where nothing is compressed, nobody was given such a tag.
    let (seen, _) = lab.pass(&write("written back elsewhere", "/p/text2"));
    assert_eq!(seen.header("if-match"), Some("W/\"x\""));
}

// RM-17: what the back end has sent is not held until there is more.
#[test]
fn pieces_go_out_in_time() {
    let chunk = |text: &str| Step::Send(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    let slowly = vec![
        Step::Send(head.as_bytes().to_vec()),
        chunk("first piece\n"),
        Step::Pause(Duration::from_secs(2)),
        chunk("second piece\n"),
        Step::Send(b"0\r\n\r\n".to_vec()),
    ];
    lab().backend.on("/c-in/slow", slowly);
    let began = Instant::now();
    let mut stream = std::net::TcpStream::connect(lab().gateway.address).unwrap();
    stream.write_all(&get("slow", "/c/slow").bytes()).unwrap();
    let mut decoder = flate2::write::GzDecoder::new(Vec::new());
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    while decoder.get_ref().is_empty() {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "closed");
        heard.extend_from_slice(&buffer[..count]);
        let Some(end) = memchr::memmem::find(&heard, b"\r\n\r\n") else {
            continue;
        };
        // The size of the chunk, and what of it is there.
        let Some(line) = memchr::memmem::find(&heard[end + 4..], b"\r\n") else {
            continue;
        };
        decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(&heard[end + 4 + line + 2..]).ok();
        decoder.flush().ok();
    }
    assert!(decoder.get_ref().starts_with(b"first piece\n"));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    let got = lab().ask(&get("slow again", "/c/slow"));
    assert_eq!(unpacked(&got), "first piece\nsecond piece\n");
}

// B-100: half an answer does not look whole.
#[test]
fn broken_answers() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n";
    let steps = vec![
        Step::Send(head.as_bytes().to_vec()),
        Step::Send(vec![b'a'; 50_000]),
        Step::Close,
    ];
    lab().backend.on("/c-in/broken", steps);
    let got = lab().ask(&get("broken", "/c/broken"));
    assert!(!got.whole, "{} bytes", got.body.len());
}
