//! What a 401 asks for (ERR-4, RFC 9110 section 11.6.1). In: the realm and the sources. Out: the values of
//! WWW-Authenticate, one per scheme; none where nothing that a client could send in a header would help: a 401 must
//! carry a challenge (RFC 9110 section 15.5.2), so the answer is 403 there. Never a redirect.

use http::HeaderValue;

use super::settings::{IdentitySettings, SourceSettings};

/// The challenges of a 401.
#[derive(Clone, Debug)]
pub struct Challenges {
    plain: Vec<HeaderValue>,
    bad_token: Vec<HeaderValue>,
}

impl Challenges {
    /// One challenge per scheme of the sources, in their order.
    pub fn new(settings: &IdentitySettings) -> Self {
        let realm = quoted(&settings.realm);
        let mut schemes = Vec::new();
        for source in &settings.sources {
            let scheme = match source {
                SourceSettings::Basic(_) | SourceSettings::BackEnd(_) => Scheme::Basic,
                SourceSettings::Bearer(_) => Scheme::Bearer,
                SourceSettings::ClientCertificate(_) | SourceSettings::TrustedHeader(_) => continue,
            };
            if !schemes.contains(&scheme) {
                schemes.push(scheme);
            }
        }
        let all = |bad_token: bool| {
            let values = schemes.iter().map(|scheme| scheme.challenge(&realm, bad_token));
            values.filter_map(|text| HeaderValue::from_str(&text).ok()).collect()
        };
        Self {
            plain: all(false),
            bad_token: all(true),
        }
    }

    /// The values for a request without credentials, or with wrong ones.
    pub fn values(&self) -> &[HeaderValue] {
        &self.plain
    }

    /// The values for a request whose token was refused (RFC 6750 section 3).
    pub fn after_bad_token(&self) -> &[HeaderValue] {
        &self.bad_token
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Basic,
    Bearer,
}

impl Scheme {
    fn challenge(self, realm: &str, bad_token: bool) -> String {
        match self {
            Self::Basic => format!("Basic realm={realm}, charset=\"UTF-8\""),
            Self::Bearer if bad_token => format!("Bearer realm={realm}, error=\"invalid_token\""),
            Self::Bearer => format!("Bearer realm={realm}"),
        }
    }
}

/// `text` as a quoted-string (RFC 9110 section 5.6.4). What no quoted-string may hold becomes `?`.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::settings::{BackEndSettings, BasicSettings, BearerSettings, CertificateUser, KeySource};
    use std::{collections::BTreeMap, time::Duration};

    fn challenges(realm: &str, sources: Vec<SourceSettings>) -> Challenges {
        Challenges::new(&IdentitySettings {
            realm: realm.to_owned(),
            sources,
            groups: BTreeMap::new(),
        })
    }

    fn texts(values: &[HeaderValue]) -> Vec<&str> {
        values.iter().map(|value| value.to_str().unwrap()).collect()
    }

    fn sources() -> [SourceSettings; 4] {
        [
            SourceSettings::Bearer(BearerSettings {
                issuer: "i".to_owned(),
                audience: vec!["a".to_owned()],
                keys: KeySource::File("k".into()),
                user_claim: "sub".to_owned(),
                groups_claim: None,
                clock_skew: Duration::ZERO,
            }),
            SourceSettings::Basic(BasicSettings { htpasswd: "h".into() }),
            SourceSettings::BackEnd(BackEndSettings {
                verify: "/private/".to_owned(),
                cache: Duration::from_secs(60),
                fold: false,
            }),
            SourceSettings::ClientCertificate(CertificateUser::SubjectCn),
        ]
    }

    // ERR-4: one per enabled scheme
    #[test]
    fn one_per_scheme() {
        let [bearer, basic, back_end, certificate] = sources();
        const BASIC: &str = "Basic realm=\"Files\", charset=\"UTF-8\"";
        let both = challenges(
            "Files",
            vec![bearer, basic.clone(), back_end.clone(), certificate.clone()],
        );
        assert_eq!(texts(both.values()), ["Bearer realm=\"Files\"", BASIC]);
        assert_eq!(
            texts(both.after_bad_token()),
            ["Bearer realm=\"Files\", error=\"invalid_token\"", BASIC]
        );
        assert_eq!(texts(challenges("Files", vec![back_end, basic]).values()), [BASIC]);
        // RFC 9110 section 15.5.2: no header field proves a certificate, so there is nothing to ask for.
        assert!(challenges("Files", vec![certificate]).values().is_empty());
    }

    // ERR-4: the realm cannot end its string
    #[test]
    fn realms_are_quoted() {
        let rows = [
            ("My files", "\"My files\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\r\nX: y", "\"a??X: y\""),
            ("\u{e9}", "\"?\""),
            ("", "\"\""),
        ];
        for (realm, expected) in rows {
            assert_eq!(quoted(realm), expected);
            let [_, basic, ..] = sources();
            let made = challenges(realm, vec![basic]);
            assert_eq!(
                texts(made.values()),
                [format!("Basic realm={expected}, charset=\"UTF-8\"")]
            );
        }
    }
}
