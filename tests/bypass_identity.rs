//! Attempts to be somebody else: by headers that name users, by credentials that can be read in two ways, by odd names, by what the
//! protocol of the connection brings along (spec O-5, A-30, A-37, B-49, Q-10, RM-6, RM-14). Nothing of them reaches the back end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::people::{Attempt, all_fail, attempt, by, lab, with_basic};
use support::wire::{Client, Req, req};

/// Ann's file, which all of these want.
fn want(name: &str) -> Req {
    req(name, "GET", "/files/home/ann/x")
}

/// The attempt is answered as one by nobody in particular (401), or by bob (404), or to be no credentials.
fn row(attack: Req, status: u16, condition: &'static str) -> Attempt {
    attempt(attack, status, condition, by("ann", want("")), "/dav/home/ann/x")
}

fn nobody(attack: Req) -> Attempt {
    row(attack, 401, "unauthenticated")
}

fn wrong(attack: Req) -> Attempt {
    row(attack, 401, "credentials")
}

fn bob(attack: Req) -> Attempt {
    row(by("bob", attack), 404, "")
}

const SOMEBODY_ELSE: &str =
    "  trusted_header: { user: X-Remote-User, groups: X-Remote-Groups, from: [192.0.2.0/24] }\n";
const THIS_MACHINE: &str = "  trusted_header: { user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1] }\n";

// Q-10, RM-14: who may name users is the other end of the connection, and nothing else
#[test]
fn by_headers() {
    all_fail(
        &lab(SOMEBODY_ELSE),
        &[
            nobody(want("nothing")),
            nobody(want("trusted header").with("X-Remote-User", "ann")),
            bob(want("trusted header over credentials").with("X-Remote-User", "ann")),
            nobody(want("underscores").with("X_Remote_User", "ann")),
            bob(want("half underscores")
                .with("X-Remote_User", "ann")
                .with("x_remote-user", "ann")),
            bob(want("twice").with("X-Remote-User", "bob").with("X-Remote-User", "ann")),
            bob(want("groups").with("X-Remote-Groups", "admins")),
            nobody(
                want("its address")
                    .with("X-Remote-User", "ann")
                    .with("X-Forwarded-For", "192.0.2.1"),
            ),
            nobody(
                want("its address, standard")
                    .with("X-Remote-User", "ann")
                    .with("Forwarded", "for=192.0.2.1"),
            ),
            nobody(
                want("real address")
                    .with("X-Remote-User", "ann")
                    .with("X-Real-IP", "192.0.2.1"),
            ),
            nobody(
                want("other names")
                    .with("Remote-User", "ann")
                    .with("X-Webauth-User", "ann")
                    .with("X-Forwarded-User", "ann"),
            ),
            bob(want("cookie").with("Cookie", "user=ann; X-Remote-User=ann")),
            nobody(with_proxy(want("proxy credentials"))),
            bob(want("original URL")
                .with("X-Original-URL", "/files/home/bob/x")
                .with("X-Rewrite-URL", "/files/home/bob/x")),
            row(
                by(
                    "ann",
                    want("Authorization for this hop only").with("Connection", "Authorization"),
                ),
                400,
                "connection-header",
            ),
            row(
                by(
                    "ann",
                    want("user for this hop only").with("Connection", "close, X-Remote-User"),
                ),
                400,
                "connection-header",
            ),
        ],
    );
}

fn with_proxy(request: Req) -> Req {
    let mut request = by("ann", request);
    for (name, _) in &mut request.headers {
        *name = "Proxy-Authorization".to_owned();
    }
    request
}

// O-5, A-30, B-49: what is presented must be right, and readable in one way
#[test]
fn by_credentials() {
    let basic = |name: &str, plain: &[u8]| wrong(with_basic(plain, want(name)));
    let header = |name: &str, value: &str| wrong(want(name).with("Authorization", value));
    all_fail(
        &lab(""),
        &[
            basic("wrong password", b"ann:bob-pw"),
            basic("no password", b"ann:"),
            basic("no name", b":ann-pw"),
            basic("no colon", b"ann"),
            basic("nobody", b"zoe:zoe-pw"),
            basic("colon in the password", b"ann:ann-pw:x"),
            basic("colon in the name", b"ann:x:ann-pw"),
            basic("upper case", b"Ann:ann-pw"),
            basic("blank", b"ann :ann-pw"),
            basic("blank before", b" ann:ann-pw"),
            basic("NUL", b"ann\0:ann-pw"),
            basic("line end", b"ann\n:ann-pw"),
            basic("NUL in the password", b"ann:ann-pw\0"),
            basic("domain", b"DAV\\ann:ann-pw"),
            basic("hash line", b"bob:$2b$04$x\nann:ann-pw"),
            header("not base64", "Basic ann:ann-pw"),
            header("nothing", ""),
            header("scheme alone", "Basic"),
            header("two in one", "Basic YW5uOmFubi1wdw==, Bearer x"),
            header("token", "Bearer YW5uOmFubi1wdw=="),
            header(
                "digest",
                "Digest username=\"ann\", realm=\"Files\", nonce=\"\", uri=\"/files/home/ann/x\", response=\"\"",
            ),
            header("negotiate", "Negotiate YW5u"),
            wrong(by("ann", by("bob", want("two")))),
            wrong(by("ann", want("Bearer beside Basic").with("Authorization", "Bearer x"))),
            wrong(with_basic(
                b"bob:wrong",
                req("wrong ones where everybody may read", "GET", "/files/public/x"),
            )),
        ],
    );
    // The same bytes in two codings are the same user, in his own home only.
    let lab = lab("");
    each([&b"j\xc3\xb6rg:j\xc3\xb6rg-pw"[..], b"j\xf6rg:j\xf6rg-pw"], |plain| {
        let name = format!("coding of {} bytes", plain.len());
        lab.pass(&with_basic(plain, req(&name, "GET", "/files/home/j%C3%B6rg/x")));
        lab.refuse(404, &with_basic(plain, want(&format!("{name}, ann's"))));
    });
}

// RM-6: a name is one segment of a path; `{user}` is no pattern
#[test]
fn by_names() {
    let named = |name: &str, user: &str| want(name).with("X-Remote-User", user);
    let honest = || req("", "GET", "/files/home/ann/x").with("X-Remote-User", "ann");
    let refused = |name, user| attempt(named(name, user), 401, "credentials", honest(), "/dav/home/ann/x");
    let stranger = |name, user| attempt(named(name, user), 404, "", honest(), "/dav/home/ann/x");
    all_fail(
        &lab(THIS_MACHINE),
        &[
            refused("dots", ".."),
            refused("dot", "."),
            refused("slash", "ann/x"),
            refused("slash and dots", "bob/../ann"),
            refused("backslash", "bob\\..\\ann"),
            refused("other normal form", "jo\u{308}rg"),
            refused("too long", &"a".repeat(256)),
            stranger("star", "*"),
            stranger("two stars", "**"),
            stranger("placeholder", "{user}"),
            stranger("regex", "~^.*$"),
            stranger("encoded", "%61nn"),
            stranger("upper case", "ANN"),
            stranger("list", "bob, ann"),
            stranger("kind", "user:ann"),
            attempt(
                named("two of them", "bob").with("X-Remote-User", "ann"),
                401,
                "credentials",
                honest(),
                "/dav/home/ann/x",
            ),
            attempt(
                by("bob", named("wrong password beside it", "ann")).with("Authorization", "Basic x"),
                401,
                "credentials",
                honest(),
                "/dav/home/ann/x",
            ),
        ],
    );
}

// users and groups are called alike and are not the same
#[test]
fn by_groups() {
    let shared = |name: &str| req(name, "GET", "/files/shared/x");
    let hidden = |name: &str| req(name, "GET", "/files/shared/hidden/x");
    let row = |attack, honest, arrives| attempt(attack, 404, "", honest, arrives);
    all_fail(
        &lab(THIS_MACHINE),
        &[
            row(
                by("editors", shared("user called as a group")),
                by("bob", shared("")),
                "/dav/shared/x",
            ),
            row(
                shared("user of the trusted header called as a group").with("X-Remote-User", "admins"),
                shared("")
                    .with("X-Remote-User", "zoe")
                    .with("X-Remote-Groups", "editors"),
                "/dav/shared/x",
            ),
            row(
                hidden("group in a name")
                    .with("X-Remote-User", "zoe")
                    .with("X-Remote-Groups", "group:admins, admins x, Admins"),
                hidden("")
                    .with("X-Remote-User", "zoe")
                    .with("X-Remote-Groups", "admins"),
                "/dav/shared/hidden/x",
            ),
            row(
                by("bob", hidden("group of those who may")),
                by("root", hidden("")),
                "/dav/shared/hidden/x",
            ),
        ],
    );
}

// the back end hears of one user, from the gateway
#[test]
fn what_the_back_end_hears() {
    let lab = lab(SOMEBODY_ELSE);
    let dressed = by("bob", req("named", "GET", "/named/home/bob/x"))
        .with("X-Remote-User", "ann")
        .with("X_Remote_User", "ann")
        .with("X-Remote-Groups", "admins")
        .with("Remote-User", "ann")
        .with("Proxy-Authorization", "Basic YW5uOmFubi1wdw==")
        .with("Cookie", "session=ann");
    let (seen, _) = lab.pass(&dressed);
    assert_eq!(seen.all("x-remote-user"), ["bob"]);
    let foreign = seen
        .headers
        .iter()
        .filter(|(_, value)| value.contains("ann") || value.contains("admins"));
    assert_eq!(foreign.count(), 0, "{:?}", seen.headers);
    assert!(
        seen.header("authorization").is_none() && seen.header("cookie").is_none(),
        "{:?}",
        seen.headers
    );
    // Where everybody may read, nobody is named, whatever the client says.
    let (seen, _) = lab.pass(&req("anonymous", "GET", "/named/public/x").with("X-Remote-User", "ann"));
    assert!(seen.header("x-remote-user").is_none(), "{:?}", seen.headers);
    // A method that pretends to be another is the one it is.
    let (seen, _) =
        lab.pass(&by("bob", req("override", "GET", "/named/home/bob/x")).with("X-HTTP-Method-Override", "DELETE"));
    assert_eq!(
        (seen.method.as_str(), seen.header("x-http-method-override")),
        ("GET", None)
    );
}

// O-1: what belongs to another version of the protocol
#[test]
fn by_the_protocol() {
    let lab = lab("");
    let head = "X-Case: NAME\r\nAuthorization: Basic Ym9iOmJvYi1wdw==\r\n\r\n";
    let rows = [
        (
            400,
            "pseudo-header",
            "GET /files/home/bob/x HTTP/1.1\r\n:path: /files/home/ann/x\r\nHost: dav.test\r\n",
        ),
        (
            400,
            "pseudo-header authority",
            "GET /files/home/bob/x HTTP/1.1\r\n:authority: other.test\r\nHost: dav.test\r\n",
        ),
        (
            404,
            "upgrade to HTTP/2",
            "GET /files/home/ann/x HTTP/1.1\r\nHost: dav.test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
            Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        ),
        (
            404,
            "upgrade to WebSocket",
            "GET /files/home/ann/x HTTP/1.1\r\nHost: dav.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
        ),
        (404, "HTTP/1.0", "GET /files/home/ann/x HTTP/1.0\r\nHost: dav.test\r\n"),
        (
            505,
            "HTTP/2.0 by name",
            "GET /files/home/bob/x HTTP/2.0\r\nHost: dav.test\r\n",
        ),
        (
            400,
            "two Hosts",
            "GET /files/home/bob/x HTTP/1.1\r\nHost: dav.test\r\nHost: other.test\r\n",
        ),
        (
            400,
            "folded header",
            "GET /files/home/bob/x HTTP/1.1\r\nHost: dav.test\r\nX-A: b\r\n Authorization: x\r\n",
        ),
    ];
    let before = lab.backend.byte_count();
    each(rows, |(status, name, start)| {
        lab.refuse_raw(
            status,
            name,
            format!("{start}{}", head.replace("NAME", name)).as_bytes(),
        );
    });
    // The preface of HTTP/2 with a request behind it gets no HTTP/2.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0GET /files/home/bob/x HTTP/1.1\r\nX-Case: preface\r\n\r\n";
    let answer = support::wire::raw(lab.gateway.address, preface);
    assert!(matches!(answer.status, 0 | 400 | 501 | 505), "{}", answer.status);
    lab.settle();
    assert_eq!(lab.backend.byte_count(), before);
    let upgraded = by("bob", req("upgrade, twin", "GET", "/files/home/bob/x"))
        .with("Connection", "Upgrade")
        .with("Upgrade", "h2c");
    let (seen, answer) = lab.pass(&upgraded);
    assert!(
        answer.status == 200 && seen.header("upgrade").is_none() && answer.interim.is_empty(),
        "{:?}",
        seen.headers
    );
}

// O-5: who a request is from is said by itself, not by the one before it on the connection
#[test]
fn by_the_connection() {
    let lab = lab("");
    let rows = [
        (200, by("ann", want("ann first"))),
        (401, want("nobody after her")),
        (404, by("bob", want("bob after her"))),
        (401, with_basic(b"ann:bob-pw", want("wrong password after her"))),
        (200, by("ann", want("ann again"))),
    ];
    let mut client = Client::connect(lab.gateway.address);
    for (status, request) in &rows {
        client.send(&request.bytes());
        assert_eq!(client.answer(false).status, *status, "{}", request.name);
        assert_eq!(
            lab.backend.case(&request.name).len(),
            usize::from(*status == 200),
            "{}",
            request.name
        );
    }
    // All at once, answered in their order.
    let mut client = Client::connect(lab.gateway.address);
    let together: Vec<u8> = rows.iter().flat_map(|(_, request)| request.bytes()).collect();
    client.send(&together);
    for (status, request) in &rows {
        assert_eq!(client.answer(false).status, *status, "{}, together", request.name);
    }
    let seen = [
        "ann first",
        "ann again",
        "nobody after her",
        "bob after her",
        "wrong password after her",
    ];
    assert_eq!(seen.map(|name| lab.backend.case(name).len()), [2, 2, 0, 0, 0]);
}
