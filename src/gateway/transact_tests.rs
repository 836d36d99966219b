use std::{path::PathBuf, time::Duration};

use crate::backend::GENERIC;
use http::{HeaderValue, StatusCode};

use super::*;
use crate::{
    gateway::{
        scripted::{
            Scripted,
            Step::{self, Close, Read, ReadHead, Wait, Write},
        },
        spool::Spool,
    },
    policy::{BackEnd, Location, Timeouts},
    url::{Authority, Origin, Scheme},
};

const OK: Step = Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

fn backend(location: Location) -> BackEnd {
    BackEnd {
        location,
        profile: &GENERIC,
        credentials: crate::identity::BackEndCredentials::Pass,
        timeouts: Timeouts {
            connect: Duration::from_millis(500),
            read: Duration::from_millis(300),
            write: Duration::from_millis(300),
            long: Duration::from_millis(900),
        },
        aliases: Vec::new(),
        external_urls: false,
        sources: false,
        acquisition: crate::policy::Acquisition::Trust,
        elsewhere_allowed: false,
    }
}

fn upstream(authority: &str) -> Upstream {
    let location = Location::Url(Origin {
        scheme: Scheme::Http,
        authority: Authority::parse(authority).unwrap(),
    });
    Upstream::new(&backend(location), 1, None)
}

fn request(method: Method, body: HeldBody) -> Outgoing {
    let mut headers = HeaderMap::new();
    headers.insert("depth", HeaderValue::from_static("1"));
    headers.insert("content-length", HeaderValue::from_static("99"));
    Outgoing {
        method,
        target: "/dav/a%20b?x=1".to_owned(),
        headers,
        host: "back.example".to_owned(),
        body,
    }
}

fn bytes(body: &'static str) -> HeldBody {
    HeldBody::Bytes(Bytes::from_static(body.as_bytes()))
}

/// Sends one request, reads the answer whole and gives the connection back.
async fn ask(transactor: &Transactor, upstream: &Upstream, request: &Outgoing) -> Result<(u16, String), UpstreamError> {
    let mut incoming = transactor.send(upstream, request).await?;
    let body = incoming.read_all(1 << 20).await?;
    let status = incoming.status.as_u16();
    incoming.release().await;
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

// B-100: every way to answer, and every way to fail to
#[tokio::test]
async fn answers() {
    use UpstreamError::{Broken, Timeout};
    type Row = (
        &'static str,
        &'static [&'static [Step]],
        Result<&'static str, UpstreamError>,
    );
    let rows: &[Row] = &[
        ("length", &[&[Read, OK]], Ok("ok")),
        ("no body", &[&[Read, Write("HTTP/1.1 204 No Content\r\n\r\n")]], Ok("")),
        (
            "chunked",
            &[&[
                Read,
                Write("HTTP/1.1 207 M\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
                Wait(50),
                Write("0\r\n\r\n"),
            ]],
            Ok("ok"),
        ),
        (
            "until closed",
            &[&[Read, Write("HTTP/1.0 200 OK\r\n\r\no"), Wait(50), Write("k"), Close]],
            Ok("ok"),
        ),
        (
            "interim answers",
            &[&[
                Read,
                Write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\n"),
                Wait(50),
                OK,
            ]],
            Ok("ok"),
        ),
        (
            "short",
            &[&[Read, Write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), Close]],
            Err(Broken),
        ),
        (
            "no last chunk",
            &[&[
                Read,
                Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
                Close,
            ]],
            Err(Broken),
        ),
        (
            "half a chunk",
            &[&[
                Read,
                Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok"),
                Close,
            ]],
            Err(Broken),
        ),
        (
            "half a head",
            &[&[Read, Write("HTTP/1.1 200 OK\r\nA: b\r\n"), Close]],
            Err(Broken),
        ),
        ("closed", &[&[Read, Close]], Err(Broken)),
        ("closed at once", &[&[Close]], Err(Broken)),
        ("not HTTP", &[&[Read, Write("SSH-2.0-OpenSSH\r\n\r\n")]], Err(Broken)),
        (
            "two lengths",
            &[&[
                Read,
                Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
            ]],
            Err(Broken),
        ),
        (
            "switches protocols",
            &[&[Read, Write("HTTP/1.1 101 S\r\n\r\n")]],
            Err(Broken),
        ),
        ("silence", &[&[Read]], Err(Timeout)),
        (
            "slow head",
            &[&[Read, Write("HTTP/1.1 200"), Wait(600), Write(" OK\r\n\r\n")]],
            Err(Timeout),
        ),
        (
            "slow body",
            &[&[
                Read,
                Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"),
                Wait(600),
                Write("k"),
            ]],
            Err(Timeout),
        ),
    ];
    for (name, scripts, expected) in rows {
        let server = Scripted::start(scripts).await;
        let upstream = upstream(&server.address.to_string());
        // Neither a method that may be repeated nor one that may not gets a second try on a new connection.
        let answer = ask(
            &Transactor::new(),
            &upstream,
            &request(Method::Propfind, HeldBody::None),
        )
        .await;
        assert_eq!(answer.map(|(_, body)| body), expected.map(str::to_owned), "{name}");
        assert!(server.connections().len() <= 1, "{name}");
    }
}

// B-100: a piece-wise reader never takes a broken body for a whole one, even if it asks again
#[tokio::test]
async fn errors_stay() {
    let server = Scripted::start(&[&[Read, Write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), Close]]).await;
    let upstream = upstream(&server.address.to_string());
    let mut incoming = Transactor::new()
        .send(&upstream, &request(Method::Propfind, HeldBody::None))
        .await
        .unwrap();
    assert_eq!(incoming.read_body().await.unwrap().unwrap(), "ok");
    assert_eq!(incoming.read_body().await, Err(UpstreamError::Broken));
    assert_eq!(incoming.read_body().await, Err(UpstreamError::Broken));
}

// B-70: an answer that is too long to hold is an error, one that just fits is not
#[tokio::test]
async fn caps() {
    for (cap, expected) in [(2, Ok(Bytes::from("ok"))), (1, Err(UpstreamError::TooLong))] {
        let server = Scripted::start(&[&[Read, OK]]).await;
        let upstream = upstream(&server.address.to_string());
        let mut incoming = Transactor::new()
            .send(&upstream, &request(Method::Propfind, HeldBody::None))
            .await
            .unwrap();
        assert_eq!(incoming.read_all(cap).await, expected);
    }
}

// B-94: how bodies are framed
#[tokio::test]
async fn framing() {
    let mut spool = Spool::new();
    spool.push(b"spooled").await.unwrap();
    let spooled = HeldBody::File(spool.finish().await.unwrap());
    let rows = [
        (HeldBody::None, "\r\n\r\n"),
        (bytes(""), "content-length: 0\r\n\r\n"),
        (bytes("held"), "content-length: 4\r\n\r\nheld"),
        (spooled, "content-length: 7\r\n\r\nspooled"),
    ];
    for (body, end) in rows {
        let server = Scripted::start(&[&[Read, OK]]).await;
        let upstream = upstream(&server.address.to_string());
        ask(&Transactor::new(), &upstream, &request(Method::Proppatch, body))
            .await
            .unwrap();
        let (_, seen) = server.seen().remove(0);
        assert!(
            seen.starts_with("PROPPATCH /dav/a%20b?x=1 HTTP/1.1\r\nHost: back.example\r\n"),
            "{seen}"
        );
        let seen = seen.to_ascii_lowercase();
        assert!(seen.contains("depth: 1\r\n") && seen.ends_with(end), "{seen}");
        assert_eq!(
            seen.matches("content-length").count(),
            end.matches("content-length").count(),
            "{seen}"
        );
    }
}

// B-100: nothing listens, or nothing is sent
#[tokio::test]
async fn unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = ask(
        &Transactor::new(),
        &upstream(&free.to_string()),
        &request(Method::Mkcol, HeldBody::None),
    )
    .await;
    assert_eq!(refused, Err(UpstreamError::Connect));
    let mut bad = request(Method::Mkcol, HeldBody::None);
    bad.target = "/a b".to_owned();
    let server = Scripted::start(&[&[Read, OK]]).await;
    let unsendable = ask(&Transactor::new(), &upstream(&server.address.to_string()), &bad).await;
    assert!(unsendable.is_err() && server.seen().is_empty(), "{unsendable:?}");
}

// B-100: connections are used again, and a request is repeated only if its method is safe
#[tokio::test]
async fn reuse() {
    type Row = (
        &'static str,
        &'static [&'static [Step]],
        Method,
        Result<(), UpstreamError>,
        &'static [usize],
    );
    let rows: &[Row] = &[
        ("kept", &[&[Read, OK, Read, OK]], Method::Mkcol, Ok(()), &[0, 0]),
        (
            "breaks, may be repeated",
            &[&[Read, OK, Read, Close], &[Read, OK]],
            Method::Propfind,
            Ok(()),
            &[0, 0, 1],
        ),
        (
            "breaks, must not be",
            &[&[Read, OK, Read, Close], &[Read, OK]],
            Method::Mkcol,
            Err(UpstreamError::Broken),
            &[0, 0],
        ),
        (
            "breaks twice",
            &[&[Read, OK, Read, Close], &[Read, Close], &[Read, OK]],
            Method::Propfind,
            Err(UpstreamError::Broken),
            &[0, 0, 1],
        ),
        (
            "breaks after an interim answer",
            &[&[Read, OK, Read, Write("HTTP/1.1 102 P\r\n\r\n"), Close], &[Read, OK]],
            Method::Propfind,
            Err(UpstreamError::Broken),
            &[0, 0],
        ),
        (
            "seen to be closed",
            &[&[Read, OK, Close], &[Read, OK]],
            Method::Mkcol,
            Ok(()),
            &[0, 1],
        ),
        (
            "closed by agreement",
            &[
                &[
                    Read,
                    Write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
                ],
                &[Read, OK],
            ],
            Method::Mkcol,
            Ok(()),
            &[0, 1],
        ),
        (
            "more than was announced",
            &[
                &[
                    Read,
                    Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"),
                ],
                &[Read, OK],
            ],
            Method::Mkcol,
            Ok(()),
            &[0, 1],
        ),
    ];
    for (name, scripts, method, expected, connections) in rows {
        let server = Scripted::start(scripts).await;
        let upstream = upstream(&server.address.to_string());
        let transactor = Transactor::new();
        ask(&transactor, &upstream, &request(Method::Mkcol, HeldBody::None))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let second = ask(&transactor, &upstream, &request(*method, bytes("<x/>"))).await;
        assert_eq!(second.map(|_| ()), *expected, "{name}");
        assert_eq!(server.connections(), *connections, "{name}");
    }
}

// B-69: a back end that refuses a long body before its end is heard, whether it closes or just stops reading
#[tokio::test]
async fn early_answers() {
    const REFUSAL: Step = Write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
    let mut spool = Spool::new();
    let body = Bytes::from(vec![b'x'; 10 << 20]);
    spool.push(&body).await.unwrap();
    let spooled = spool.finish().await.unwrap();
    let scripts: [&'static [&'static [Step]]; 2] =
        [&[&[ReadHead, REFUSAL, Close]], &[&[ReadHead, REFUSAL], &[Read, OK]]];
    for script in scripts {
        for body in [HeldBody::Bytes(body.clone()), HeldBody::File(spooled.clone())] {
            let server = Scripted::start(script).await;
            let upstream = upstream(&server.address.to_string());
            let transactor = Transactor::new();
            let answer = ask(&transactor, &upstream, &request(Method::Put, body)).await;
            assert_eq!(answer, Ok((413, "no!".to_owned())));
            if script.len() > 1 {
                // The connection still expects the rest of the body: it must not serve another request.
                ask(&transactor, &upstream, &request(Method::Mkcol, HeldBody::None))
                    .await
                    .unwrap();
                assert_eq!(server.connections(), [0, 1]);
            }
        }
    }
}

// B-100: a back end that takes nothing and says nothing
#[tokio::test]
async fn stuck() {
    let server = Scripted::start(&[&[ReadHead]]).await;
    let upstream = upstream(&server.address.to_string());
    let body = HeldBody::Bytes(Bytes::from(vec![b'x'; 20 << 20]));
    let answer = ask(&Transactor::new(), &upstream, &request(Method::Put, body)).await;
    assert_eq!(answer, Err(UpstreamError::Timeout));
}

// B-100: the embedded back end, over its Unix socket, on one connection
#[tokio::test]
async fn embedded() {
    let directory = tempfile::tempdir().unwrap();
    let server = crate::embedded::spawn(directory.path()).unwrap();
    let backend = backend(Location::Embedded(PathBuf::from(directory.path())));
    let upstream = Upstream::new(&backend, 1, Some(server.socket_path()));
    let transactor = Transactor::new();
    for (method, target, body, status) in [
        (Method::Mkcol, "/c/", HeldBody::None, StatusCode::CREATED),
        (Method::Put, "/c/f", bytes("hello"), StatusCode::CREATED),
        (Method::Propfind, "/c/f", HeldBody::None, StatusCode::MULTI_STATUS),
        (Method::Get, "/c/f", HeldBody::None, StatusCode::OK),
        (Method::Head, "/c/f", HeldBody::None, StatusCode::OK),
        (Method::Delete, "/c/", HeldBody::None, StatusCode::NO_CONTENT),
    ] {
        let mut request = request(method, body);
        request.target = target.to_owned();
        // A DELETE of a collection admits no other depth.
        request.headers.remove("depth");
        let (answered, body) = ask(&transactor, &upstream, &request).await.unwrap();
        assert_eq!(answered, status.as_u16(), "{method:?}");
        match method {
            Method::Get => assert_eq!(body, "hello"),
            Method::Head => assert_eq!(body, ""),
            _ => {}
        }
    }
}
