//! What the back end is told of the requester. In: who is asking, the client's header fields and
//! `backend.credentials`. Out: which fields go and which are set. The gateway alone names users: what the client sent
//! in such a field never goes on.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::{
    principal::Principal,
    settings::{BackEndCredentials, ServiceAccount},
};

/// Changes to the fields of a request for the back end: first `remove`, then `set`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Fields that do not go on.
    pub remove: Vec<HeaderName>,
    /// A field that the gateway sets. Its value does not show in logs.
    pub set: Option<(HeaderName, HeaderValue)>,
}

impl Changes {
    /// Makes them.
    pub fn apply(self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        if let Some((name, value)) = self.set {
            headers.insert(name, value);
        }
    }
}

/// What `credentials` make of a request of `principal` with the fields `client`.
pub fn changes(credentials: &BackEndCredentials, principal: &Principal, client: &HeaderMap) -> Changes {
    match credentials {
        BackEndCredentials::Pass if passes(client) => Changes::default(),
        BackEndCredentials::Pass => Changes {
            remove: vec![header::AUTHORIZATION],
            set: None,
        },
        // A cookie could make somebody else of the gateway's account: with Authorization, the client's session goes
        // too.
        BackEndCredentials::Service(account) => Changes {
            remove: vec![header::AUTHORIZATION, header::COOKIE],
            set: basic(account).map(|value| (header::AUTHORIZATION, value)),
        },
        BackEndCredentials::Header(name) => Changes {
            remove: vec![header::AUTHORIZATION, header::COOKIE, name.clone()],
            set: principal.name().and_then(|user| {
                let mut value = HeaderValue::from_bytes(user.as_bytes()).ok()?;
                value.set_sensitive(true);
                Some((name.clone(), value))
            }),
        },
    }
}

/// Whether cookies that the back end sets must not reach the client: they would be those of the gateway's account
///
pub fn keeps_cookies(credentials: &BackEndCredentials) -> bool {
    match credentials {
        BackEndCredentials::Pass => false,
        BackEndCredentials::Service(_) | BackEndCredentials::Header(_) => true,
    }
}

/// Whether the client's own credentials can be used at the back end: Basic and Bearer can. Digest covers the public
/// URL, and schemes such as NTLM the connection.
fn passes(client: &HeaderMap) -> bool {
    let mut values = client.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(value), None) => {
            let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
            scheme.eq_ignore_ascii_case(b"basic") || scheme.eq_ignore_ascii_case(b"bearer")
        }
        (Some(_), Some(_)) => false,
    }
}

fn basic(account: &ServiceAccount) -> Option<HeaderValue> {
    let plain = Zeroizing::new(format!("{}:{}", account.user, account.password.expose()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(plain.as_bytes())));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Secret;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        };
        fields.iter().map(field).collect()
    }

    fn sent(credentials: &BackEndCredentials, user: Option<&str>, fields: &[(&'static str, &str)]) -> Vec<String> {
        let principal = user.map_or_else(Principal::anonymous, |user| Principal::user(user, [""; 0]).unwrap());
        let mut headers = headers(fields);
        changes(credentials, &principal, &headers).apply(&mut headers);
        let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
        let mut out: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", text(value)))
            .collect();
        out.sort();
        out
    }

    fn service() -> BackEndCredentials {
        BackEndCredentials::Service(ServiceAccount {
            user: "gateway".to_owned(),
            password: Secret::new("hunter2"),
        })
    }

    //
    #[test]
    fn what_goes_on() {
        let pass = BackEndCredentials::Pass;
        let header = BackEndCredentials::Header(HeaderName::from_static("x-remote-user"));
        let service = service();
        let account = "authorization: Basic Z2F0ZXdheTpodW50ZXIy";
        type Fields<'a> = &'a [(&'static str, &'a str)];
        let rows: [(&BackEndCredentials, Option<&str>, Fields, &[&str]); 14] = [
            (
                &pass,
                None,
                &[("accept", "x"), ("cookie", "a=b")],
                &["accept: x", "cookie: a=b"],
            ),
            (
                &pass,
                Some("ann"),
                &[("authorization", "Basic YTpi")],
                &["authorization: Basic YTpi"],
            ),
            (
                &pass,
                Some("ann"),
                &[("authorization", "bearer abc")],
                &["authorization: bearer abc"],
            ),
            (&pass, None, &[("authorization", "Digest username=\"ann\"")], &[]),
            (&pass, None, &[("authorization", "Negotiate abc")], &[]),
            (&pass, None, &[("authorization", "Basicx abc")], &[]),
            (
                &pass,
                None,
                &[("authorization", "Basic YTpi"), ("authorization", "Basic Yzpk")],
                &[],
            ),
            (
                &service,
                Some("ann"),
                &[("authorization", "Basic YTpi"), ("cookie", "a=b")],
                &[account],
            ),
            (&service, None, &[("accept", "x")], &["accept: x", account]),
            (
                &header,
                Some("ann"),
                &[("authorization", "Basic YTpi"), ("cookie", "a=b")],
                &["x-remote-user: ann"],
            ),
            (
                &header,
                Some("ann"),
                &[("x-remote-user", "root"), ("x-remote-user", "admin")],
                &["x-remote-user: ann"],
            ),
            (&header, Some("j\u{fc}rg"), &[], &["x-remote-user: j\u{fc}rg"]),
            (
                &header,
                None,
                &[("x-remote-user", "root"), ("accept", "x")],
                &["accept: x"],
            ),
            (&header, None, &[], &[]),
        ];
        for (credentials, user, fields, expected) in rows {
            assert_eq!(
                sent(credentials, user, fields),
                expected,
                "{credentials:?} {user:?} {fields:?}"
            );
        }
    }

    //
    #[test]
    fn nothing_of_the_account_is_shown() {
        let changes = changes(&service(), &Principal::anonymous(), &HeaderMap::new());
        for shown in [format!("{changes:?}"), format!("{:?}", service())] {
            assert!(!shown.contains("hunter2") && !shown.contains("Z2F0"), "{shown}");
        }
        assert!(keeps_cookies(&service()) && !keeps_cookies(&BackEndCredentials::Pass));
    }
}
