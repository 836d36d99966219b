//! What is promised about uploads: whole or not at all, and unseen until then.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Answer, ask, connect, parse, serve};

fn staged(dir: &Path) -> usize {
    fs::read_dir(dir.join(".davgate-uploads")).map_or(0, |entries| entries.count())
}

/// Waits until no unfinished upload is left; the server notices a broken connection on its own time.
fn settle(dir: &Path) {
    let start = Instant::now();
    while staged(dir) > 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "an unfinished upload stays");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for_stage(dir: &Path) {
    let start = Instant::now();
    while staged(dir) == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "the upload never began");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// B-91, B-92: whatever way an upload breaks off, the name holds what it held before.
#[test]
fn an_interrupted_upload_leaves_nothing() {
    let rows: &[(&str, &str, &[u8])] = &[
        ("declared length", "Content-Length: 1000000\r\n", b"the first few bytes"),
        (
            "chunked, inside a chunk",
            "Transfer-Encoding: chunked\r\n",
            b"400\r\nthe first few bytes",
        ),
        (
            "chunked, between chunks",
            "Transfer-Encoding: chunked\r\n",
            b"5\r\nfirst\r\n",
        ),
        (
            "chunked, before the last line",
            "Transfer-Encoding: chunked\r\n",
            b"5\r\nfirst\r\n0\r\n",
        ),
        (
            "the other length lies",
            "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 9\r\n",
            b"5\r\nfirst\r\n0\r\n\r\n",
        ),
    ];
    for existing in [None, Some(b"what was there".as_slice())] {
        for (name, framing, sent) in rows {
            for half_close in [false, true] {
                let (dir, server) = serve();
                let target = dir.path().join("f.bin");
                if let Some(content) = existing {
                    fs::write(&target, content).unwrap();
                }
                let mut stream = connect(&server);
                stream
                    .write_all(format!("PUT /f.bin HTTP/1.1\r\nHost: b\r\n{framing}\r\n").as_bytes())
                    .unwrap();
                stream.write_all(sent).unwrap();
                if !name.contains("lies") {
                    wait_for_stage(dir.path());
                }
                if half_close {
                    stream.shutdown(Shutdown::Write).unwrap();
                    stream.read_to_end(&mut Vec::new()).ok();
                }
                drop(stream);
                settle(dir.path());
                assert_eq!(
                    fs::read(&target).ok().as_deref(),
                    existing,
                    "{name}, half close {half_close}"
                );
            }
        }
    }
}

/// The accepting twin: the same uploads, carried to their end.
#[test]
fn a_complete_upload_is_published_at_its_end() {
    let (dir, server) = serve();
    let target = dir.path().join("f.bin");
    fs::write(&target, "what was there").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    let mut stream = connect(&server);
    stream
        .write_all(
            b"PUT /f.bin HTTP/1.1\r\nHost: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        )
        .unwrap();
    wait_for_stage(dir.path());
    assert_eq!(fs::read(&target).unwrap(), b"what was there", "not before the end");
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    let put = parse(&raw);
    assert_eq!(put.status, 204);
    assert_eq!(fs::read(&target).unwrap(), b"first");
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o640,
        "the mode is kept"
    );
    assert_eq!(staged(dir.path()), 0);

    let etag = |answer: &Answer| {
        answer
            .head
            .lines()
            .find(|line| line.starts_with("etag: "))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        etag(&put),
        etag(&ask(&server, "HEAD", "/f.bin", "", b"")),
        "the ETag of PUT is that of the file"
    );
    assert_eq!(ask(&server, "PUT", "/new.bin", "", b"x").status, 201);
    let mode = fs::metadata(dir.path().join("new.bin")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "new files are private");
}

#[test]
fn unfinished_uploads_do_not_exist_for_clients() {
    let (dir, server) = serve();
    let mut stream = connect(&server);
    stream
        .write_all(b"PUT /f.bin HTTP/1.1\r\nHost: b\r\nContent-Length: 9\r\n\r\nfour")
        .unwrap();
    wait_for_stage(dir.path());
    let listing = ask(&server, "PROPFIND", "/", "Depth: 1\r\n", b"");
    assert_eq!(listing.status, 207);
    assert!(!String::from_utf8(listing.body).unwrap().contains("davgate-uploads"));
    fs::write(dir.path().join("own.txt"), "x").unwrap();
    for top in ["/.davgate-uploads", "/.DavGate-Uploads", "/x/../.davgate-upload%73"] {
        let to = |path: &str| format!("Destination: {path}\r\n");
        let rows = [
            ("PROPFIND", top.to_owned(), String::new(), 404),
            ("GET", format!("{top}/x"), String::new(), 404),
            ("DELETE", top.to_owned(), String::new(), 404),
            ("MOVE", top.to_owned(), to("/mine"), 404),
            ("COPY", top.to_owned(), to("/mine"), 404),
            ("PUT", format!("{top}/x"), String::new(), 403),
            ("MKCOL", format!("{top}/x"), String::new(), 403),
            ("MOVE", "/own.txt".to_owned(), to(&format!("{top}/x")), 409),
        ];
        for (method, path, headers, want) in rows {
            assert_eq!(
                ask(&server, method, &path, &headers, b"").status,
                want,
                "{method} {path} {headers}"
            );
        }
    }
    assert_eq!(ask(&server, "MKCOL", "/deeper", "", b"").status, 201);
    assert_eq!(
        ask(&server, "MKCOL", "/deeper/.davgate-uploads", "", b"").status,
        201,
        "only the one at the top"
    );
    stream.write_all(b"-more").unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 201");
}

#[test]
fn bodies_of_64_mib_pass_both_ways() {
    const BLOCK: usize = 1 << 20;
    const BLOCKS: usize = 64;
    let block: Vec<u8> = (0..BLOCK).map(|at| (at % 251) as u8).collect();
    let (dir, server) = serve();
    let mut stream = connect(&server);
    stream
        .write_all(b"PUT /big.bin HTTP/1.1\r\nHost: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    for _ in 0..BLOCKS {
        stream.write_all(format!("{BLOCK:x}\r\n").as_bytes()).unwrap();
        stream.write_all(&block).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    assert_eq!(parse(&raw).status, 201);
    assert_eq!(
        fs::metadata(dir.path().join("big.bin")).unwrap().len(),
        (BLOCK * BLOCKS) as u64
    );

    let get = ask(&server, "GET", "/big.bin", "", b"");
    assert_eq!(get.status, 200);
    assert_eq!(get.body.len(), BLOCK * BLOCKS);
    assert!(get.body.chunks(BLOCK).all(|received| received == block));
}
