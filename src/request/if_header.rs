//! The If header (RFC 4918 section 10.4; L-20 to L-22, L-26): its full grammar in, lists of conditions out; or the same lists
//! written for the back end, in one spelling, with mapped tags.
//!
//! A reader that takes a malformed header for an absent one lets a guarded write through; here malformed is an error.

/// The token that no lock has (RFC 4918 section 10.4.8).
pub const NO_LOCK: &str = "DAV:no-lock";
/// Most lists (L-21).
const MAX_LISTS: usize = 64;
/// Most conditions in one list (L-21).
const MAX_CONDITIONS: usize = 16;
/// Most distinct tags (L-21).
const MAX_TAGS: usize = 16;
/// Longest header in bytes (L-21).
const MAX_BYTES: usize = 8 << 10;

/// A parsed If header. Either every list is tagged or none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct If {
    lists: Vec<List>,
}

/// One list: all of its conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The resource it speaks of, as written; `None` is the request's own.
    pub tag: Option<String>,
    /// The conditions in order.
    pub conditions: Vec<Condition>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it is negated.
    pub not: bool,
    /// What must match.
    pub state: State,
}

/// What a condition compares with the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A state token, without its brackets.
    Token(String),
    /// An entity tag with its quotes.
    EntityTag(String),
}

/// The header does not follow the grammar or is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl If {
    /// Reads the value of the one If header.
    ///
    /// # Errors
    /// It does not follow the grammar, or is too large.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::read(text, false)
    }

    /// The same, where entity tags may also stand without their quotes: deliberately, since some back ends hand them out so (B-46).
    ///
    /// # Errors
    /// As of [`Self::parse`].
    pub fn parse_with_bare_entity_tags(text: &str) -> Result<Self, Malformed> {
        Self::read(text, true)
    }

    fn read(text: &str, bare: bool) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            return Err(Malformed);
        }
        let mut lists: Vec<List> = Vec::new();
        let mut tag: Option<String> = None;
        let mut tags = 0;
        let mut tag_used = true;
        let mut rest = skip_blanks(text);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('<') {
                let (url, after) = bracketed(after, '>')?;
                let mixed = lists.iter().any(|l| l.tag.is_none());
                tags += 1;
                if !tag_used || mixed || tags > MAX_TAGS || !is_simple_ref(url) {
                    return Err(Malformed);
                }
                tag = Some(url.to_owned());
                tag_used = false;
                rest = after;
            } else {
                let (conditions, after) = list(rest, bare)?;
                lists.push(List {
                    tag: tag.clone(),
                    conditions,
                });
                tag_used = true;
                if lists.len() > MAX_LISTS {
                    return Err(Malformed);
                }
                rest = after;
            }
            rest = skip_blanks(rest);
        }
        if lists.is_empty() || !tag_used {
            Err(Malformed)
        } else {
            Ok(Self { lists })
        }
    }

    /// A header of these lists; `None` if there is none, or one without conditions.
    pub fn of(lists: Vec<List>) -> Option<Self> {
        let any = !lists.is_empty() && lists.iter().all(|list| !list.conditions.is_empty());
        any.then_some(Self { lists })
    }

    /// Every state token in it, wherever it stands (L-23).
    pub fn tokens(&self) -> Vec<String> {
        let conditions = self.lists.iter().flat_map(|list| &list.conditions);
        let mut tokens: Vec<String> = conditions
            .filter_map(|condition| match &condition.state {
                State::Token(token) => Some(token.clone()),
                State::EntityTag(_) => None,
            })
            .collect();
        tokens.sort();
        tokens.dedup();
        tokens
    }

    /// The same conditions, each in a list of its own: for a reader of whom it is known that all of them hold (L-26).
    pub fn one_by_one(&self) -> Self {
        let alone = |list: &List, condition: &Condition| List {
            tag: list.tag.clone(),
            conditions: vec![condition.clone()],
        };
        let lists = self.lists.iter();
        let lists = lists.flat_map(|list| list.conditions.iter().map(move |condition| alone(list, condition)));
        Self { lists: lists.collect() }
    }

    /// The lists in order.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// The same lists, each with the further condition that the resource has this entity tag.
    pub fn with_entity_tag(mut self, etag: &str) -> Self {
        let further = Condition {
            not: false,
            state: State::EntityTag(etag.to_owned()),
        };
        for list in &mut self.lists {
            list.conditions.push(further.clone());
        }
        self
    }

    /// The one condition that the resource `tag` has this entity tag.
    pub fn entity_tag(tag: String, etag: &str) -> Self {
        let list = List {
            tag: Some(tag),
            conditions: Vec::new(),
        };
        Self { lists: vec![list] }.with_entity_tag(etag)
    }

    /// Replaces every state token for which `map` has another one.
    ///
    /// # Errors
    /// The first error of `map`.
    pub fn map_tokens<E>(mut self, mut map: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<Self, E> {
        for condition in self.lists.iter_mut().flat_map(|list| &mut list.conditions) {
            if let State::Token(token) = &mut condition.state
                && let Some(other) = map(token)?
            {
                *token = other;
            }
        }
        Ok(self)
    }

    /// The same conditions, where [`NO_LOCK`] stands in place of `tokens`.
    pub fn without(mut self, tokens: &[String]) -> Self {
        for condition in self.lists.iter_mut().flat_map(|list| &mut list.conditions) {
            if let State::Token(token) = &mut condition.state
                && tokens.contains(token)
            {
                NO_LOCK.clone_into(token);
            }
        }
        self
    }

    /// Whether `token` can stand in an If as a state token.
    pub fn can_hold(token: &str) -> bool {
        is_clean(token)
    }

    /// Whether it is false whatever the resources are: each list wants a state for which `never` says that none has it.
    pub fn is_false(&self, never: impl Fn(&State) -> bool) -> bool {
        let fails = |condition: &Condition| !condition.not && never(&condition.state);
        self.lists.iter().all(|list| list.conditions.iter().any(fails))
    }

    /// Replaces every tag by what `map` makes of it and of the conditions behind it (L-22).
    pub fn map_tags<E>(mut self, mut map: impl FnMut(&str, &[Condition]) -> Result<String, E>) -> Result<Self, E> {
        for list in &mut self.lists {
            if let Some(tag) = &mut list.tag {
                *tag = map(tag, &list.conditions)?;
            }
        }
        Ok(self)
    }
}

/// One spelling (L-26): `Not` capitalised, single blanks, each tag written where it changes.
impl std::fmt::Display for If {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut tag: Option<&str> = None;
        for (number, list) in self.lists.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            if list.tag.as_deref() != tag {
                tag = list.tag.as_deref();
                write!(f, "<{}> ", tag.unwrap_or_default())?;
            }
            for (number, condition) in list.conditions.iter().enumerate() {
                f.write_str(if number == 0 { "(" } else { " " })?;
                f.write_str(if condition.not { "Not " } else { "" })?;
                match &condition.state {
                    State::Token(token) => write!(f, "<{token}>")?,
                    State::EntityTag(etag) => write!(f, "[{etag}]")?,
                }
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// What stands before `close`, and what follows it. No blanks, no controls, not empty.
fn bracketed(text: &str, close: char) -> Result<(&str, &str), Malformed> {
    let (inside, after) = text.split_once(close).ok_or(Malformed)?;
    if is_clean(inside) {
        Ok((inside, after))
    } else {
        Err(Malformed)
    }
}

fn is_clean(inside: &str) -> bool {
    let clean = |b: u8| b.is_ascii_graphic() && b != b'<' && b != b'>';
    !inside.is_empty() && inside.bytes().all(clean)
}

/// `absolute-URI` or a path with optional query (RFC 4918 section 8.3).
fn is_simple_ref(url: &str) -> bool {
    (url.starts_with('/') && !url.starts_with("//")) || has_scheme(url)
}

fn has_scheme(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    let mut bytes = scheme.bytes();
    // `DAV:` alone is a legal absolute URI prefix in `<DAV:no-lock>`; nothing after the colon is not.
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
}

fn list(text: &str, bare: bool) -> Result<(Vec<Condition>, &str), Malformed> {
    let mut rest = skip_blanks(text.strip_prefix('(').ok_or(Malformed)?);
    let mut conditions = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return if conditions.is_empty() {
                Err(Malformed)
            } else {
                Ok((conditions, after))
            };
        }
        let (condition, after) = condition(rest, bare)?;
        conditions.push(condition);
        if conditions.len() > MAX_CONDITIONS {
            return Err(Malformed);
        }
        rest = skip_blanks(after);
    }
}

fn condition(text: &str, bare: bool) -> Result<(Condition, &str), Malformed> {
    let word = text.get(..3).filter(|w| w.eq_ignore_ascii_case("not"));
    let not = word.is_some();
    let rest = if not {
        skip_blanks(text.get(3..).unwrap_or_default())
    } else {
        text
    };
    if let Some(after) = rest.strip_prefix('<') {
        let (token, after) = bracketed(after, '>')?;
        // Deliberately not only URIs: rclone hands out `<1795311818>`, and its clients send that back.
        return Ok((
            Condition {
                not,
                state: State::Token(token.to_owned()),
            },
            after,
        ));
    }
    let after = rest.strip_prefix('[').ok_or(Malformed)?;
    let (etag, behind) = match entity_tag(after) {
        Err(Malformed) if bare => bare_entity_tag(after)?,
        read => read?,
    };
    let after_tag = behind.strip_prefix(']').ok_or(Malformed)?;
    Ok((
        Condition {
            not,
            state: State::EntityTag(etag.to_owned()),
        },
        after_tag,
    ))
}

/// The entity tag at the beginning of `text`, and what follows it.
fn entity_tag(text: &str) -> Result<(&str, &str), Malformed> {
    let quoted = text
        .strip_prefix("W/")
        .unwrap_or(text)
        .strip_prefix('"')
        .ok_or(Malformed)?;
    let (inside, behind) = quoted.split_once('"').ok_or(Malformed)?;
    // Deliberately narrower than RFC 9110 section 8.8.3: mod_dav ends a list at the first `)` and a tag at the first `]`, whatever
    // stands in quotes, and would read what follows there as another list, with a tag that nobody has mapped (L-22).
    // Nor anything that is not ASCII: what is written of it must fit into a field.
    if inside.bytes().any(|b| !b.is_ascii_graphic() || b"<>()[]".contains(&b)) {
        return Err(Malformed);
    }
    let etag = text.get(..text.len() - behind.len()).ok_or(Malformed)?;
    Ok((etag, behind))
}

/// An entity tag without quotes at the beginning of `text`, and what follows it.
fn bare_entity_tag(text: &str) -> Result<(&str, &str), Malformed> {
    let end = text.find(']').ok_or(Malformed)?;
    let (etag, behind) = text.split_at_checked(end).ok_or(Malformed)?;
    let legal = |b: u8| b.is_ascii_graphic() && !b"\"<>()[],".contains(&b);
    if etag.is_empty() || !etag.bytes().all(legal) {
        return Err(Malformed);
    }
    Ok((etag, behind))
}

/// Whether `text` is an entity tag that may stand in an If header.
pub fn is_entity_tag(text: &str) -> bool {
    text.is_ascii() && entity_tag(text).is_ok_and(|(_, behind)| behind.is_empty())
}

#[cfg(test)]
#[path = "if_header_tests.rs"]
mod tests;
