//! What is held back of an answer because something later in it decides what becomes of it: normally one `DAV:response`.
//! In: the bytes of the answer, with marks where elements begin whose fate is open. Out: the bytes, once no fate is open; without
//! the responses that have no URL left (F-1, R-9), with properties emptied that held a URL of the back end's own.

use super::body::BodyError;

/// What decides about an element, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// A `DAV:response`: it goes out if one of its hrefs does.
    Response,
    /// An element that is left out when the URL in it is not public.
    Element,
    /// A value that is replaced by nothing when a URL in it is not public: the element stays, empty.
    Value,
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
        self.decide(|fate| fate != Fate::Response);
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
            (Fate::Response, true) | (Fate::Element | Fate::Value, false) => {}
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
