//! The audit log: one JSON line for every refusal and for every request that may write, whatever became of it.
//!
//! In: an [`AuditLine`]. Out: what [`LineLog`] writes. Who, what, where, by which rule; what must never be told (RM-18) has no field:
//! credentials, cookies, tokens, `If`, queries, bodies. A name that was claimed and not proved is not told either: people type passwords
//! into that field.
//!
//! [`LineLog`]: super::lines::LineLog

use std::time::SystemTime;

use serde::Serialize;

use super::access::{Verdict, method, some_text, text, time};

/// What `log` says in every line of the audit log, so that lines can be told apart where two logs share a place.
pub const KIND: &str = "audit";

/// One request, as it is told.
#[derive(Debug, Clone, Serialize)]
pub struct AuditLine<'a> {
    /// [`KIND`].
    pub log: &'static str,
    /// When the request had been read.
    #[serde(serialize_with = "time")]
    pub time: SystemTime,
    /// The gateway's own id of the request, the one in the access log.
    #[serde(serialize_with = "text")]
    pub request_id: &'a str,
    /// The peer, address and port.
    #[serde(serialize_with = "text")]
    pub client: &'a str,
    /// Who asked; `null` is nobody, or nobody who was believed.
    #[serde(serialize_with = "name")]
    pub principal: Option<&'a str>,
    /// As it was sent.
    #[serde(serialize_with = "method")]
    pub method: &'a str,
    /// The public path in its canonical form, or what can be told of a target without one. Never the query.
    #[serde(serialize_with = "text")]
    pub path: &'a str,
    /// Where COPY and MOVE go: the public path, in the same form.
    #[serde(serialize_with = "some_text", skip_serializing_if = "Option::is_none")]
    pub destination: Option<&'a str>,
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
}

/// A lock that an administrator released, or tried to. Its token is not told.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseLine<'a> {
    /// [`KIND`].
    pub log: &'static str,
    /// When.
    #[serde(serialize_with = "time")]
    pub time: SystemTime,
    /// The peer, address and port; `cli` where none was asked.
    #[serde(serialize_with = "text")]
    pub client: &'a str,
    /// `admin`: whoever has the token of the admin listener.
    pub by: &'static str,
    /// `release-lock`.
    pub action: &'static str,
    /// Whose lock it was; `null`: nobody knows.
    #[serde(serialize_with = "name")]
    pub user: Option<&'a str>,
    /// The back end.
    #[serde(serialize_with = "text")]
    pub back_end: &'a str,
    /// The root of the lock there.
    #[serde(serialize_with = "text")]
    pub path: &'a str,
    /// The same for clients.
    #[serde(serialize_with = "some_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// Why, in the administrator's words.
    #[serde(serialize_with = "text")]
    pub reason: &'a str,
    /// Whether it is gone here.
    pub released: bool,
    /// What the back end said to it.
    #[serde(serialize_with = "text")]
    pub back_end_answer: &'a str,
}

/// A home that the gateway made for a principal, or could not make.
#[derive(Debug, Clone, Serialize)]
pub struct HomeLine<'a> {
    /// [`KIND`].
    pub log: &'static str,
    /// When.
    #[serde(serialize_with = "time")]
    pub time: SystemTime,
    /// The peer whose request was the first for it, address and port.
    #[serde(serialize_with = "text")]
    pub client: &'a str,
    /// `davgate`.
    pub by: &'static str,
    /// `make-home`.
    pub action: &'static str,
    /// Whose it is.
    #[serde(serialize_with = "name")]
    pub principal: Option<&'a str>,
    /// The public path.
    #[serde(serialize_with = "text")]
    pub path: &'a str,
    /// The route's name.
    pub route: &'a str,
    /// Whether it was made.
    pub made: bool,
    /// The status of the back end's answer, or why there was none.
    #[serde(serialize_with = "text")]
    pub back_end_answer: &'a str,
}

fn name<S: serde::Serializer>(name: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    match name {
        Some(name) => text(name, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn line<'a>() -> AuditLine<'a> {
        AuditLine {
            log: KIND,
            time: UNIX_EPOCH,
            request_id: "0f",
            client: "192.0.2.1:4711",
            principal: Some("ann"),
            method: "MOVE",
            path: "/files/a",
            destination: Some("/files/b"),
            route: Some("files"),
            status: 403,
            verdict: Verdict::Deny,
            rule: Some("A-31"),
            config_rule: None,
            reported_status: None,
        }
    }

    #[test]
    fn a_refusal() {
        let want = concat!(
            r#"{"log":"audit","time":"1970-01-01T00:00:00.000Z","request_id":"0f","client":"192.0.2.1:4711","#,
            r#""principal":"ann","method":"MOVE","path":"/files/a","destination":"/files/b","route":"files","#,
            r#""status":403,"verdict":"deny","rule":"A-31"}"#
        );
        assert_eq!(serde_json::to_string(&line()).unwrap(), want);
    }

    // RM-18
    #[test]
    fn nobody_is_null_and_names_are_printable() {
        let nobody = AuditLine {
            principal: None,
            verdict: Verdict::Report,
            reported_status: Some(405),
            ..line()
        };
        let text = serde_json::to_string(&nobody).unwrap();
        assert!(
            text.contains(r#""principal":null,"#) && text.contains(r#""verdict":"report""#),
            "{text}"
        );
        assert!(text.contains(r#""reported_status":405"#), "{text}");
        let odd = AuditLine {
            principal: Some("a\u{1b}[2J\n"),
            ..line()
        };
        let text = serde_json::to_string(&odd).unwrap();
        assert!(!text.contains("\\u00") && !text.contains("\\n"), "{text}");
    }
}
