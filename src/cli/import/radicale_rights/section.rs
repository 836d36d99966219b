//! One section of a rights file. In: its keys. Out: to whom it speaks, about which paths, and what it grants there. Passes: what
//! is surely meant; beside it stands what the section may mean beyond that, so that nothing later grants it by mistake.

use super::ini;
use super::keys::{permissions, placeholders, users};
use super::pattern::{self, Segment, Shape, Tail};
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
pub struct Letters {
    /// `R` and `W`.
    pub upper: Privileges,
    /// `r` and `w`.
    pub lower: Privileges,
}

/// What `W` is about a collection that holds no items.
pub const SHALLOW_WRITE: Privileges = Privileges::WRITE_PROPERTIES.and(Privileges::WRITE_CONTENT);

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
    /// Notes what has no equivalent; without a text, the header stands for it.
    pub fn lose(&mut self, line: usize, text: &str, why: &str) {
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
