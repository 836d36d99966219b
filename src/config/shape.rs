//! From values to the raw configuration, with all errors of shape at once. In: the document. Out: what of it has the
//! right shape, and a problem for each key that has not. serde stops at its first error; so each offending node is taken out
//! and the rest is read again.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::document::Document;
use super::error::{KeyPath, Problem, Step};

/// After so many errors the rest is left for the next run.
const MAX_ERRORS: usize = 100;

/// Keys of the configuration contract that later versions bring; the reader of an example may try them here.
const LATER: [&str; 7] = [
    "spool",
    "hide",
    "partial_put",
    "max_connections",
    "proxy_protocol",
    "source_get",
    "acquisition_guard",
];

/// Reads `document`; problems of shape are added to `problems`.
pub fn read<T: DeserializeOwned + Default>(document: &mut Document<'_>, problems: &mut Vec<Problem>) -> T {
    // A good file is read once, and without keeping track of where.
    if let Ok(raw) = T::deserialize(document.root()) {
        return raw;
    }
    for _ in 0..MAX_ERRORS {
        let error = match serde_path_to_error::deserialize::<_, T>(document.root()) {
            Ok(raw) => return raw,
            Err(error) => error,
        };
        let mut path = key_path(error.path());
        problems.push(explain(path.clone(), &error.inner().to_string()));
        while !document.take_out(path.steps()) {
            if path.pop().is_none() {
                return T::default();
            }
        }
    }
    T::default()
}

fn key_path(path: &serde_path_to_error::Path) -> KeyPath {
    let mut steps = KeyPath::root();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => steps.push(Step::Item(*index)),
            Segment::Map { key } => steps.push(Step::Key(key.clone().into())),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    steps
}

/// serde's message in this program's words. It has the forms "WHAT, expected X" and "unknown field `a`, expected one of `b`".
fn explain(path: KeyPath, message: &str) -> Problem {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let found = what.split('`').nth(1).unwrap_or_default();
    if what.starts_with("unknown field") {
        if LATER.contains(&found) {
            return Problem::new(path, "not in this version").expected("the key left out");
        }
        return Problem::new(path, "unknown key")
            .expected(one_of(&known))
            .did_you_mean(found, known);
    }
    if what.starts_with("unknown variant") {
        return Problem::new(path, format!("{found:?} is not known"))
            .expected(one_of(&known))
            .did_you_mean(found, known);
    }
    let what = match what
        .strip_prefix("invalid type: ")
        .or_else(|| what.strip_prefix("invalid value: "))
    {
        Some(found) => format!("found {}", kind(found)),
        None => what.to_owned(),
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a string" => "a string",
        "u32" => "a number from 0 to 4294967295",
        other => other,
    };
    let problem = Problem::new(path, what);
    if expected.is_empty() {
        problem
    } else {
        problem.expected(expected)
    }
}

/// What serde found, without its value: a value in the wrong place may be a secret.
fn kind(found: &str) -> &'static str {
    match found.split_ascii_whitespace().next() {
        Some("map") => "a mapping",
        Some("sequence") => "a list",
        Some("string") => "a string",
        Some("boolean") => "true or false",
        Some("integer" | "floating") => "a number",
        _ => "something else",
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "no keys here".to_owned(),
        [only] => (*only).to_owned(),
        [first, second] => format!("{first} or {second}"),
        _ => format!("one of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;
    use crate::config::raw::RawConfig;
    use serde_json::{Value, json};

    fn problems(value: Value) -> Vec<String> {
        let mut problems = Vec::new();
        // JSON is YAML.
        let text = value.to_string();
        let mut document = document::parse(text.as_bytes(), "", &mut problems).unwrap();
        read::<RawConfig>(&mut document, &mut problems);
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn every_error_of_shape_at_once() {
        let value = json!({
            "listenerz": [],
            "listeners": [{ "address": 80, "tlz": {} }, "0.0.0.0:80"],
            "identity": { "basic": "users", "realms": "x" },
            "routes": [{
                "path": ["/"],
                "backend": { "url": "http://h/", "profile": "apahce", "credentials": { "service": { "usr": "x" } }, "timeouts": { "read": "5" } },
                "methods": [{ "path": "/**", "alow": ["read"], "limits": { "body": "1 potato" } }, 7],
                "limits": { "max_body": 5, "xml_depth": -1, "propfind_depth": 2, "xml": true },
                "noroot": "yes",
            }, { "paht": "/" }],
        });
        let found = problems(value);
        for expected in [
            "listenerz: unknown key; expected one of listeners, admin, identity, access_log, audit_log, clients, locks, well_known, routes; did you mean listeners?",
            "listeners[0].address: found a number; expected a string",
            "listeners[0].tlz: unknown key; expected one of address, tls, http2; did you mean tls?",
            "listeners[1]: found a string; expected a mapping with address",
            "identity.basic: found a string; expected a mapping with htpasswd",
            "identity.realms: unknown key; expected one of realm, basic, bearer, client_certificate, trusted_header, backend, \
             groups; did you mean realm?",
            "routes[0].path: found a list; expected a string",
            "routes[0].backend.profile: \"apahce\" is not known; expected one of apache, nginx, lighttpd, zope, plone, radicale, \
             sabredav, wsgidav, rclone, generic; did you mean apache?",
            "routes[0].backend.credentials.service.usr: unknown key; expected one of user, password_file, password_env; did you \
             mean user?",
            "routes[0].backend.timeouts.read: \"5\" is no time; expected a time with its unit, such as 500ms, 5s, 30m or 1h",
            "routes[0].methods[0].alow: unknown key; expected one of path, allow, limits; did you mean allow?",
            "routes[0].methods[0].limits.body: \"1 potato\" is no size; expected a size such as 10GiB, 64KiB, 5MB or a number \
             of bytes",
            "routes[0].methods[1]: found a number; expected a method, a class, or a rule with path and allow",
            "routes[0].limits.propfind_depth: \"2\" is no depth; expected 0, 1 or infinity",
            "routes[0].limits.xml: found true or false; expected a size such as 10GiB, 64KiB, 5MB or a number of bytes",
            "routes[0].noroot: found a string; expected true or false",
        ] {
            assert!(
                found.iter().any(|line| line == expected),
                "missing: {expected}\nfound: {found:#?}"
            );
        }
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("routes[0].limits.max_body: unknown key; expected one of body, xml"))
        );
        assert!(found.iter().any(|line| line.ends_with("did you mean body?")));
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("routes[0].limits.xml_depth: found a number"))
        );
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("routes[1].paht: ") && line.ends_with("did you mean path?"))
        );
        assert_eq!(found.len(), 19, "{found:#?}");
    }

    #[test]
    fn the_right_shape_has_no_problems() {
        let value =
            json!({ "listeners": [{ "address": "a" }], "routes": [{ "path": "/", "backend": { "url": "u" } }] });
        assert_eq!(problems(value), Vec::<String>::new());
    }

    // A value in the wrong place may be a secret.
    #[test]
    fn values_in_wrong_places_are_not_shown() {
        let value = json!({ "listeners": "hunter2", "admin": { "password": "hunter2" },
            "routes": [{ "backend": { "credentials": "hunter2", "timeouts": "hunter2" } }] });
        let found = problems(value);
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(!found.iter().any(|line| line.contains("hunter2")), "{found:#?}");
    }
}
