//! What an answer says the server can do: `Allow`, `Public`, `DAV` and the like, recomputed on every answer (M-44, Z-1, ERR-4; RFC
//! 4918 section 10.1, RFC 9110 section 10.2.1). In: the back end's headers, what the route lets pass. Out: what both can.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ALLOW, Entry},
};

use super::urls::AnswerContext;
use crate::policy::{Locking, Method, MethodSet};

const DAV: HeaderName = HeaderName::from_static("dav");
const PUBLIC: HeaderName = HeaderName::from_static("public");
const MS_AUTHOR_VIA: HeaderName = HeaderName::from_static("ms-author-via");
const LOCK_TOKEN: HeaderName = HeaderName::from_static("lock-token");
const DASL: HeaderName = HeaderName::from_static("dasl");

/// What is announced for one method and is false without it.
const FOR_ONE_METHOD: [(HeaderName, Method); 3] = [
    (HeaderName::from_static("accept-patch"), Method::Patch),
    (HeaderName::from_static("accept-post"), Method::Post),
    (DASL, Method::Search),
];

/// Recomputes what the answer in `headers` announces.
pub(super) fn announce(context: &AnswerContext, status: u16, headers: &mut HeaderMap) {
    let permitted = context.allowed;
    let emulated = context.route.locks.locking == Locking::Emulate;
    let own = context.route.own_methods();
    if context.route.locks.locking != Locking::Observe {
        headers.remove(LOCK_TOKEN);
    }
    let listed = headers.contains_key(ALLOW).then(|| methods(headers, &ALLOW).union(own));
    let common = listed.unwrap_or_default().intersection(permitted);
    let without_refused: Vec<Method> = permitted.iter().filter(|method| *method != context.method).collect();
    match (listed, status) {
        (Some(_), _) if common != MethodSet::default() => set_allow(headers, &ALLOW, common),
        (_, 405) => set_allow(headers, &ALLOW, MethodSet::of(&without_refused)),
        (Some(_), _) => {
            headers.remove(ALLOW);
        }
        (None, _) => {}
    }
    for (name, method) in &FOR_ONE_METHOD {
        if !permitted.contains(*method) {
            headers.remove(name);
        }
    }
    if !permitted.intersects(MethodSet::DAV_ONLY) {
        for name in [DAV, PUBLIC, MS_AUTHOR_VIA, DASL] {
            headers.remove(name);
        }
        return;
    }
    if headers.contains_key(PUBLIC) {
        match methods(headers, &PUBLIC).intersection(permitted) {
            common if common == MethodSet::default() => drop(headers.remove(PUBLIC)),
            common => set_allow(headers, &PUBLIC, common.union(own.intersection(permitted))),
        }
    }
    let locks = permitted.contains(Method::Lock) && listed.is_none_or(|listed| listed.contains(Method::Lock));
    if !locks {
        without_class_2(headers);
    } else if emulated {
        let answers_options = context.method == Method::Options && (200..300).contains(&status);
        with_class_2(headers, answers_options);
    }
}

fn set_allow(headers: &mut HeaderMap, name: &HeaderName, methods: MethodSet) {
    if let Ok(value) = HeaderValue::from_str(&methods.allow()) {
        headers.insert(name, value);
    }
}

/// The known methods that all values of `name` list together.
fn methods(headers: &HeaderMap, name: &HeaderName) -> MethodSet {
    let mut found = MethodSet::default();
    for value in headers.get_all(name) {
        let tokens = value.to_str().unwrap_or_default().split(',');
        for method in tokens.filter_map(|token| Method::parse(token.trim())) {
            found = found.union(MethodSet::of(&[method]));
        }
    }
    found
}

/// Takes class 2 out of every `DAV` line; a line with nothing else goes.
fn without_class_2(headers: &mut HeaderMap) {
    let Entry::Occupied(entry) = headers.entry(DAV) else {
        return;
    };
    let (name, lines) = entry.remove_entry_mult();
    let mut kept = Vec::new();
    for line in lines {
        let classes: Vec<&str> = line.to_str().map(classes).unwrap_or_default();
        let rest: Vec<&str> = classes.iter().copied().filter(|class| *class != "2").collect();
        if rest.len() == classes.len() {
            kept.push(line);
        } else if let (false, Ok(value)) = (rest.is_empty(), HeaderValue::from_str(&rest.join(", "))) {
            kept.push(value);
        }
    }
    for line in kept {
        headers.append(name.clone(), line);
    }
}

/// Says class 1 and 2 first (L-83), then what else the back end says. Without a line of its own, only if `adds`.
fn with_class_2(headers: &mut HeaderMap, adds: bool) {
    without_class_2(headers);
    let lines: Vec<HeaderValue> = headers.get_all(DAV).iter().cloned().collect();
    if lines.is_empty() && !adds {
        return;
    }
    headers.insert(DAV, HeaderValue::from_static("1, 2"));
    for line in lines {
        let rest: Vec<&str> = line.to_str().map(classes).unwrap_or_default();
        let rest: Vec<&str> = rest.into_iter().filter(|class| *class != "1").collect();
        if let (false, Ok(value)) = (rest.is_empty(), HeaderValue::from_str(&rest.join(", "))) {
            headers.append(DAV, value);
        }
    }
}

/// The members of a `DAV` line. A Coded-URL, `<...>`, may hold a comma.
fn classes(line: &str) -> Vec<&str> {
    let mut coded = false;
    line.split(|c| {
        coded = match c {
            '<' => true,
            '>' => false,
            _ => coded,
        };
        c == ',' && !coded
    })
    .map(str::trim)
    .filter(|class| !class.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::urls::tests::{PLAIN, context_on, route};
    use super::*;
    use crate::url::{CanonicalPath, PublicPath};

    const READ: MethodSet = MethodSet::of(&[
        Method::Options,
        Method::Get,
        Method::Head,
        Method::Propfind,
        Method::Report,
    ]);
    const WEB: MethodSet = MethodSet::of(&[Method::Options, Method::Get, Method::Head, Method::Post]);

    fn announced(allowed: MethodSet, method: Method, status: u16, sent: &[(&'static str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        announce(&context_on(route(allowed), method), status, &mut headers);
        let mut lines: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    // L-83, LM-D
    #[test]
    fn classes_by_who_locks() {
        use crate::policy::UnmappedLock;
        let said = |locking: Locking, method: Method, sent: &[(&'static str, &str)]| {
            let mut route = route(PLAIN);
            route.locks.locking = locking;
            route.locks.unmapped = UnmappedLock::Create;
            let allowed = route.judge(&PublicPath(CanonicalPath::parse(b"/files/c/d").unwrap())).0;
            let context = AnswerContext {
                allowed,
                ..context_on(route, method)
            };
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            announce(&context, 200, &mut headers);
            let mut lines: Vec<String> = headers
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            lines.sort();
            lines
        };
        let class_1: &[(&str, &str)] = &[("allow", "GET,PROPFIND"), ("dav", "1, calendar-access")];
        let class_2: &[(&str, &str)] = &[("allow", "LOCK,UNLOCK,PUT"), ("dav", "1,2"), ("lock-token", "<urn:a>")];
        for (name, locking, method, sent, want) in [
            (
                "emulated over class 1",
                Locking::Emulate,
                Method::Options,
                class_1,
                &[
                    "allow: GET, PROPFIND, LOCK, UNLOCK",
                    "dav: 1, 2",
                    "dav: calendar-access",
                ] as &[&str],
            ),
            (
                "emulated over class 2",
                Locking::Emulate,
                Method::Options,
                class_2,
                &["allow: PUT, LOCK, UNLOCK", "dav: 1, 2"],
            ),
            (
                "emulated over one that does not tell",
                Locking::Emulate,
                Method::Options,
                &[],
                &["dav: 1, 2"],
            ),
            (
                "no line is made but for OPTIONS",
                Locking::Emulate,
                Method::Get,
                &[],
                &[],
            ),
            ("off", Locking::Off, Method::Options, class_2, &["allow: PUT", "dav: 1"]),
            (
                "observed",
                Locking::Observe,
                Method::Options,
                class_2,
                &["allow: PUT, LOCK, UNLOCK", "dav: 1,2", "lock-token: <urn:a>"],
            ),
        ] {
            assert_eq!(said(locking, method, sent), want, "{name}");
        }
    }

    // M-44, Z-1, ERR-4
    #[test]
    fn recomputed() {
        use Method::{Get, Mkcol, Options, Propfind};
        let apache = ("allow", "OPTIONS,GET,HEAD,POST,DELETE,TRACE,PROPFIND,PUT,LOCK,BIND");
        type Row<'a> = (
            &'a str,
            MethodSet,
            Method,
            u16,
            &'a [(&'static str, &'a str)],
            &'a [&'a str],
        );
        let rows: &[Row<'_>] = &[
            (
                "intersection",
                PLAIN,
                Options,
                200,
                &[apache],
                &["allow: GET, HEAD, OPTIONS, PUT, DELETE, PROPFIND, LOCK"],
            ),
            (
                "read only, two lines",
                READ,
                Options,
                200,
                &[apache, ("allow", "PATCH, REPORT"), ("public", "PUT")],
                &["allow: GET, HEAD, OPTIONS, PROPFIND, REPORT"],
            ),
            (
                "class 2 stays",
                PLAIN,
                Propfind,
                207,
                &[("dav", "1,2, <http://apache.org/a,2>")],
                &["dav: 1,2, <http://apache.org/a,2>"],
            ),
            (
                "class 2 goes without LOCK in the filter",
                READ,
                Propfind,
                207,
                &[("dav", "1,2"), ("dav", "2"), ("dav", "<a,2>, 2"), ("dav", "3")],
                &["dav: 1", "dav: 3", "dav: <a,2>"],
            ),
            (
                "class 2 goes without LOCK at the back end",
                PLAIN,
                Options,
                200,
                &[("allow", "GET"), ("dav", "1, 2, 3, calendar-access")],
                &["allow: GET", "dav: 1, 3, calendar-access"],
            ),
            ("nothing left", READ, Options, 200, &[("dav", "2")], &[]),
            ("empty Allow", READ, Get, 200, &[("allow", "PUT")], &[]),
            (
                "405 without Allow",
                READ,
                Propfind,
                405,
                &[],
                &["allow: GET, HEAD, OPTIONS, REPORT"],
            ),
            (
                "405 with a list of nothing",
                READ,
                Mkcol,
                405,
                &[("allow", "PUT")],
                &["allow: GET, HEAD, OPTIONS, PROPFIND, REPORT"],
            ),
            (
                "no trace of WebDAV",
                WEB,
                Get,
                200,
                &[
                    ("dav", "1,2"),
                    ("ms-author-via", "DAV"),
                    ("public", "GET"),
                    ("dasl", "<DAV:basicsearch>"),
                    ("accept-patch", "x/y"),
                    ("accept-post", "x/y"),
                    ("allow", "GET, PUT"),
                ],
                &["accept-post: x/y", "allow: GET"],
            ),
            (
                "its twin",
                PLAIN.union(MethodSet::of(&[Method::Search])),
                Get,
                200,
                &[
                    ("dav", "1"),
                    ("ms-author-via", "DAV"),
                    ("public", "GET, BIND"),
                    ("dasl", "<DAV:basicsearch>"),
                ],
                &["dasl: <DAV:basicsearch>", "dav: 1", "ms-author-via: DAV", "public: GET"],
            ),
        ];
        for (name, allowed, method, status, sent, expected) in rows {
            assert_eq!(announced(*allowed, *method, *status, sent), *expected, "{name}");
        }
    }
}
