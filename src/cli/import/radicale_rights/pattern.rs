//! The collection pattern of a rights section: a Python regex over the whole path, without slashes at its ends. In: its text,
//! with `USER` in the place of the requester's name. Out: the shapes it consists of, segment by segment. Passes: what is surely
//! understood; for the rest, the segments that all its matches begin with.

use super::regex_text::{segment, split, ungroup};
use crate::cli::import::paths;

/// Stands for the requester's name in a pattern.
pub const USER: char = '\u{e000}';

/// One segment. None of them matches a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Any name.
    Any,
    /// The requester's.
    User,
    /// This one.
    Literal(String),
    /// These pieces, with any text between each two.
    Glob(Vec<String>),
    /// A regex, the same in Python and here.
    Regex(String),
}

/// How far below its segments a shape reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Not at all.
    Exact,
    /// What is below them.
    Below,
    /// Both.
    Subtree,
}

/// One alternative of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// From the root.
    pub segments: Vec<Segment>,
    /// And below.
    pub tail: Tail,
}

/// An alternative that is not, or not wholly, understood. Either text may be empty: nothing to say, or nothing reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A path pattern that covers all that it may match.
    pub reach: String,
    /// What cannot be said with the rules.
    pub why: String,
}

/// What a pattern says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// What is understood.
    pub shapes: Vec<Shape>,
    /// What it may also match, where a dot was taken for a dot.
    pub wider: Vec<Shape>,
    /// What is not.
    pub trouble: Vec<Trouble>,
    /// It begins or ends with a slash, and so never matches.
    pub never: bool,
}

/// Reads a pattern.
pub fn parse(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let text = text.replace(r"\/", "/");
    let inner = text.strip_prefix('^').unwrap_or(&text);
    let inner = inner.strip_suffix(r"\Z").or(inner.strip_suffix('$')).unwrap_or(inner);
    let Some(alternatives) = split(ungroup(inner), '|') else {
        pattern.trouble.push(Trouble {
            reach: "/**".to_owned(),
            why: "its brackets do not match".to_owned(),
        });
        return pattern;
    };
    for alternative in alternatives {
        let alternative = alternative.strip_prefix('^').unwrap_or(alternative);
        alternative_shapes(alternative.strip_suffix('$').unwrap_or(alternative), &mut pattern);
    }
    pattern
}

/// What may stand at the end of a pattern for all that is below.
const TAILS: [(&str, Tail); 9] = [
    ("(/.*)?", Tail::Subtree),
    ("(?:/.*)?", Tail::Subtree),
    ("(/.+)?", Tail::Subtree),
    ("(?:/.+)?", Tail::Subtree),
    ("(|/.*)", Tail::Subtree),
    ("(|/.+)", Tail::Subtree),
    ("/.*", Tail::Below),
    ("/.+", Tail::Below),
    ("/?", Tail::Exact),
];

fn alternative_shapes(text: &str, pattern: &mut Pattern) {
    let whole = |tail| Shape {
        segments: Vec::new(),
        tail,
    };
    match text {
        "" => return pattern.shapes.push(whole(Tail::Exact)),
        ".*" => return pattern.shapes.push(whole(Tail::Subtree)),
        ".+" => return pattern.shapes.push(whole(Tail::Below)),
        // Alone, it also matches the root, whose path is empty.
        "[^/]*" => pattern.shapes.push(whole(Tail::Exact)),
        _ => {}
    }
    for optional in ["(/[^/]+)?", "(?:/[^/]+)?"] {
        if let Some(prefix) = text.strip_suffix(optional) {
            path_shapes(prefix, Tail::Exact, pattern);
            return path_shapes(&format!("{prefix}/[^/]+"), Tail::Exact, pattern);
        }
    }
    for (suffix, tail) in TAILS {
        if let Some(prefix) = text.strip_suffix(suffix).filter(|prefix| !prefix.ends_with('\\')) {
            if prefix.is_empty() && tail != Tail::Below {
                return pattern.shapes.push(whole(Tail::Exact));
            }
            return path_shapes(prefix, tail, pattern);
        }
    }
    // `name.*`: any name that begins so, and all below it.
    if let Some(prefix) = text.strip_suffix(".*").filter(|prefix| !prefix.ends_with(['\\', '/'])) {
        return path_shapes(&format!("{prefix}[^/]*"), Tail::Subtree, pattern);
    }
    path_shapes(text, Tail::Exact, pattern);
}

/// More alternatives than this in one pattern are better written by hand.
const MOST_SHAPES: usize = 64;

fn path_shapes(text: &str, tail: Tail, pattern: &mut Pattern) {
    let Some(pieces) = split(text, '/') else {
        return pattern.trouble.push(Trouble {
            reach: "/**".to_owned(),
            why: "a slash stands inside a group of its pattern; write one section for each path".to_owned(),
        });
    };
    if pieces.iter().any(|piece| piece.is_empty()) {
        pattern.never = true;
        return;
    }
    let mut paths: Vec<(Vec<Segment>, bool)> = vec![(Vec::new(), true)];
    for piece in pieces {
        let found = match segment(piece) {
            Ok(found) => found,
            Err(why) => {
                return pattern.trouble.extend(paths.iter().map(|(path, _)| Trouble {
                    reach: reach(path),
                    why: why.to_owned(),
                }));
            }
        };
        let longer = |(path, exact): &(Vec<Segment>, bool)| {
            let path = path.clone();
            let exact = *exact;
            found
                .clone()
                .into_iter()
                .map(move |(segment, same)| ([path.clone(), vec![segment]].concat(), exact && same))
        };
        paths = paths.iter().flat_map(longer).collect();
        if paths.len() > MOST_SHAPES {
            return pattern.trouble.push(Trouble {
                reach: "/**".to_owned(),
                why: "it has too many alternatives; write one section for each".to_owned(),
            });
        }
    }
    for (segments, exact) in paths {
        if !exact {
            widen(&segments, tail, pattern);
        }
        pattern.shapes.push(Shape { segments, tail });
    }
}

/// What `segments` match when their dots stand for any character, the slash too.
fn widen(segments: &[Segment], tail: Tail, pattern: &mut Pattern) {
    let open = |segment: &Segment| match segment {
        Segment::Literal(name) if name.contains('.') => Segment::Glob(name.split('.').map(str::to_owned).collect()),
        other => other.clone(),
    };
    let wide: Vec<Segment> = segments.iter().map(open).collect();
    for (at, segment) in wide.iter().enumerate() {
        let Segment::Glob(pieces) = segment else { continue };
        for cut in 1..pieces.len() {
            let begin = Segment::Glob(pieces.get(..cut).unwrap_or_default().to_vec());
            pattern.trouble.push(Trouble {
                reach: reach(&[wide.get(..at).unwrap_or_default(), &[begin]].concat()),
                why: String::new(),
            });
        }
    }
    pattern.trouble.push(Trouble {
        reach: String::new(),
        why: r"a dot in its pattern stands for any character, and only the dot itself was taken; write \. for it"
            .to_owned(),
    });
    pattern.wider.push(Shape { segments: wide, tail });
}

/// All below `path`, as a rule's path. What a rule cannot say in a segment becomes any name.
pub fn reach(path: &[Segment]) -> String {
    format!(
        "{}/**",
        path.iter()
            .map(|segment| format!("/{}", glob(segment)))
            .collect::<String>()
    )
}

fn glob(segment: &Segment) -> String {
    match segment {
        Segment::Any | Segment::Regex(_) => "*".to_owned(),
        Segment::User => "{user}".to_owned(),
        Segment::Literal(name) => paths::segment(name),
        Segment::Glob(pieces) => pieces
            .iter()
            .map(|piece| paths::segment(piece))
            .collect::<Vec<_>>()
            .join("*"),
    }
}

/// `path`, and if `below` all below it, as a rule's path. `None`: the requester's name cannot stand in a regex.
pub fn rule_path(path: &[Segment], below: bool) -> Option<String> {
    if !path.iter().any(|segment| matches!(segment, Segment::Regex(_))) {
        return Some(match (reach(path), below) {
            (reach, true) => reach,
            (reach, false) => match reach.strip_suffix("/**") {
                Some("") | None => "/".to_owned(),
                Some(path) => path.to_owned(),
            },
        });
    }
    let mut regex = "~^".to_owned();
    for segment in path {
        regex.push('/');
        match segment {
            Segment::Any => regex.push_str("[^/]+"),
            Segment::User => return None,
            Segment::Literal(name) => regex.push_str(&regex::escape(name)),
            Segment::Glob(pieces) => {
                regex.push_str(
                    &pieces
                        .iter()
                        .map(|piece| regex::escape(piece))
                        .collect::<Vec<_>>()
                        .join("[^/]*"),
                );
            }
            Segment::Regex(text) => regex.push_str(&format!("(?:{text})")),
        }
    }
    regex.push_str(if below { "(?:/.*)?$" } else { "$" });
    Some(regex)
}
