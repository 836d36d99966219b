//! The only place that knows the file is YAML (1.2, core schema: `no`, `off` and `yes` are strings). In: text. Out: for each document a
//! tree of plain values that know their lines. The parser's events become the tree at once and nothing is kept twice, so that a file
//! of 100,000 rules is soon read. Refused: what is no YAML, duplicate keys, and aliases that unfold to more than [`ALIAS_BUDGET`]
//! values. Tags, merge keys and the like are in the tree, for `document` to refuse.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, SpannedEventReceiver, Tag};

/// How many values all aliases of a file may stand for.
const ALIAS_BUDGET: usize = 100_000;

/// Up to so many keys of a mapping are compared one by one.
const FEW_KEYS: usize = 16;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// The line (from 1) of its key or dash, or else its own.
    pub line: u32,
    /// It has been refused: where it stood is still known, but for everything else it is not there.
    pub hidden: bool,
    /// The value.
    pub content: Content<'a>,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, also one that is not finite.
    Float(f64),
    /// Any other scalar.
    Text(Cow<'a, str>),
    /// The values of a list.
    List(Vec<Node<'a>>),
    /// The values of a mapping in the order of the file, each key once.
    Mapping(Vec<(Key<'a>, Node<'a>)>),
    /// Nothing, or `~`.
    Null,
    /// Anything with a tag of its own.
    Tagged,
    /// What is not of the type that its tag says, or an alias inside of what it stands for.
    Unreadable,
}

/// The key of a value.
#[derive(Clone, Debug)]
pub enum Key<'a> {
    /// A string.
    Name(Cow<'a, str>),
    /// Anything else. Such keys are refused, so they may be there twice.
    Other,
}

/// The values of all documents in `text`.
pub fn documents(text: &str) -> Result<Vec<Node<'_>>, ScanError> {
    let mut builder = Builder {
        documents: Vec::new(),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        source: Source { rest: text, index: 0 },
        last_line: u32::try_from(last_line(text)).unwrap_or(u32::MAX),
        budget: ALIAS_BUDGET,
        error: None,
    };
    Parser::new_from_str(text).load(&mut builder, true)?;
    match builder.error {
        Some(error) => Err(error),
        None => Ok(builder.documents),
    }
}

/// The last line of `text` that holds anything, from 1. YAML ends a line with a line feed, a carriage return, or both; to the parser, what
/// is missing at the end is missed one line further.
pub fn last_line(text: &str) -> usize {
    let text = text.trim_end_matches(['\n', '\r']);
    1 + text.matches(['\n', '\r']).count() - text.matches("\r\n").count()
}

impl<'a> Node<'a> {
    fn new(span: Span, content: Content<'a>) -> Self {
        Self {
            // A file of four billion lines does not fit into memory.
            line: u32::try_from(span.start.line()).unwrap_or(u32::MAX),
            hidden: false,
            content,
        }
    }

    /// Takes from `budget` what this and all that it holds count; `None` if that is more than there is.
    fn spend(&self, budget: &mut usize) -> Option<()> {
        *budget = budget.checked_sub(1)?;
        match &self.content {
            Content::List(items) => items.iter().try_for_each(|item| item.spend(budget)),
            Content::Mapping(entries) => entries.iter().try_for_each(|(_, item)| {
                *budget = budget.checked_sub(1)?;
                item.spend(budget)
            }),
            Content::Bool(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Text(_)
            | Content::Null
            | Content::Tagged
            | Content::Unreadable => Some(()),
        }
    }
}

/// Makes trees of events.
struct Builder<'a> {
    documents: Vec<Node<'a>>,
    /// The collections that are not complete, from the outside in.
    open: Vec<Open<'a>>,
    anchors: BTreeMap<usize, Node<'a>>,
    source: Source<'a>,
    /// Nothing is said to stand after it.
    last_line: u32,
    /// How many values aliases may yet stand for.
    budget: usize,
    /// The first error. What comes after it is only looked at by the parser, whose own errors are more to the point.
    error: Option<ScanError>,
}

/// The text that is read, from some character on.
struct Source<'a> {
    rest: &'a str,
    /// The number of that character.
    index: usize,
}

struct Open<'a> {
    start: Span,
    anchor: usize,
    tagged: bool,
    values: Values<'a>,
}

enum Values<'a> {
    List(Vec<Node<'a>>),
    Mapping(Entries<'a>),
}

#[derive(Default)]
struct Entries<'a> {
    all: Vec<(Key<'a>, Node<'a>)>,
    /// The key whose value comes next, and where it stands.
    key: Option<(Key<'a>, Span)>,
    /// The names, once they are many.
    names: HashSet<Cow<'a, str>>,
}

impl<'a> SpannedEventReceiver<'a> for Builder<'a> {
    fn on_event(&mut self, event: Event<'a>, span: Span) {
        if self.error.is_none() {
            self.error = self.take(event, span).err();
        }
    }
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'a>, span: Span) -> Result<(), ScanError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = self.source.of(text, style, span);
                let content = if own_tag(tag.as_ref()) {
                    Content::Tagged
                } else {
                    content(Scalar::parse_from_cow_and_metadata(text, style, tag.as_ref()))
                };
                self.insert(Node::new(span, content), span, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(span, anchor, tag.as_ref(), Values::List(Vec::new()));
                Ok(())
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(span, anchor, tag.as_ref(), Values::Mapping(Entries::default()));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let content = match open.values {
                        _ if open.tagged => Content::Tagged,
                        Values::List(items) => Content::List(items),
                        Values::Mapping(entries) => Content::Mapping(entries.all),
                    };
                    self.insert(Node::new(open.start, content), open.start, open.anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let node = self.unfold(anchor, span)?;
                self.insert(node, span, 0)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, start: Span, anchor: usize, tag: Option<&Cow<'a, Tag>>, values: Values<'a>) {
        self.open.push(Open {
            start,
            anchor,
            tagged: own_tag(tag),
            values,
        });
    }

    /// What stands at `anchor`, for an alias at `span`.
    fn unfold(&mut self, anchor: usize, span: Span) -> Result<Node<'a>, ScanError> {
        // Without a value, it is still open: the alias is inside.
        let Some(node) = self.anchors.get(&anchor) else {
            return Ok(Node::new(span, Content::Unreadable));
        };
        let what = "alias expansion exceeded the maximum node budget (possible billion-laughs attack)";
        node.spend(&mut self.budget)
            .ok_or_else(|| ScanError::new_str(span.start, what))?;
        Ok(Node::new(span, node.content.clone()))
    }

    /// Puts `node`, which begins at `span`, where it belongs.
    fn insert(&mut self, mut node: Node<'a>, span: Span, anchor: usize) -> Result<(), ScanError> {
        node.line = node.line.min(self.last_line);
        // Anchors are counted from 1.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.values) {
            None => self.documents.push(node),
            Some(Values::List(items)) => items.push(node),
            Some(Values::Mapping(entries)) => match entries.key.take() {
                None => {
                    let key = match node.content {
                        Content::Text(name) => Key::Name(name),
                        _ => Key::Other,
                    };
                    entries.key = Some((key, span));
                }
                Some((key, at)) => {
                    if entries.has(&key) {
                        return Err(ScanError::new_str(at.start, "duplicated key in mapping"));
                    }
                    node.line = Node::new(at, Content::Null).line.min(self.last_line);
                    entries.all.push((key, node));
                }
            },
        }
        Ok(())
    }
}

impl<'a> Source<'a> {
    /// The scalar `text` as a part of the source, where it stands there as it is: the parser makes a string of each, and of 100,000
    /// rules that would be a million to keep and to let go.
    fn of(&mut self, text: Cow<'a, str>, style: ScalarStyle, span: Span) -> Cow<'a, str> {
        // Scalars come in their order.
        let Some(ahead) = span.start.index().checked_sub(self.index) else {
            return text;
        };
        let Some((at, _)) = self.rest.char_indices().nth(ahead) else {
            return text;
        };
        self.index = span.start.index();
        self.rest = self.rest.get(at..).unwrap_or_default();
        let quote = match style {
            ScalarStyle::Plain => 0,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
            ScalarStyle::Literal | ScalarStyle::Folded => return text,
        };
        match self.rest.get(quote..).and_then(|rest| rest.get(..text.len())) {
            Some(same) if *same == *text => Cow::Borrowed(same),
            Some(_) | None => text,
        }
    }
}

impl<'a> Entries<'a> {
    /// Whether `key` is there; takes note of it.
    fn has(&mut self, key: &Key<'a>) -> bool {
        let Key::Name(name) = key else { return false };
        let mut names = self.all.iter().filter_map(|(key, _)| key.name());
        if self.all.len() < FEW_KEYS {
            return names.any(|known| known == name);
        }
        if self.names.is_empty() {
            self.names = names.cloned().collect();
        }
        !self.names.insert(name.clone())
    }
}

impl<'a> Key<'a> {
    /// Whether it is `name`.
    pub fn is(&self, name: &str) -> bool {
        self.name().is_some_and(|own| own == name)
    }

    /// The key as a string, if it is one.
    pub fn name(&self) -> Option<&Cow<'a, str>> {
        match self {
            Self::Name(name) => Some(name),
            Self::Other => None,
        }
    }
}

fn own_tag(tag: Option<&Cow<'_, Tag>>) -> bool {
    tag.is_some_and(|tag| !tag.is_yaml_core_schema())
}

fn content(scalar: Option<Scalar<'_>>) -> Content<'_> {
    match scalar {
        None => Content::Unreadable,
        Some(Scalar::Null) => Content::Null,
        Some(Scalar::Boolean(value)) => Content::Bool(value),
        Some(Scalar::Integer(value)) => Content::Integer(value),
        Some(Scalar::FloatingPoint(value)) => Content::Float(value.into_inner()),
        Some(Scalar::String(text)) => Content::Text(text),
    }
}
