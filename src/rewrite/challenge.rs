//! `WWW-Authenticate` of an answer (A-37, RFC 9110 section 11.6.1). In: the back end's fields, and whose credentials it saw. Out: the
//! challenges that a client can meet. Only Basic and Bearer are passed on to a back end: Digest covers the public URL and schemes such
//! as Negotiate the connection, so nobody could answer their challenges through the gateway.

use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};

use super::{answer::BadAnswer, urls::AnswerContext};
use crate::identity::BackEndCredentials;

/// Leaves the challenges that lead somewhere; where none is left of a 401, those of the gateway stand in for them.
///
/// # Errors
/// A 401 that no client could do anything about: the back end refuses the account of the gateway, or whoever asks is known and the back
/// end wants to be told in a way that does not pass.
pub(super) fn challenges(context: &AnswerContext, status: u16, headers: &mut HeaderMap) -> Result<(), BadAnswer> {
    let credentials = &context.route.backend.credentials;
    let passes = matches!(credentials, BackEndCredentials::Pass);
    let values: Vec<HeaderValue> = headers.get_all(WWW_AUTHENTICATE).iter().cloned().collect();
    headers.remove(WWW_AUTHENTICATE);
    if passes {
        let texts = values
            .iter()
            .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
        let left = texts.map(passable).filter(|text| !text.is_empty());
        for value in left.filter_map(|text| HeaderValue::from_bytes(text.as_bytes()).ok()) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    // A 401 without any challenge is some application's own way to say no.
    let told = passes && (values.is_empty() || headers.contains_key(WWW_AUTHENTICATE));
    if status != 401 || told {
        return Ok(());
    }
    if matches!(credentials, BackEndCredentials::Service(_)) || context.challenges.is_empty() {
        return Err(BadAnswer::Challenge);
    }
    for challenge in &context.challenges {
        headers.append(WWW_AUTHENTICATE, challenge.clone());
    }
    Ok(())
}

/// The challenges of `value` that a client can meet.
fn passable(value: &str) -> String {
    let mut passes = false;
    let kept = elements(value).into_iter().filter(|element| {
        if let Some(scheme) = scheme(element) {
            passes = scheme.eq_ignore_ascii_case("basic") || scheme.eq_ignore_ascii_case("bearer");
        }
        passes
    });
    kept.collect::<Vec<_>>().join(", ")
}

/// The members of a list with commas, but for those in quoted strings.
fn elements(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value.split(|c| {
        let literal = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted => escaped = !literal,
            '"' if !literal => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The scheme that begins in this member of the list; `None`: it is one more parameter.
fn scheme(element: &str) -> Option<&str> {
    let end = element.find([' ', '\t', '=', '"']).unwrap_or(element.len());
    let (name, rest) = element.split_at_checked(end)?;
    let parameter = rest.trim_start().starts_with(['=', '"']);
    (!name.is_empty() && !parameter).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::urls::tests::context;
    use super::*;
    use crate::{
        identity::{Secret, settings::ServiceAccount},
        policy::Method,
    };

    //
    #[test]
    fn what_can_be_met() {
        for (value, expected) in [
            ("Basic realm=\"a, b\"", "Basic realm=\"a, b\""),
            ("Digest realm=\"/dav/\", domain=\"/dav/\", nonce=\"n\"", ""),
            (
                "Digest realm=\"a\", nonce=\"n\", Basic realm=\"a\"",
                "Basic realm=\"a\"",
            ),
            (
                "basic realm = \"a\", charset=\"UTF-8\", Digest nonce=n, bearer",
                "basic realm = \"a\", charset=\"UTF-8\", bearer",
            ),
            (
                "Negotiate, NTLM, BEARER realm=x, error=\"invalid_token\"",
                "BEARER realm=x, error=\"invalid_token\"",
            ),
            ("Negotiate YWJj==, Basic realm=x", "Basic realm=x"),
            (
                "Digest realm=\"a\\\", Basic realm=b\", nonce=\"n\\\\\", Basic realm=c",
                "Basic realm=c",
            ),
            ("Digest realm=\"a, Basic realm=b", ""),
            ("Basicx realm=a", ""),
            (",, Basic", "Basic"),
            ("", ""),
        ] {
            assert_eq!(passable(value), expected, "{value}");
        }
    }

    //
    #[test]
    fn who_is_asked() {
        let service = || {
            BackEndCredentials::Service(ServiceAccount {
                user: "gateway".to_owned(),
                password: Secret::new("p"),
            })
        };
        let header = || BackEndCredentials::Header(http::HeaderName::from_static("x-remote-user"));
        let pass = || BackEndCredentials::Pass;
        let none: &[&str] = &[];
        let rows = [
            (
                "met",
                pass(),
                401,
                &["Basic realm=b"][..],
                true,
                Ok(&["Basic realm=b"][..]),
            ),
            (
                "one of two",
                pass(),
                401,
                &["Digest nonce=n", "Bearer"],
                true,
                Ok(&["Bearer"]),
            ),
            ("none left", pass(), 401, &["Digest nonce=n"], true, Ok(&["Own"])),
            (
                "none left, known",
                pass(),
                401,
                &["Digest nonce=n"],
                false,
                Err(BadAnswer::Challenge),
            ),
            ("none at all", pass(), 401, &[], false, Ok(none)),
            ("no 401", pass(), 200, &["Digest nonce=n"], false, Ok(none)),
            (
                "service",
                service(),
                401,
                &["Basic realm=b"],
                true,
                Err(BadAnswer::Challenge),
            ),
            ("service, no 401", service(), 403, &["Basic realm=b"], true, Ok(none)),
            ("header", header(), 401, &["Basic realm=b"], true, Ok(&["Own"])),
            ("header, known", header(), 401, &[], false, Err(BadAnswer::Challenge)),
        ];
        for (name, credentials, status, fields, anonymous, expected) in rows {
            let mut context = AnswerContext::clone(&context(Method::Get));
            let mut route = crate::policy::Route::clone(&context.route);
            route.backend.credentials = credentials;
            context.route = std::sync::Arc::new(route);
            context.challenges = anonymous.then(|| HeaderValue::from_static("Own")).into_iter().collect();
            let fields = fields
                .iter()
                .map(|text| (WWW_AUTHENTICATE, HeaderValue::from_str(text).unwrap()));
            let mut headers: HeaderMap = fields.collect();
            let got = challenges(&context, status, &mut headers);
            let left: Vec<&str> = headers
                .get_all(WWW_AUTHENTICATE)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            assert_eq!(got.map(|()| &left[..]), expected, "{name}");
        }
    }
}
