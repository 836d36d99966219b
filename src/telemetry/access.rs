//! The access log: one JSON line a request.
//!
//! In: an [`AccessLine`]. Out: what [`LineLog`] writes.
//!
//! What must never be in it has no field: credentials, cookies, lock tokens, `If`, queries (spec RM-18). What a client chose
//! freely is cut and freed of control characters while it is written.
//!
//! [`LineLog`]: super::lines::LineLog

use std::time::SystemTime;

use serde::{Serialize, Serializer};

use super::clock;

/// Characters of the method that are written. The longest name in any WebDAV RFC has 16.
const METHOD_CHARS: usize = 32;
/// Characters of the User-Agent that are written.
const USER_AGENT_CHARS: usize = 120;
/// Characters of a path, host, client address or request id that are written.
const TEXT_CHARS: usize = 2048;
/// Bytes of a request target that could not be read, before escaping.
const TARGET_BYTES: usize = 256;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was let through.
    Permit,
    /// A rule refused it.
    Deny,
    /// A rule of a route in report mode would have refused it; it was let through.
    Report,
    /// It was let through, and then the back end or a connection failed.
    Error,
}

/// Who wrote the answer, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exchange {
    /// The request and the answer went through as they came.
    Stream,
    /// The gateway held the request and talked to the back end by itself.
    Transact,
    /// The gateway answered without the back end.
    Own,
}

/// One request, as it is told. Absent fields are left out of the line.
#[derive(Debug, Clone, Serialize)]
pub struct AccessLine<'a> {
    /// When the request had been read.
    #[serde(serialize_with = "time")]
    pub time: SystemTime,
    /// The gateway's own id of the request.
    #[serde(serialize_with = "text")]
    pub request_id: &'a str,
    /// The peer, address and port.
    #[serde(serialize_with = "text")]
    pub client: &'a str,
    /// As it was sent.
    #[serde(serialize_with = "method")]
    pub method: &'a str,
    /// The public path in its canonical form; for a target that could not be read see [`escaped_target`]. Never the query.
    #[serde(serialize_with = "text")]
    pub path: &'a str,
    /// The authority that was asked.
    #[serde(serialize_with = "some_text", skip_serializing_if = "Option::is_none")]
    pub host: Option<&'a str>,
    /// The route's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'a str>,
    /// The status that was sent; 0 when the connection broke before one was.
    pub status: u16,
    /// What became of it.
    pub verdict: Verdict,
    /// The id of the rule that refused it, or would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'a str>,
    /// The rule in the configuration that decided, such as `files.methods[1] (line 23)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_rule: Option<&'a str>,
    /// The status that the refusal would have had, where it was only told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_status: Option<u16>,
    /// Who wrote the answer.
    pub exchange: Exchange,
    /// Bytes of the request's body that were read.
    pub bytes_in: u64,
    /// Bytes of the answer's body that were sent.
    pub bytes_out: u64,
    /// Milliseconds from the request's header to the end of the answer.
    pub duration_ms: f64,
    /// Milliseconds of that in which the back end was worked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_ms: Option<f64>,
    /// The client's name for itself.
    #[serde(serialize_with = "user_agent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
}

pub(super) fn time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&clock::rfc3339(*time))
}

pub(super) fn method<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&printable(text, METHOD_CHARS))
}

pub(super) fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&printable(text, TEXT_CHARS))
}

pub(super) fn some_text<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&printable(text.unwrap_or_default(), TEXT_CHARS))
}

fn user_agent<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&printable(text.unwrap_or_default(), USER_AGENT_CHARS))
}

/// The first `limit` characters, control characters replaced: JSON would escape them, but the line is also read by people
/// and by programs that undo the escape on a terminal.
fn printable(text: &str, limit: usize) -> String {
    text.chars()
        .take(limit)
        .map(|char| {
            if char.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                char
            }
        })
        .collect()
}

/// A request target that has no canonical form, made fit for the log: without scheme, authority (it may hold a password),
/// query and fragment, at most 256 bytes of it, everything but visible ASCII percent-escaped.
pub fn escaped_target(raw: &[u8]) -> String {
    let end = raw
        .iter()
        .position(|byte| matches!(byte, b'?' | b'#'))
        .unwrap_or(raw.len());
    let target = raw.get(..end).unwrap_or_default();
    let path = if target.starts_with(b"/") {
        target
    } else {
        // Anything up to the last `@`, then what is left of the authority.
        let after_user = target.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
        let rest = target.get(after_user..).unwrap_or_default();
        let authority = memchr::memmem::find(rest, b"://").map_or(0, |at| at + 3);
        let from = rest.get(authority..).unwrap_or_default();
        let is_whole_url = after_user > 0 || authority > 0;
        let slash = from.iter().position(|byte| *byte == b'/').unwrap_or(from.len());
        if is_whole_url {
            from.get(slash..).unwrap_or_default()
        } else {
            from
        }
    };
    let mut out = String::new();
    for byte in path.iter().take(TARGET_BYTES) {
        match byte {
            b'!'..=b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn line<'a>() -> AccessLine<'a> {
        AccessLine {
            time: UNIX_EPOCH + Duration::from_millis(1_709_164_800_042),
            request_id: "0f",
            client: "192.0.2.1:4711",
            method: "PROPFIND",
            path: "/files/a%20b/",
            host: Some("dav.example.org"),
            route: Some("files"),
            status: 207,
            verdict: Verdict::Permit,
            rule: None,
            config_rule: None,
            reported_status: None,
            exchange: Exchange::Stream,
            bytes_in: 0,
            bytes_out: 1234,
            duration_ms: 1.5,
            upstream_ms: Some(1.25),
            user_agent: Some("cadaver/0.24"),
        }
    }

    fn as_text(line: &AccessLine<'_>) -> String {
        serde_json::to_string(line).unwrap()
    }

    #[test]
    fn a_permitted_request() {
        let want = concat!(
            r#"{"time":"2024-02-29T00:00:00.042Z","request_id":"0f","client":"192.0.2.1:4711","method":"PROPFIND","#,
            r#""path":"/files/a%20b/","host":"dav.example.org","route":"files","status":207,"verdict":"permit","#,
            r#""exchange":"stream","bytes_in":0,"bytes_out":1234,"duration_ms":1.5,"upstream_ms":1.25,"#,
            r#""user_agent":"cadaver/0.24"}"#
        );
        assert_eq!(as_text(&line()), want);
    }

    #[test]
    fn a_refused_request_names_its_rules() {
        let refused = AccessLine {
            method: "DELETE",
            status: 405,
            verdict: Verdict::Deny,
            rule: Some("method-not-allowed"),
            config_rule: Some("files.methods[1] (line 23)"),
            exchange: Exchange::Own,
            host: None,
            upstream_ms: None,
            user_agent: None,
            ..line()
        };
        let text = as_text(&refused);
        assert!(
            text.contains(r#""verdict":"deny","rule":"method-not-allowed","config_rule":"files.methods[1] (line 23)""#)
        );
        for absent in ["host", "upstream_ms", "user_agent"] {
            assert!(!text.contains(absent), "{absent}");
        }
    }

    // RM-18
    #[test]
    fn what_clients_choose_is_cut_and_printable() {
        let long = "M".repeat(40);
        let agent = format!("evil\u{1b}[2J\n{}", "u".repeat(200));
        let text = as_text(&AccessLine {
            method: &long,
            user_agent: Some(&agent),
            path: "/a\r\nb\u{85}",
            ..line()
        });
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["method"].as_str().unwrap().chars().count(), 32);
        assert_eq!(value["user_agent"].as_str().unwrap().chars().count(), 120);
        assert_eq!(value["path"], "/a\u{fffd}\u{fffd}b\u{fffd}");
        assert!(
            !text.contains("\\u00") && !text.contains("\\n") && text.lines().count() == 1,
            "{text}"
        );
    }

    // RM-18
    #[test]
    fn a_target_without_canonical_form() {
        let rows: &[(&str, &[u8], &str)] = &[
            ("control and other bytes", b"/a\r\n\xff b", "/a%0D%0A%FF%20b"),
            ("query", b"/a%zz?token=secret", "/a%zz"),
            ("fragment", b"/a%zz#secret", "/a%zz"),
            ("a password", b"http://bob:secret@h.example/a%zz", "/a%zz"),
            ("a password with a slash", b"http://bob:sec/ret@h.example/a", "/a"),
            ("a password without scheme", b"bob:secret@h.example", ""),
            ("a whole URL", b"http://h.example:80/a%zz", "/a%zz"),
            ("an @ in a path is a name", b"/me@home%zz", "/me@home%zz"),
            ("no path at all", b"a/b", "a/b"),
            ("nothing", b"", ""),
        ];
        for (name, raw, want) in rows {
            assert_eq!(escaped_target(raw), *want, "{name}");
        }
        assert_eq!(escaped_target(&[b'/'; 1000]).len(), 256);
    }
}
