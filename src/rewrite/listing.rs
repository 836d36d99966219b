//! The gateway's own page for GET of a collection. In: the public path of the collection and the members that may be shown. Out:
//! one HTML document that holds their names and dates, escaped, and nothing that a browser would carry out.

use std::fmt::Write;

use crate::url::PublicPath;

/// A member to be shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Whether it comes among the files, after the collections.
    pub file: bool,
    /// The last segment of its path, decoded.
    pub name: String,
    /// Its public URL.
    pub href: String,
    /// `getlastmodified`, as the back end writes it.
    pub modified: String,
}

impl Member {
    /// The member at `path`.
    pub fn new(path: &PublicPath, collection: bool, modified: Option<String>) -> Self {
        Self {
            file: !collection,
            name: path.0.segments().last().unwrap_or_default().to_owned(),
            href: path.0.clone().with_slash(collection).to_string(),
            modified: modified.unwrap_or_default(),
        }
    }
}

/// The document for the collection at `path`.
pub fn page(path: &PublicPath, mut members: Vec<Member>) -> String {
    members.sort();
    let title = escaped(path.0.clone().with_slash(false).key());
    let mut out = format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>{title}/</title></head>\n<body>\n<h1><bdi>{title}/</bdi></h1>\n<ul>\n"
    );
    for member in &members {
        let slash = if member.file { "" } else { "/" };
        let (href, name, modified) = (escaped(&member.href), escaped(&member.name), escaped(&member.modified));
        // Writing into a String does not fail.
        let _ = writeln!(
            out,
            "<li><a href=\"{href}\"><bdi>{name}{slash}</bdi></a> {modified}</li>"
        );
    }
    out.push_str("</ul>\n</body>\n</html>\n");
    out
}

/// As text or as an attribute in quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::CanonicalPath;

    //
    #[test]
    fn a_page() {
        let path = |text: &str| PublicPath(CanonicalPath::parse(text.as_bytes()).unwrap());
        let member = |text: &str, collection| Member::new(&path(text), collection, Some("Mon <1>".into()));
        let page = page(
            &path("/a%26b/"),
            vec![
                member("/a%26b/z%3Cscript%3E%22'", false),
                member("/a%26b/%C3%A9", false),
                member("/a%26b/sub", true),
            ],
        );
        assert!(page.contains("<title>/a&amp;b/</title>"), "{page}");
        let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("<li>")).collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].contains("/sub/\"><bdi>sub/</bdi></a> Mon &lt;1&gt;</li>"),
            "{page}"
        );
        assert!(
            lines[1].contains("z%3Cscript%3E%22") && lines[1].contains("<bdi>z&lt;script&gt;&quot;&#39;</bdi>"),
            "{page}"
        );
        assert!(
            lines[2].contains("%C3%A9") && lines[2].contains("<bdi>é</bdi>"),
            "{page}"
        );
        assert!(!page.contains("<script"));
    }
}
