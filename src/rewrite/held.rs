//! What is held back of an answer because something later in it decides what becomes of it: normally one `DAV:response`.
//! In: the bytes of the answer, with marks where elements begin whose fate is open. Out: the bytes, once no fate is open; without
//! the responses that have no URL left (F-1, R-9), with properties emptied that held a URL of the back end's own.

use super::{body::BodyError, context::Context};

/// What decides about an element, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A `DAV:response`: it goes out if one of its hrefs does.
    Response,
    /// An element that is left out when the URL in it is not public.
    Element,
    /// A value that is replaced by nothing when a URL in it is not public: the element stays, empty.
    Value,
    /// An element that goes out, but not before it was seen as a whole: a filter takes parts out of it.
    Whole,
}

impl Fate {
    /// What is decided about an element of this context only at its end.
    pub fn of(context: Context, filtered: bool) -> Option<Self> {
        match context {
            Context::ActiveLock if filtered => Some(Fate::Whole),
            Context::Response => Some(Fate::Response),
            // Deliberately only the lock root, not the whole lockdiscovery: a client must see that the resource is locked.
            Context::Location | Context::LockRoot => Some(Fate::Element),
            Context::Value | Context::RelativeValue | Context::Source | Context::Recipient => Some(Fate::Value),
            Context::Multistatus
            | Context::Propstat
            | Context::Prop
            | Context::InValue
            | Context::LockDiscovery
            | Context::ActiveLock
            | Context::LockOwner
            | Context::LockToken
            | Context::SourceLink
            | Context::Error
            | Context::Description
            | Context::Status
            | Context::Privileges
            | Context::Privilege
            | Context::OptionsResponse
            | Context::OwnResponse
            | Context::Report
            | Context::ScheduleResponse
            | Context::ScheduleItem
            | Context::Mount
            | Context::Url(_)
            | Context::ResponseUrl
            | Context::MountUrl
            | Context::Data => None,
        }
    }
}

/// A range of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where the next byte after it is.
    pub end: usize,
}

/// A range of what is held, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub span: Span,
    pub with: Vec<u8>,
}

impl Edit {
    /// Takes `span` out.
    pub fn remove(span: Span) -> Self {
        Self { span, with: Vec::new() }
    }

    /// Puts `with` in at `at`.
    pub fn insert(at: usize, with: Vec<u8>) -> Self {
        let span = Span { start: at, end: at };
        Self { span, with }
    }
}

/// The part of the answer that is held back.
pub(super) struct Held {
    bytes: Vec<u8>,
    /// The elements whose fate is open, outermost first. Empty means that nothing is held.
    marks: Vec<Mark>,
    limit: usize,
}

struct Mark {
    fate: Fate,
    /// Where its start tag begins.
    start: usize,
    /// Where its content begins.
    content: usize,
    /// [`Fate::Response`]: whether an href is left; the others: whether a URL was not public.
    decided: bool,
}

impl Held {
    /// Holds back up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            marks: Vec::new(),
            limit,
        }
    }

    /// Bytes that go out when their turn comes.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        if self.marks.is_empty() {
            out.extend_from_slice(bytes);
        } else if self.bytes.len() + bytes.len() > self.limit {
            return Err(BodyError::TooLarge { limit: self.limit });
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// An element with the start tag `tag` begins whose fate is open.
    pub fn open(&mut self, fate: Fate, tag: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        let start = self.bytes.len();
        self.marks.push(Mark {
            fate,
            start,
            content: start + tag.len(),
            decided: false,
        });
        self.write(tag, out)
    }

    /// An href of the innermost response goes out. Whoever does not say so for any href of a response has it left out: a filter
    /// by what the client may see belongs in front of this call.
    pub fn keep_response(&mut self) {
        self.decide(|fate| fate == Fate::Response);
    }

    /// A URL in the innermost value or element is not public.
    pub fn hide_value(&mut self) {
        self.decide(|fate| matches!(fate, Fate::Element | Fate::Value));
    }

    /// Where the next byte will be held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back what is held from `start` on.
    pub fn truncate(&mut self, start: usize) {
        self.bytes.truncate(start);
    }

    /// The bytes of `span`.
    pub fn get(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// Changes what is held from the first edit on. An edit inside another one is void.
    pub fn edit(&mut self, mut edits: Vec<Edit>) {
        // Of two that begin at one place the wider one; what is only put in comes before.
        edits.sort_by_key(|edit| {
            let inserts = edit.span.start == edit.span.end;
            (edit.span.start, !inserts, std::cmp::Reverse(edit.span.end))
        });
        let Some(first) = edits.first().map(|edit| edit.span.start.min(self.bytes.len())) else {
            return;
        };
        let rest = self.bytes.split_off(first);
        let mut done = first;
        for edit in edits.iter().filter(|edit| edit.span.start <= edit.span.end) {
            if edit.span.start < done {
                continue;
            }
            let between = rest.get(done - first..edit.span.start - first);
            self.bytes.extend_from_slice(between.unwrap_or_default());
            self.bytes.extend_from_slice(&edit.with);
            done = edit.span.end;
        }
        self.bytes
            .extend_from_slice(rest.get(done - first..).unwrap_or_default());
    }

    fn decide(&mut self, which: impl Fn(Fate) -> bool) {
        if let Some(mark) = self.marks.iter_mut().rev().find(|mark| which(mark.fate)) {
            mark.decided = true;
        }
    }

    /// The innermost open element has ended, its end tag is written.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        let Some(mark) = self.marks.pop() else { return };
        match (mark.fate, mark.decided) {
            (Fate::Response, false) | (Fate::Element, true) => self.bytes.truncate(mark.start),
            (Fate::Value, true) => {
                let tag = self.bytes.get(mark.start..mark.content).unwrap_or_default();
                let empty = empty_tag(tag);
                self.bytes.truncate(mark.start);
                self.bytes.extend_from_slice(&empty);
            }
            (Fate::Response, true) | (Fate::Element | Fate::Value, false) | (Fate::Whole, _) => {}
        }
        if self.marks.is_empty() {
            out.append(&mut self.bytes);
        }
    }

    /// The memory that is kept, in bytes.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The empty tag for a start tag or an empty tag.
pub(super) fn empty_tag(tag: &[u8]) -> Vec<u8> {
    let inner = tag
        .strip_suffix(b"/>")
        .or_else(|| tag.strip_suffix(b">"))
        .unwrap_or(tag);
    [inner, b"/>"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        let edit = |start, end, with: &str| Edit {
            span: Span { start, end },
            with: with.as_bytes().to_vec(),
        };
        for (name, edits, want) in [
            ("none", vec![], "0123456789"),
            ("taken out", vec![edit(2, 4, "")], "01456789"),
            ("in any order", vec![edit(8, 9, "x"), edit(0, 1, "")], "1234567x9"),
            ("one inside another", vec![edit(3, 4, "x"), edit(2, 6, "")], "016789"),
            ("same start", vec![edit(2, 3, "x"), edit(2, 6, "y")], "01y6789"),
            (
                "put in at the end of what goes",
                vec![edit(2, 4, ""), edit(4, 4, "x")],
                "01x456789",
            ),
            (
                "put in before what goes",
                vec![edit(2, 4, ""), edit(2, 2, "x")],
                "01x456789",
            ),
            ("put in at the end", vec![edit(10, 10, "x")], "0123456789x"),
        ] {
            let mut held = Held::new(100);
            held.bytes.extend_from_slice(b"0123456789");
            held.edit(edits);
            assert_eq!(String::from_utf8_lossy(&held.bytes), want, "{name}");
        }
    }
}
