//! `Set-Cookie` of an answer (RFC 6265 section 4.1; spec 1.5). In: one field value. Out: the same with a public Path and without a
//! Domain that names the back end, everything else byte for byte.

use super::urls::{AnswerContext, Named};
use crate::url::{Reference, path::key_starts_with};

/// The cookie for clients; `None` when it is for a path that this route does not show.
pub(super) fn public_cookie(context: &AnswerContext, value: &str) -> Option<String> {
    let mut parts = Vec::new();
    for (number, part) in value.split(';').enumerate() {
        let (name, text) = part.split_once('=').unwrap_or((part, ""));
        let is = |attribute: &str| number > 0 && name.trim().eq_ignore_ascii_case(attribute);
        let text = text.trim();
        if is("domain") && context.is_own_host(text.strip_prefix('.').unwrap_or(text)) {
            continue;
        }
        // RFC 6265 section 5.2.4: any other value than an absolute path counts for nothing.
        if is("path") && text.starts_with('/') && !context.route.backend.external_urls {
            parts.push(format!("{name}={}", public_path(context, text)?));
        } else {
            parts.push(part.to_owned());
        }
    }
    Some(parts.join(";"))
}

/// The public path for a cookie's path, which covers all of the route when the back end's covers all of the route.
fn public_path(context: &AnswerContext, path: &str) -> Option<String> {
    let map = &context.route.map;
    let read = AnswerContext::read(path)?;
    let covers = key_starts_with(map.upstream().0.key(), read.key());
    // Without a slash at its end the path of the route also covers the route's own URL without one.
    let slash = path.ends_with('/') && !read.is_root();
    if covers {
        let slash = slash && read.key() == map.upstream().0.key();
        return Some(map.public().0.clone().with_slash(slash).to_string());
    }
    match context.name(&Reference::parse(path)) {
        Named::Public(public) => Some(public.0.with_slash(slash).to_string()),
        Named::Elsewhere | Named::Outside => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::urls::tests::{PLAIN, context, context_on, path, route};
    use super::*;
    use crate::{policy::Method, url::PrefixMap};

    // 1.5
    #[test]
    fn cookies() {
        let rows = [
            (
                "id=/dav/; Path=/dav/; HttpOnly",
                Some("id=/dav/; Path=/files/; HttpOnly"),
            ),
            ("id=1;path=/dav", Some("id=1;path=/files")),
            ("id=1; PATH = /dav/sub;Secure", Some("id=1; PATH =/files/sub;Secure")),
            ("id=1; Path=/dav/sub/", Some("id=1; Path=/files/sub/")),
            ("id=1; Path=/", Some("id=1; Path=/files")),
            ("id=1; Path=/private", None),
            ("id=1; Path=/davx", None),
            ("id=1; Path=/dav/../x", None),
            ("id=1; Path=/dav/inner/", None),
            ("id=1; Path=dav; Path=", Some("id=1; Path=dav; Path=")),
            ("id=1", Some("id=1")),
            ("Path=/dav", Some("Path=/dav")),
            ("id=1; Domain=back; Secure", Some("id=1; Secure")),
            ("id=1; domain=.DAV.internal", Some("id=1")),
            ("id=1; Domain=pub.test", Some("id=1; Domain=pub.test")),
            (
                "id=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT",
                Some("id=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT"),
            ),
        ];
        let context = context(Method::Get);
        for (value, expected) in rows {
            assert_eq!(public_cookie(&context, value).as_deref(), expected, "{value}");
        }
    }

    //
    #[test]
    fn roots_and_external_urls() {
        let mut route = route(PLAIN);
        route.map = PrefixMap::new(path("/"), path("/"));
        let same = context_on(route.clone(), Method::Get);
        for value in ["id=1; Path=/", "id=1; Path=/a/"] {
            assert_eq!(public_cookie(&same, value).as_deref(), Some(value));
        }
        route.map = PrefixMap::new(path("/a/"), path("/b/c/"));
        let deep = context_on(route.clone(), Method::Get);
        assert_eq!(public_cookie(&deep, "id=1; Path=/b/").as_deref(), Some("id=1; Path=/a"));
        route.backend.external_urls = true;
        let external = context_on(route, Method::Get);
        assert_eq!(
            public_cookie(&external, "id=1; Path=/b/").as_deref(),
            Some("id=1; Path=/b/")
        );
    }
}
