//! The same request once more, in the ways in which a gateway may come to judge it otherwise or lose count: with another request right
//! behind it, and in HTTP/1.0. What is refused stays refused, for the same reason; what passes arrives as it did. The request behind is
//! served once where the connection stays open, and never where the answer closes it.

use std::time::Duration;

use super::backend::Seen;
use super::lab::Lab;
use super::wire::{Answer, Client, Req, req};

/// What stands behind a request: it is permitted, and the back end would see it.
fn behind(name: &str) -> Req {
    req(&format!("{name} (behind)"), "GET", "/ro/behind")
}

/// `request`, which `first` refused, is refused again.
pub fn refused(lab: &Lab, request: &Req, first: &Answer) {
    let mut again = vec![renamed(request, "followed")];
    // Without a Host the two versions differ.
    if !request.host.is_empty() {
        again.push(renamed(request, "HTTP/1.0").old());
    }
    for request in again {
        let answer = followed(lab, &request);
        let name = &request.name;
        assert_eq!(
            (answer.status, answer.text()),
            (first.status, first.text()),
            "{name}: another refusal"
        );
        assert!(lab.backend.case(name).is_empty(), "{name}: reached the back end");
        lab.note_refused(name);
    }
}

/// `request`, which arrived as `first`, arrives again as the same.
pub fn passed(lab: &Lab, request: &Req, first: &Seen) {
    for request in [renamed(request, "followed"), renamed(request, "HTTP/1.0").old()] {
        let name = &request.name;
        let answer = followed(lab, &request);
        let seen = lab.backend.case(name);
        assert_eq!(
            seen.len(),
            1,
            "{name}: forwarded once; {} {}",
            answer.status,
            answer.text()
        );
        assert!(answer.status < 400, "{name}: {} {}", answer.status, answer.text());
        assert_eq!(lines(&seen[0]), lines(first), "{name}: arrived otherwise");
        assert_eq!(seen[0].text(), first.text(), "{name}: another body");
    }
}

fn renamed(request: &Req, how: &str) -> Req {
    let mut request = request.clone();
    request.name = format!("{} ({how})", request.name);
    request
}

/// Request line and header lines, but for the name of the case and for how the body is framed.
fn lines(seen: &Seen) -> Vec<String> {
    let framing = ["x-case", "content-length", "transfer-encoding"];
    let lines = seen
        .headers
        .iter()
        .filter(|(name, _)| !framing.contains(&name.to_lowercase().as_str()));
    let mut lines: Vec<String> = lines
        .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
        .collect();
    lines.sort();
    lines.insert(0, format!("{} {}", seen.method, seen.target));
    lines
}

/// The answer to `request`, behind which another one was sent at once.
fn followed(lab: &Lab, request: &Req) -> Answer {
    let behind = behind(&request.name);
    let mut client = Client::connect(lab.gateway.address);
    client.send(&[request.bytes(), behind.bytes()].concat());
    let answer = client.answer(request.method == "HEAD");
    let name = &request.name;
    if request.old {
        assert!(answer.interim.is_empty(), "{name}: 1xx for HTTP/1.0");
        assert_eq!(answer.header("transfer-encoding"), None, "{name}: chunks for HTTP/1.0");
    }
    let open = if request.old {
        answer.lists("Connection", "keep-alive")
    } else {
        !answer.lists("Connection", "close")
    };
    if open {
        let next = client.answer(false);
        assert_eq!(next.status, 200, "{name}: what came behind it: {}", next.text());
        assert_eq!(lab.backend.case(&behind.name).len(), 1, "{name}: what came behind it");
    } else {
        assert!(
            client.closed_within(Duration::from_secs(5)),
            "{name}: said to be closed"
        );
        assert!(
            lab.backend.case(&behind.name).is_empty(),
            "{name}: what came behind it was served"
        );
        lab.note_refused(&behind.name);
    }
    answer
}
