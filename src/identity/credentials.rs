//! What the Authorization header says (RFC 7617, RFC 6750; B-49). In: the header fields. Out: a name and password, a
//! token, or what another scheme is called; or that they are no credentials at all, which is answered 401. Passes:
//! UTF-8, else ISO-8859-1.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::Secret;

/// Longest password in bytes: some hashes cost more than linear time in it.
const MAX_PASSWORD: usize = 1024;

/// Credentials as they are presented; nothing is proved by them yet.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A name and a password.
    Basic(NameAndPassword),
    /// A token.
    Bearer(Secret),
    /// A scheme that no source reads.
    Other,
}

/// What Basic carries.
#[derive(Clone, Debug)]
pub struct NameAndPassword {
    /// The user's name as the client wrote it.
    pub name: String,
    /// The password, byte for byte as decoded.
    pub password: Secret,
}

/// Why the Authorization header holds no credentials (B-49). The texts are for the log; they show nothing of the
/// header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is more than one.
    #[error("more than one Authorization header")]
    Several,
    /// It is no scheme with one value behind it.
    #[error("Authorization is no scheme and credentials")]
    Syntax,
    /// Basic without base64.
    #[error("Basic credentials are not base64")]
    Base64,
    /// Basic without a colon.
    #[error("Basic credentials hold no colon")]
    NoColon,
    /// A control character in a name or password.
    #[error("Basic credentials hold a control character")]
    Control,
    /// A password that is too long.
    #[error("the password is longer than 1024 bytes")]
    TooLong,
}

/// The credentials in `headers`; `None` where there is no Authorization header.
///
/// # Errors
/// Why what is there are no credentials (B-49).
pub fn read(headers: &HeaderMap) -> Result<Option<Presented>, Malformed> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Malformed::Several);
    }
    let text = value.to_str().map_err(|_| Malformed::Syntax)?.trim_matches([' ', '\t']);
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_matches(' ');
    if scheme.is_empty() || scheme.contains([',', '\t']) {
        return Err(Malformed::Syntax);
    }
    // RM-14: schemes are compared without regard to letter case.
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(rest).map(|found| Some(Presented::Basic(found)));
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        // token68: a comma or blank would be a second scheme, which two readers may cut differently.
        let is_token = !rest.is_empty()
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
        return is_token
            .then(|| Some(Presented::Bearer(Secret::new(rest))))
            .ok_or(Malformed::Syntax);
    }
    Ok(Some(Presented::Other))
}

fn basic(text: &str) -> Result<NameAndPassword, Malformed> {
    let bytes = zeroize::Zeroizing::new(STANDARD.decode(text).map_err(|_| Malformed::Base64)?);
    // Some clients write ISO-8859-1 whatever the challenge says (RM-19). No text is both by accident: bytes that are
    // UTF-8 are read as such, and a wrong reading only fails.
    let decoded = Secret::new(match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    });
    if decoded.expose().contains(char::is_control) {
        return Err(Malformed::Control);
    }
    let (name, password) = decoded.expose().split_once(':').ok_or(Malformed::NoColon)?;
    if password.len() > MAX_PASSWORD {
        return Err(Malformed::TooLong);
    }
    Ok(NameAndPassword {
        name: name.to_owned(),
        password: Secret::new(password),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(values: &[&str]) -> HeaderMap {
        let value = |text: &&str| (header::AUTHORIZATION, HeaderValue::from_bytes(text.as_bytes()).unwrap());
        values.iter().map(value).collect()
    }

    fn basic_of(bytes: &[u8]) -> String {
        format!("Basic {}", STANDARD.encode(bytes))
    }

    // B-49, RM-14
    #[test]
    fn what_is_basic() {
        let long = format!("ann:{}", "x".repeat(1024));
        let longer = format!("ann:{}", "x".repeat(1025));
        type Row<'a> = (String, Result<(&'a str, &'a str), Malformed>);
        let rows: [Row; 15] = [
            (basic_of(b"ann:secret"), Ok(("ann", "secret"))),
            (basic_of(b"ann:a:b"), Ok(("ann", "a:b"))),
            (basic_of(b":"), Ok(("", ""))),
            (basic_of("j\u{fc}rg:\u{e4}".as_bytes()), Ok(("j\u{fc}rg", "\u{e4}"))),
            // ISO-8859-1, where it is not UTF-8
            (basic_of(b"j\xfcrg:\xe4"), Ok(("j\u{fc}rg", "\u{e4}"))),
            (basic_of(b"ann:x").replace("Basic", "bAsIc"), Ok(("ann", "x"))),
            (basic_of(b"ann:x").replace("Basic", "Basic  "), Ok(("ann", "x"))),
            (basic_of(long.as_bytes()), Ok(("ann", &long[4..]))),
            (basic_of(longer.as_bytes()), Err(Malformed::TooLong)),
            (basic_of(b"ann"), Err(Malformed::NoColon)),
            (basic_of(b"ann:\0"), Err(Malformed::Control)),
            (basic_of(b"ann\r\n:x"), Err(Malformed::Control)),
            ("Basic ???".to_owned(), Err(Malformed::Base64)),
            ("Basic".to_owned(), Err(Malformed::NoColon)),
            (format!("{}, Bearer x", basic_of(b"ann:x")), Err(Malformed::Base64)),
        ];
        for (value, expected) in rows {
            let found = read(&headers(&[&value]));
            match (&found, expected) {
                (Ok(Some(Presented::Basic(found))), Ok(expected)) => {
                    assert_eq!((found.name.as_str(), found.password.expose()), expected, "{value}");
                }
                (Err(error), Err(expected)) => assert_eq!(*error, expected, "{value}"),
                (found, expected) => panic!("{value}: {found:?}, not {expected:?}"),
            }
        }
    }

    // B-49
    #[test]
    fn other_schemes_and_none() {
        assert!(matches!(read(&headers(&[])), Ok(None)));
        assert!(
            matches!(read(&headers(&["Bearer a.b-c_d.e~+/="])), Ok(Some(Presented::Bearer(token)))
            if token.expose() == "a.b-c_d.e~+/=")
        );
        assert!(matches!(
            read(&headers(&["Digest username=\"x\", realm=\"y\""])),
            Ok(Some(Presented::Other))
        ));
        assert!(matches!(
            read(&headers(&["Negotiate abc="])),
            Ok(Some(Presented::Other))
        ));
        let rows: [(&[&str], Malformed); 6] = [
            (&["Basic YTpi", "Basic YTpi"], Malformed::Several),
            (&["Basic YTpi", "Bearer x"], Malformed::Several),
            (&["Bearer a, Basic YTpi"], Malformed::Syntax),
            (&["Bearer"], Malformed::Syntax),
            (&[""], Malformed::Syntax),
            (&["Basic,Bearer YTpi"], Malformed::Syntax),
        ];
        for (values, expected) in rows {
            assert_eq!(read(&headers(values)).err(), Some(expected), "{values:?}");
        }
    }

    #[test]
    fn nothing_is_shown() {
        let shown = format!("{:?}", read(&headers(&[&basic_of(b"ann:hunter2"),])));
        assert!(!shown.contains("hunter2") && shown.contains("ann"), "{shown}");
        let shown = format!("{:?}", read(&headers(&["Bearer hunter2"])));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
