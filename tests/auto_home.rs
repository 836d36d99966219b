//! Homes that davgate makes on the first request for them, over the wire (RM-20).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{Seen, Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, PROPFIND, propfind_answer};
use support::wire::{Req, req};

/// `@BACK@/in/` at `/h/`, with homes in its folder `home`.
fn lab(more: &str) -> Lab {
    Lab::with_users(&format!(
        r#"
  - name: homes
    hosts: [dav.test]
    path: /h/
    backend: {{ url: "http://@BACK@/in/", profile: nginx, credentials: {{ header: X-Remote-User }} }}
    auto_home: "/home/{{user}}/"
    reserved: [private]
    access:
      - {{ path: /home/barred/**, deny: [all], to: "user:barred" }}
      - {{ path: "/home/{{user}}/**", allow: [all], to: authenticated }}
      - {{ path: /**, allow: [read], to: everyone }}
      - {{ path: /**, allow: [all], to: "user:bob" }}
{more}
"#
    ))
}

fn missing() -> Vec<Step> {
    answer("404 Not Found", &[], "")
}

fn there(name: &str) -> Vec<Step> {
    multistatus(propfind_answer(&format!("/in/home/{name}/"), true))
}

/// Nothing is at the home of `name` until it is made.
fn script(lab: &Lab, name: &str, made: Vec<Step>) {
    lab.backend
        .on_each(&format!("PROPFIND /in/home/{name}/"), [missing(), there(name)]);
    lab.backend.on(&format!("MKCOL /in/home/{name}/"), made);
}

fn created() -> Vec<Step> {
    answer("201 Created", &[], "")
}

/// What the back end saw of the making of that home.
fn makings(lab: &Lab, name: &str) -> Vec<Seen> {
    let all = lab.backend.at(&format!("/in/home/{name}/"));
    all.into_iter().filter(|seen| seen.method == "MKCOL").collect()
}

fn list(case: &str, user: &str, path: &str) -> Req {
    req(case, "PROPFIND", path).by(user).with("Depth", "0").xml(PROPFIND)
}

// RM-20: once, before the request goes on, as `backend.credentials` has it, and told.
#[test]
fn made_on_the_first_request() {
    let lab = lab("");
    script(&lab, "ann", created());
    let (_, got) = lab.pass(&list("first", "ann", "/h/home/ann/"));
    assert_eq!(got.status, 207, "{}", got.text());
    let [made] = &makings(&lab, "ann")[..] else {
        panic!("made once")
    };
    assert_eq!(made.header("x-remote-user"), Some("ann"));
    assert_eq!((made.header("content-length"), made.header("x-user")), (None, None));
    let line = lab.gateway.audit_of("make-home");
    assert_eq!(
        (
            &line["principal"],
            &line["path"],
            &line["made"],
            &line["back_end_answer"],
            &line["route"],
            &line["by"]
        ),
        (
            &"ann".into(),
            &"/h/home/ann/".into(),
            &true.into(),
            &"201".into(),
            &"homes".into(),
            &"davgate".into()
        ),
        "{line}"
    );
    for case in ["second", "third"] {
        lab.pass(&list(case, "ann", "/h/home/ann/"));
    }
    assert_eq!(makings(&lab, "ann").len(), 1);
    // Also by a request for something inside, whatever its method.
    script(&lab, "carl", created());
    lab.pass(&req("inside", "PUT", "/h/home/carl/x").by("carl").body("x"));
    assert_eq!(makings(&lab, "carl").len(), 1);
}

// RM-20: what is there is not made again.
#[test]
fn what_is_there_stays() {
    let lab = lab("");
    lab.backend.on("PROPFIND /in/home/ann/", there("ann"));
    lab.pass(&list("there", "ann", "/h/home/ann/"));
    assert!(makings(&lab, "ann").is_empty());
    // Somebody else was faster.
    script(&lab, "carl", answer("405 Method Not Allowed", &[], ""));
    lab.pass(&list("raced", "carl", "/h/home/carl/"));
    lab.pass(&list("raced again", "carl", "/h/home/carl/"));
    assert_eq!(makings(&lab, "carl").len(), 1);
    assert!(lab.gateway.audit_lines().iter().all(|line| !line.contains("make-home")));
}

// RM-20: a failure is told, not tried again at once, and the request goes on.
#[test]
fn failures_are_no_failures_of_the_request() {
    let lab = lab("");
    for (name, answer, told) in [
        ("ann", answer("403 Forbidden", &[], ""), "403"),
        ("carl", vec![Step::Close], "backend-broken"),
    ] {
        script(&lab, name, answer);
        lab.pass(&list(&format!("failed {name}"), name, &format!("/h/home/{name}/")));
        lab.pass(&list(
            &format!("failed again {name}"),
            name,
            &format!("/h/home/{name}/"),
        ));
        assert_eq!(makings(&lab, name).len(), 1, "{name}");
        let line = lab
            .gateway
            .audit_of(&format!("\"/h/home/{name}/\",\"route\":\"homes\",\"made\":false"));
        assert_eq!(line["back_end_answer"], told, "{line}");
    }
    // Not even whether it is there can be told: then nothing is made.
    lab.backend.on_each(
        "PROPFIND /in/home/dora/",
        [answer("500 Internal Server Error", &[], ""), there("dora")],
    );
    lab.pass(&list("unknown", "dora", "/h/home/dora/"));
    assert!(makings(&lab, "dora").is_empty());
}

// RM-20, RM-6: nobody else's, no anonymous one's, none of a request that is refused, and not where the client says that there is none.
#[test]
fn not_made() {
    let lab = lab("");
    for name in ["ann", "barred", "private", "eve"] {
        script(&lab, name, created());
    }
    lab.ask(&req("anonymous", "GET", "/h/home/ann/x"));
    lab.ask(&req("somebody else", "GET", "/h/home/ann/x").by("bob"));
    lab.ask(&req("above", "GET", "/h/home/").by("ann"));
    lab.ask(&req("beside", "GET", "/h/home/annx").by("ann"));
    lab.refuse(404, &req("denied", "GET", "/h/home/barred/x").by("barred"));
    lab.refuse(404, &req("reserved", "GET", "/h/home/private/x").by("private"));
    lab.refuse(400, &list("malformed", "eve", "/h/home/eve/").xml("<no"));
    each(
        [
            req("own MKCOL", "MKCOL", "/h/home/ann/").by("ann"),
            req("own DELETE", "DELETE", "/h/home/ann/").by("ann"),
        ],
        |request| {
            lab.ask(&request);
            let own = makings(&lab, "ann")
                .iter()
                .filter(|seen| seen.header("x-case").is_none())
                .count();
            assert_eq!(own, 0, "{}", request.name);
        },
    );
    for name in ["barred", "private", "eve"] {
        assert!(makings(&lab, name).is_empty(), "{name}");
    }
    // The twin.
    lab.ask(&req("own GET", "GET", "/h/home/ann/x").by("ann"));
    let own = makings(&lab, "ann")
        .iter()
        .filter(|seen| seen.header("x-case").is_none())
        .count();
    assert_eq!(own, 1);
}

// RM-20: names are one segment, encoded as paths are; the pattern's folder is no name.
#[test]
fn odd_names() {
    let lab = lab("");
    for (name, wire) in [
        ("a b", "a%20b"),
        ("ann@example.org", "ann@example.org"),
        ("{user}", "%7Buser%7D"),
    ] {
        script(&lab, wire, created());
        lab.ask(&req(&format!("odd {name}"), "GET", format!("/h/home/{wire}/x")).by(name));
        assert_eq!(makings(&lab, wire).len(), 1, "{name}");
    }
}

// RM-20: many at once make one home, and none of them goes on before it is there.
#[test]
fn many_at_once() {
    let lab = lab("");
    let slowly = [vec![Step::Pause(Duration::from_millis(300))], created()].concat();
    script(&lab, "ann", slowly);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let lab = &lab;
            scope.spawn(move || lab.pass(&list(&format!("at once {number}"), "ann", "/h/home/ann/")));
        }
    });
    let seen = lab.backend.requests();
    let made = seen.iter().position(|seen| seen.method == "MKCOL").unwrap();
    let asked = seen.iter().position(|seen| seen.header("x-case").is_some()).unwrap();
    assert!(made < asked, "{made} {asked}");
    assert_eq!(makings(&lab, "ann").len(), 1);
}

// RM-20, L-31: not below a lock of the gateway's, whoever has it; without the lock it is made.
#[test]
fn not_below_a_lock() {
    for (depth, locked, made) in [("infinity", "/h/home/", 0), ("0", "/h/home/", 0), ("0", "/h/", 1)] {
        let lab = lab("    locking: emulate\n");
        lab.backend
            .on("PROPFIND /in/home/", multistatus(propfind_answer("/in/home/", true)));
        lab.backend
            .on("PROPFIND /in/", multistatus(propfind_answer("/in/", true)));
        script(&lab, "ann", created());
        let lock = req("the lock", "LOCK", locked)
            .by("bob")
            .with("Depth", depth)
            .xml(LOCKINFO);
        assert_eq!(lab.ask(&lock).status, 200, "{depth} {locked}");
        lab.pass(&list("below a lock", "ann", "/h/home/ann/"));
        assert_eq!(makings(&lab, "ann").len(), made, "{depth} {locked}");
        if made == 0 {
            assert_eq!(lab.gateway.audit_of("make-home")["back_end_answer"], "locked");
        }
    }
}
