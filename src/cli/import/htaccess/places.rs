//! Where a section of httpd's configuration applies. In: its arguments. Out: a rule's path, relative to the route. Passes: what
//! both surely mean alike; for the rest there is no path.

use crate::cli::import::paths;

/// Where a section applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The rule's path.
    pub path: String,
    /// The same without what is below: what is made and deleted at its parent. `None`: the whole route.
    pub root: Option<String>,
}

impl Place {
    /// The whole route.
    pub fn whole() -> Self {
        Self {
            path: "/**".to_owned(),
            root: None,
        }
    }

    fn exact(path: String) -> Self {
        Self {
            root: Some(path.clone()),
            path,
        }
    }
}

/// A section that has no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// It is not below the route's root.
    Outside,
    /// No rule says it.
    Unclear(&'static str),
}

/// `Location` and `Directory`: `path`, where the route's root is `root`.
pub fn tree(path: &str, root: &str) -> Result<Place, NoPlace> {
    if path.contains(['?', '[', '\\', '$', '%']) {
        return Err(NoPlace::Unclear("rules know no ? and [ ] in paths, and no variables"));
    }
    if path
        .split('/')
        .any(|segment| matches!(segment, "." | "..") || segment.contains("**"))
        || !path.starts_with('/')
    {
        return Err(NoPlace::Unclear(
            "expected a path that begins with / and has no . or .. in it",
        ));
    }
    let segments = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (path, root) = (segments(path), segments(root));
    if let Some(rest) = path.strip_prefix(root.as_slice()) {
        if rest.is_empty() {
            return Ok(Place::whole());
        }
        let inner: String = rest.iter().map(|name| format!("/{}", glob(name))).collect();
        return Ok(Place {
            path: format!("{inner}/**"),
            root: Some(inner),
        });
    }
    match root.starts_with(&path) {
        true => Ok(Place::whole()),
        false if path.iter().any(|name| name.contains('*')) => {
            Err(NoPlace::Unclear("it may lie above the route's root"))
        }
        false => Err(NoPlace::Outside),
    }
}

fn glob(name: &str) -> String {
    name.split('*').map(paths::segment).collect::<Vec<_>>().join("*")
}

/// A wildcard in `Location` is about whole paths: nothing below them.
pub fn location(path: &str, root: &str) -> Result<Place, NoPlace> {
    let place = tree(path, root)?;
    Ok(match &place.root {
        Some(inner) if path.contains('*') => Place::exact(inner.clone()),
        _ => place,
    })
}

/// `Files`: a name, anywhere below `around`.
pub fn files(name: &str, around: &Place) -> Result<Place, NoPlace> {
    if name.contains(['?', '[', '\\', '/', '$', '%']) || name.contains("**") || name.is_empty() {
        return Err(NoPlace::Unclear("rules know no ? and [ ] in names"));
    }
    match around
        .path
        .strip_suffix("/**")
        .filter(|_| !around.path.starts_with('~'))
    {
        Some(inner) => Ok(Place::exact(format!("{inner}/**/{}", glob(name)))),
        None => Err(NoPlace::Unclear(
            "it stands inside a section that is no tree of folders",
        )),
    }
}

/// `FilesMatch`: a regex somewhere in the name.
pub fn files_match(regex: &str, around: &Place) -> Result<Place, NoPlace> {
    const SYNTAX: NoPlace = NoPlace::Unclear("its regex has no equivalent; write the names out in Files sections");
    let (inner, begins) = regex.strip_prefix('^').map_or((regex, false), |rest| (rest, true));
    let ends = inner.ends_with('$') && !inner.ends_with(r"\$");
    let inner = if ends {
        inner.strip_suffix('$').unwrap_or(inner)
    } else {
        inner
    };
    // `^a|b$` begins with one or ends with the other.
    let alternatives = crate::cli::import::radicale_rights::alternatives(inner);
    if (begins || ends) && alternatives != Some(1) {
        return Err(SYNTAX);
    }
    let named = in_name(inner).ok_or(SYNTAX)?;
    let prefix = match around.path.strip_suffix("/**") {
        Some(prefix) if !prefix.contains(['*', '%', '~']) => prefix,
        _ => {
            return Err(NoPlace::Unclear(
                "it stands inside a section whose path is a pattern itself",
            ));
        }
    };
    let open = |closed: bool| if closed { "" } else { "[^/]*" };
    let text = format!(
        "^{}(?:/.*)?/{}(?:{named}){}$",
        regex::escape(prefix),
        open(begins),
        open(ends)
    );
    regex::Regex::new(&text).map_err(|_| SYNTAX)?;
    Ok(Place::exact(format!("~{text}")))
}

/// `LocationMatch`: only where it is a path, with or without all that is below.
pub fn location_match(regex: &str, root: &str) -> Result<Place, NoPlace> {
    const UNCLEAR: NoPlace = NoPlace::Unclear(
        "a regex over URLs says something else here; write it as a path: Location, or a rule of your own",
    );
    let inner = regex.strip_prefix('^').ok_or(UNCLEAR)?;
    let tree_of = ["(/|$)", "(?:/|$)", "($|/)", "(/.*)?$", "(?:/.*)?$", "/", "/.*", "/.*$"]
        .iter()
        .find_map(|suffix| inner.strip_suffix(suffix))
        .ok_or(UNCLEAR)?;
    let plain = tree_of
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_'));
    if plain && tree_of.starts_with('/') {
        tree(tree_of, root)
    } else {
        Err(UNCLEAR)
    }
}

/// The regex, with nothing in it that matches a slash, or `None`.
fn in_name(regex: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = regex.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '.' => out.push_str("[^/]"),
            '/' | '^' | '$' => return None,
            '\\' => match chars.next()? {
                // httpd knows no letters and digits but those of ASCII.
                'd' => out.push_str("[0-9]"),
                'w' => out.push_str("[0-9A-Za-z_]"),
                's' => out.push_str(r"[\t-\r ]"),
                other if !other.is_alphanumeric() && other != '/' => out.extend(['\\', other]),
                _ => return None,
            },
            '(' if chars.peek() == Some(&'?') => {
                chars.next();
                let kind = chars.next()?;
                // (?i) for all of it, or a plain group.
                let flag = kind == 'i' && chars.peek() == Some(&')') && out.is_empty();
                if kind != ':' && !flag {
                    return None;
                }
                out.extend(['(', '?', kind]);
            }
            '[' => {
                let mut class = String::new();
                loop {
                    match chars.next()? {
                        ']' => break,
                        letter if letter.is_ascii_alphanumeric() || "_.@+ ".contains(letter) => class.push(letter),
                        '-' if class.is_empty() => class.push_str(r"\-"),
                        '-' if class.ends_with(|c: char| c.is_ascii_alphanumeric())
                            && chars.peek().is_some_and(char::is_ascii_alphanumeric) =>
                        {
                            class.push('-');
                        }
                        '^' if class.is_empty() => class.push_str("^/"),
                        _ => return None,
                    }
                }
                out.push_str(&format!("[{class}]"));
            }
            // Possessive there, a repetition of a repetition here.
            '+' if out.ends_with(['+', '*', '?', '}']) => return None,
            other => out.push(other),
        }
    }
    Some(out)
}
