//! One section of a rights file. In: its keys. Out: to whom it speaks, about which paths, and what it grants there. Passes: what
//! is surely meant; beside it stands what the section may mean beyond that, so that nothing later grants it by mistake.

use regex::Regex;

use super::ini;
use super::pattern::{self, Segment, Shape, Tail, USER};
use crate::cli::import::rules::{Entry, Principal, Privileges, Rule};

/// What Radicale keeps at a path, by its depth. Its own `owner_only` and `owner_write` go by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The root.
    Root,
    /// One name: a principal. `R` and `W` are about it.
    Principal,
    /// Two names: a calendar or address book, with its items. `r` and `w` are about it.
    Collection,
}

/// A set of paths of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The rule's path.
    pub path: String,
    /// What is there.
    pub place: Place,
    /// The path of its parent.
    pub parent: Option<String>,
    /// Whether it is all there is below the parent.
    pub all_children: bool,
    /// The principal's segment.
    pub principal: Option<Segment>,
    /// What the section grants there.
    pub privileges: Privileges,
}

/// A section, read.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Of its header.
    pub line: usize,
    /// The header.
    pub header: String,
    /// To whom it surely speaks.
    pub sure: Vec<Principal>,
    /// To whom it may speak.
    pub may: Vec<Principal>,
    /// What it surely says.
    pub pieces: Vec<Piece>,
    /// What it may say beyond that; grants nothing.
    pub wider: Vec<Piece>,
    /// Paths it may also be about.
    pub reaches: Vec<String>,
    /// What it would grant everywhere.
    pub everywhere: Privileges,
    /// `d`: collections are not to be deleted.
    pub keeps_collections: bool,
    /// `o`: collections are not to be overwritten.
    pub keeps_content: bool,
    /// Comments.
    pub notes: Vec<Entry<Rule>>,
}

/// The letters of `permissions`.
#[derive(Clone, Copy, Debug, Default)]
struct Letters {
    upper: Privileges,
    lower: Privileges,
}

const SHALLOW_WRITE: Privileges = Privileges::WRITE_PROPERTIES.and(Privileges::WRITE_CONTENT);

/// Reads `section`. An anonymous requester's name is empty, so that `{user}` is the root for him: then there are two.
pub fn read(section: &ini::Section) -> Vec<Section> {
    let mut read = Section {
        line: section.line,
        header: format!("[{}]", section.name),
        ..Section::default()
    };
    let old = section.get("permission").is_some() && section.get("permissions").is_none();
    let letters = permissions(section, old, &mut read);
    let captured = users(section, old, &mut read);
    let Some(collection) = section.get("collection") else {
        read.lose(
            section.line,
            "",
            "it has no collection, so Radicale does not start with it",
        );
        read.reaches.push("/**".to_owned());
        return vec![read];
    };
    let text = format!("collection: {}", collection.value);
    let pattern = match placeholders(&collection.value, old, captured) {
        Ok(text) => pattern::parse(&text),
        Err(why) => {
            read.lose(collection.line, &text, why);
            read.reaches.push("/**".to_owned());
            return vec![read];
        }
    };
    if pattern.never {
        let remark = format!(
            "line {}: {text}: never matches, since Radicale's paths have no slash at their ends",
            collection.line
        );
        read.notes.push(Entry::Remark(remark));
    }
    for trouble in pattern.trouble {
        if !trouble.why.is_empty() {
            read.lose(collection.line, &text, &trouble.why);
        }
        if !trouble.reach.is_empty() {
            read.reaches.push(trouble.reach);
        }
    }
    for shape in &pattern.shapes {
        match pieces(shape, letters) {
            Ok(found) => read.pieces.extend(found),
            Err(why) => {
                read.lose(collection.line, &text, why);
                read.reaches.push(pattern::reach(&shape.segments));
            }
        }
    }
    for shape in &pattern.wider {
        match pieces(shape, letters) {
            Ok(found) => read.wider.extend(found),
            Err(_) => read.reaches.push(pattern::reach(&shape.segments)),
        }
    }
    read.mention_unused_letters(section, letters, old);
    let nameless = read.nameless(&pattern.shapes, letters);
    [Some(read), nameless].into_iter().flatten().collect()
}

impl Section {
    fn lose(&mut self, line: usize, text: &str, why: &str) {
        let text = if text.is_empty() { self.header.as_str() } else { text };
        self.notes.push(Entry::lost(line, text, why));
    }

    /// What `{user}` and `{user}(/.*)?` mean to someone without a name.
    fn nameless(&self, shapes: &[Shape], letters: Letters) -> Option<Self> {
        let root = shapes
            .iter()
            .any(|shape| shape.segments == [Segment::User] && shape.tail != Tail::Below);
        let anonymous = |to: &[Principal]| {
            to.iter()
                .any(|who| matches!(who, Principal::Everyone | Principal::Anonymous))
        };
        if !root || !anonymous(&self.may) {
            return None;
        }
        let mut section = Self {
            line: self.line,
            header: self.header.clone(),
            may: vec![Principal::Anonymous],
            sure: if anonymous(&self.sure) {
                vec![Principal::Anonymous]
            } else {
                Vec::new()
            },
            notes: vec![Entry::Remark("without a name, {user} is the root:".to_owned())],
            ..Self::default()
        };
        let shape = Shape {
            segments: Vec::new(),
            tail: Tail::Exact,
        };
        section.pieces = pieces(&shape, letters).ok()?;
        Some(section)
    }

    fn mention_unused_letters(&mut self, section: &ini::Section, letters: Letters, old: bool) {
        if old || self.pieces.is_empty() {
            return;
        }
        let deep = self.pieces.iter().any(|piece| piece.place == Place::Collection);
        let only_shallow = self.pieces.iter().all(|piece| piece.place != Place::Collection);
        let shallow_only_letters = [(Privileges::READ, "R"), (Privileges::WRITE_PROPERTIES, "W")]
            .iter()
            .any(|(privilege, _)| letters.upper.has(*privilege) && !letters.lower.has(*privilege));
        let why = if deep && shallow_only_letters {
            "R and W are about collections that are neither calendar nor address book; two names deep, rules cannot tell them \
             apart, so nothing is granted there. Add r or w if calendars were meant"
        } else if only_shallow
            && !letters
                .lower
                .without(letters.upper)
                .common(Privileges::READ.and(SHALLOW_WRITE))
                .is_none()
        {
            "r and w are about calendars and address books; a path of one name is a principal, so nothing is granted there. Add \
             R or W if principals were meant"
        } else {
            return;
        };
        let line = section.get("permissions").map_or(section.line, |key| key.line);
        let text = section
            .get("permissions")
            .map(|key| format!("permissions: {}", key.value))
            .unwrap_or_default();
        self.lose(line, &text, why);
    }
}

/// Cuts a shape into pieces by what Radicale keeps there.
fn pieces(shape: &Shape, letters: Letters) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    const DEEP: &str =
        "Radicale keeps items this deep, and they have the rights of their collection; name the collection";
    let any = |prefix: &[Segment], more: usize| [prefix, &vec![Segment::Any; more]].concat();
    let paths = match (shape.segments.as_slice(), shape.tail) {
        ([] | [_] | [_, _], Tail::Exact) => vec![shape.segments.clone()],
        (path @ [], Tail::Subtree) => vec![vec![], any(path, 1), any(path, 2)],
        (path @ [], Tail::Below) => vec![any(path, 1), any(path, 2)],
        (path @ [_], Tail::Subtree) => vec![path.to_vec(), any(path, 1)],
        (path @ [_], Tail::Below) => vec![any(path, 1)],
        (path @ [_, _], Tail::Subtree) => vec![path.to_vec()],
        _ => return Err(DEEP),
    };
    for path in paths {
        let (place, privileges) = match path.len() {
            0 => (Place::Root, letters.upper),
            1 => (Place::Principal, letters.upper),
            _ => (Place::Collection, letters.lower),
        };
        let parent = path.split_last().map(|(_, parent)| pattern::rule_path(parent, false));
        let text = pattern::rule_path(&path, place == Place::Collection);
        let (Some(text), Some(parent)) = (text, parent.map_or(Some(None), |parent| parent.map(Some))) else {
            return Err("the requester's name cannot stand in a rule's path beside a regex");
        };
        pieces.push(Piece {
            path: text,
            place,
            parent,
            all_children: path.last() == Some(&Segment::Any),
            principal: path.first().cloned(),
            privileges,
        });
    }
    Ok(pieces)
}

fn permissions(section: &ini::Section, old: bool, read: &mut Section) -> Letters {
    let Some(key) = section.get(if old { "permission" } else { "permissions" }) else {
        read.lose(
            section.line,
            "",
            "it has no permissions, so Radicale does not start with it; nothing is granted",
        );
        return Letters::default();
    };
    let text = format!("{}: {}", key.name, key.value);
    let mut letters = Letters::default();
    for letter in key.value.chars() {
        match letter {
            'r' => letters.lower = letters.lower.and(Privileges::READ),
            'w' => letters.lower = letters.lower.and(Privileges::WRITE),
            'R' if !old => letters.upper = letters.upper.and(Privileges::READ),
            'W' if !old => letters.upper = letters.upper.and(SHALLOW_WRITE),
            'D' | 'O' if !old => {}
            'd' if !old => read.keeps_collections = true,
            'o' if !old => read.keeps_content = true,
            'i' if !old && key.value.contains('r') => {}
            'i' if !old => read.lose(
                key.line,
                &text,
                "i is GET without PROPFIND; reading is one privilege here, and it is not granted",
            ),
            ' ' | '\t' | ',' => {}
            other => {
                let why = format!("the letter {other} has no equivalent; nothing is granted for it");
                read.lose(key.line, &text, &why);
            }
        }
    }
    if old {
        letters.upper = letters.lower.common(Privileges::READ.and(SHALLOW_WRITE));
    }
    read.everywhere = if letters.upper.has(Privileges::READ) && letters.lower.has(Privileges::READ) {
        Privileges::READ
    } else {
        Privileges::NONE
    };
    if letters.upper.has(SHALLOW_WRITE) && letters.lower.has(Privileges::WRITE) {
        read.everywhere = read.everywhere.and(Privileges::WRITE);
    }
    letters
}

/// Fills in to whom the section speaks; whether the first group of the user pattern is the whole name.
fn users(section: &ini::Section, old: bool, read: &mut Section) -> bool {
    let groups: Vec<Principal> = section
        .get("groups")
        .filter(|_| !old)
        .map(|key| {
            key.value
                .split(',')
                .filter(|name| !name.is_empty())
                .map(|name| Principal::Group(name.to_owned()))
                .collect()
        })
        .unwrap_or_default();
    let key = section.get("user").filter(|key| old || !key.value.is_empty());
    let (line, text) = key.map_or((section.line, String::new()), |key| {
        (key.line, format!("user: {}", key.value))
    });
    let (mut sure, mut may, mut captured) = (Vec::new(), Vec::new(), false);
    match key.map(|key| key.value.as_str()) {
        None if groups.is_empty() => {
            may.push(Principal::Anonymous);
            read.lose(
                line,
                &text,
                "without a user, older releases of Radicale 3 speak of anonymous requests and newer ones of nobody; \
                 nothing is granted. Write user: .* or the names",
            );
        }
        None => {}
        Some(value) => {
            let text_of = if old {
                Ok(value.replace("%%", "%"))
            } else {
                unbrace(&value.replace("%%", "%"))
            };
            match text_of.as_deref().map_err(|why| *why).and_then(names) {
                Ok((found, exact, whole)) => {
                    captured = whole;
                    may.clone_from(&found);
                    sure = found;
                    if !exact {
                        may.retain(|who| *who == Principal::Anonymous);
                        may.push(Principal::Authenticated);
                        read.lose(
                            line,
                            &text,
                            r"the dot stands for any character, and only the name with a dot was taken; write \. for it",
                        );
                    }
                }
                Err(why) => {
                    let named = Regex::new(&format!("^(?:{value})$")).is_ok_and(|regex| !regex.is_match(""));
                    may.push(if named {
                        Principal::Authenticated
                    } else {
                        Principal::Everyone
                    });
                    read.lose(
                        line,
                        &text,
                        &format!("{why}; nothing is granted. Name the users, or a group of them"),
                    );
                }
            }
        }
    }
    read.sure = [sure, groups.clone()].concat();
    read.may = [may, groups].concat();
    captured && !read.sure.iter().any(|who| matches!(who, Principal::Group(_)))
}

/// The principals of a user pattern; whether it says exactly that; whether `{0}` is the name.
fn names(text: &str) -> Result<(Vec<Principal>, bool, bool), &'static str> {
    let inner = text.strip_prefix('^').unwrap_or(text);
    let inner = inner.strip_suffix(r"\Z").or(inner.strip_suffix('$')).unwrap_or(inner);
    let whole = inner == "(.+)" || inner == "(.*)";
    let plain = pattern::ungroup(inner);
    match plain {
        ".+" => return Ok((vec![Principal::Authenticated], true, whole)),
        ".*" => return Ok((vec![Principal::Everyone], true, whole)),
        _ => {}
    }
    let mut found = (Vec::new(), true, false);
    for alternative in pattern::split(plain, '|').ok_or("its brackets do not match")? {
        let alternative = alternative.strip_prefix('^').unwrap_or(alternative);
        let alternative = alternative.strip_suffix('$').unwrap_or(alternative);
        if alternative.is_empty() {
            found.0.push(Principal::Anonymous);
            continue;
        }
        let (name, exact) = pattern::literal(alternative).ok_or("rules know no patterns of user names")?;
        found.0.push(Principal::User(name));
        found.1 &= exact;
    }
    Ok(found)
}

/// `collection` with `USER` where the requester's name goes.
fn placeholders(text: &str, old: bool, captured: bool) -> Result<String, &'static str> {
    if text.contains(['\n', USER]) {
        return Err("it goes on in the next line; write it in one");
    }
    let mut text = text.to_owned();
    if old {
        text = text.replace("%(login)s", &USER.to_string());
    }
    if text.contains("%(") {
        return Err("this version of Radicale knows no such placeholder");
    }
    text = text
        .replace("%%", "%")
        .replace("{{", "\u{e001}")
        .replace("}}", "\u{e002}");
    if !old {
        text = text.replace("{user}", &USER.to_string());
    }
    if captured {
        text = text.replace("{0}", &USER.to_string()).replace("{}", &USER.to_string());
    }
    if text.contains("{0}") || text.contains("{1}") || text.contains("{}") {
        return Err(
            "a part of the user's name cannot stand in a rule's path; write a rule for each such part, to a group",
        );
    }
    if text.contains(['{', '}']) {
        return Err("Radicale takes the braces for a placeholder it does not know; write {{ and }}");
    }
    Ok(text.replace('\u{e001}', "{").replace('\u{e002}', "}"))
}

fn unbrace(text: &str) -> Result<String, &'static str> {
    let text = text.replace("{{", "\u{e001}").replace("}}", "\u{e002}");
    if text.contains(['{', '}']) {
        return Err("Radicale takes the braces for a placeholder it does not know; write {{ and }}");
    }
    Ok(text.replace('\u{e001}', "{").replace('\u{e002}', "}"))
}
