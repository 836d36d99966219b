//! The embedded back end over its socket: what a client sees.

mod properties;
mod uploads;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{EmbeddedServer, spawn};

/// Name, method, path, headers, body, the status that is expected.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [u8],
    u16,
);

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

fn serve() -> (TempDir, EmbeddedServer) {
    let dir = tempfile::tempdir().unwrap();
    let server = spawn(dir.path()).unwrap();
    (dir, server)
}

fn connect(server: &EmbeddedServer) -> UnixStream {
    let stream = UnixStream::connect(server.socket_path()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn parse(raw: &[u8]) -> Answer {
    let end = raw
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("an answer with a head");
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let status = head[9..12].parse().unwrap();
    Answer {
        status,
        head,
        body: raw[end + 4..].to_vec(),
    }
}

/// One request on a connection of its own. Host, Content-Length and Connection are added. The server may answer and close
/// before it has read the body, so that writing fails (RFC 9112 section 9.6): then the answer alone counts.
fn ask(server: &EmbeddedServer, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = connect(server);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: back.example\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut raw = Vec::new();
    let received = stream.read_to_end(&mut raw);
    assert!(!raw.is_empty(), "no answer to {method} {path}: {sent:?}, {received:?}");
    parse(&raw)
}

#[test]
fn a_session_of_class_2() {
    let (dir, server) = serve();
    let lockinfo = b"<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope>\
        <D:locktype><D:write/></D:locktype></D:lockinfo>";
    let rows: &[Row] = &[
        ("a collection", "MKCOL", "/col", "", b"", 201),
        ("a new file", "PUT", "/col/a%20b.txt", "", b"one", 201),
        ("the same file again", "PUT", "/col/a%20b.txt", "", b"two!", 204),
        (
            "only if new, and it is not",
            "PUT",
            "/col/a%20b.txt",
            "If-None-Match: *\r\n",
            b"x",
            412,
        ),
        (
            "only if new, and it is",
            "PUT",
            "/col/new.txt",
            "If-None-Match: *\r\n",
            b"x",
            201,
        ),
        (
            "only if there, and it is not",
            "PUT",
            "/col/no.txt",
            "If-Match: *\r\n",
            b"x",
            412,
        ),
        ("no parent", "PUT", "/none/x", "", b"x", 409),
        ("below a file", "PUT", "/col/new.txt/x", "", b"x", 409),
        ("read below a file", "GET", "/col/new.txt/x", "", b"", 404),
        ("on a collection", "PUT", "/col", "", b"x", 403),
        (
            "a part of a file",
            "PUT",
            "/col/new.txt",
            "Content-Range: bytes 0-0/1\r\n",
            b"y",
            400,
        ),
        (
            "copy",
            "COPY",
            "/col/a%20b.txt",
            "Destination: /col/copy.txt\r\n",
            b"",
            201,
        ),
        (
            "move",
            "MOVE",
            "/col/copy.txt",
            "Destination: http://any.example/col/moved.txt\r\n",
            b"",
            201,
        ),
        ("delete", "DELETE", "/col/moved.txt", "", b"", 204),
        ("delete what is gone", "DELETE", "/col/moved.txt", "", b"", 404),
        ("the whole directory", "DELETE", "/", "", b"", 403),
        ("the whole directory, disguised", "DELETE", "//./", "", b"", 403),
        (
            "the whole directory elsewhere",
            "MOVE",
            "/",
            "Destination: /x\r\n",
            b"",
            403,
        ),
        ("patch", "PATCH", "/col/new.txt", "", b"", 405),
        (
            "lock of an unmapped name",
            "LOCK",
            "/col/locked.txt",
            "Depth: 0\r\n",
            lockinfo,
            201,
        ),
        ("write without the token", "PUT", "/col/locked.txt", "", b"x", 423),
    ];
    for (name, method, path, headers, body, want) in rows {
        assert_eq!(ask(&server, method, path, headers, body).status, *want, "{name}");
    }
    assert_eq!(fs::read(dir.path().join("col/a b.txt")).unwrap(), b"two!");
    assert_eq!(fs::read(dir.path().join("col/new.txt")).unwrap(), b"x");
    assert_eq!(
        fs::read(dir.path().join("col/locked.txt")).unwrap(),
        b"",
        "RFC 4918 section 7.3"
    );

    let get = ask(&server, "GET", "/col/a%20b.txt", "", b"");
    assert_eq!((get.status, get.body.as_slice()), (200, b"two!".as_slice()));
    let list = ask(&server, "PROPFIND", "/col/", "Depth: 1\r\n", b"");
    let listing = String::from_utf8(list.body).unwrap();
    assert_eq!(list.status, 207);
    for href in ["/col/", "/col/a%20b.txt", "/col/new.txt", "/col/locked.txt"] {
        assert!(
            listing.contains(&format!("<D:href>{href}</D:href>")),
            "{href} in {listing}"
        );
    }
}

#[test]
fn a_lock_is_held_with_its_token() {
    let (_dir, server) = serve();
    let lockinfo = b"<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope>\
        <D:locktype><D:write/></D:locktype></D:lockinfo>";
    let lock = ask(&server, "LOCK", "/l.txt", "", lockinfo);
    let token = lock
        .head
        .lines()
        .find_map(|line| line.strip_prefix("lock-token: "))
        .unwrap()
        .to_owned();
    assert_eq!(ask(&server, "PUT", "/l.txt", "", b"x").status, 423);
    assert_eq!(
        ask(&server, "PUT", "/l.txt", &format!("If: ({token})\r\n"), b"x").status,
        204
    );
    assert_eq!(
        ask(&server, "UNLOCK", "/l.txt", &format!("Lock-Token: {token}\r\n"), b"").status,
        204
    );
    assert_eq!(ask(&server, "PUT", "/l.txt", "", b"y").status, 204);
}

#[test]
fn links_do_not_exist_for_clients() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    let (dir, server) = serve();
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
    link(outside.path(), "way-out");
    link(&outside.path().join("secret.txt"), "leak.txt");
    link(&outside.path().join("not-yet.txt"), "dangling.txt");
    fs::write(dir.path().join("plain.txt"), "plain").unwrap();
    let rows: &[(&str, &str, &str, u16)] = &[
        ("GET", "/leak.txt", "", 404),
        ("GET", "/way-out/secret.txt", "", 404),
        ("PROPFIND", "/way-out/", "Depth: 1\r\n", 404),
        ("PUT", "/leak.txt", "", 403),
        ("PUT", "/dangling.txt", "", 403),
        ("PUT", "/way-out/new.txt", "", 403),
        ("MKCOL", "/way-out/new", "", 403),
        ("DELETE", "/way-out/secret.txt", "", 404),
        ("COPY", "/leak.txt", "Destination: /mine.txt\r\n", 404),
        ("COPY", "/plain.txt", "Destination: /way-out/new.txt\r\n", 409),
        ("MOVE", "/plain.txt", "Destination: /leak.txt\r\n", 403),
        ("GET", "/plain.txt", "", 200),
    ];
    for (method, path, headers, want) in rows {
        assert_eq!(
            ask(&server, method, path, headers, b"").status,
            *want,
            "{method} {path}"
        );
    }
    let listing = String::from_utf8(ask(&server, "PROPFIND", "/", "Depth: 1\r\n", b"").body).unwrap();
    assert!(listing.contains("plain.txt"));
    for name in ["way-out", "leak.txt", "dangling.txt"] {
        assert!(!listing.contains(name), "{name}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(fs::read(outside.path().join("secret.txt")).unwrap(), b"secret");
}

#[test]
fn the_socket_is_private_and_goes_with_the_server() {
    let (dir, server) = serve();
    let socket = server.socket_path().to_owned();
    let parent = socket.parent().unwrap().to_owned();
    assert_eq!(fs::metadata(&parent).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(ask(&server, "PUT", "/x", "", b"x").status, 201);
    drop(server);
    assert!(!parent.exists());
    assert!(
        !dir.path().join(".davgate-uploads").exists(),
        "nothing of ours stays among the files"
    );
    assert!(dir.path().join("x").exists());
}

#[test]
fn another_listener_only_on_loopback() {
    let (_dir, server) = serve();
    let refused = server.also_listen("0.0.0.0:0".parse().unwrap()).unwrap_err();
    assert!(refused.to_string().contains("not a loopback address"), "{refused}");
    let bound = server.also_listen("127.0.0.1:0".parse().unwrap()).unwrap();
    assert_eq!(ask(&server, "PUT", "/x", "", b"over the socket").status, 201);
    let mut stream = TcpStream::connect(bound).unwrap();
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    assert_eq!(parse(&raw).body, b"over the socket");
}

#[test]
fn only_a_directory_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(spawn(&file).is_err());
    assert!(spawn(&dir.path().join("none")).is_err());
}
