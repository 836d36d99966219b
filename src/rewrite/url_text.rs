//! An element of an answer whose text is a URL, until its end. In: its tag and its content as they come. Out: the URL, and the element
//! with another one.

use super::body::BodyError;
use crate::xml::escape_into;

/// The longest URL with its markup, in bytes.
const MAX_URL: usize = 16 * 1024;

/// The element.
#[derive(Default)]
pub(super) struct UrlText {
    /// The start tag and the content as they came.
    pub raw: String,
    /// How much of `raw` is the start tag.
    tag: usize,
    /// The content, decoded.
    pub text: String,
}

impl UrlText {
    /// An element with this start tag begins.
    pub fn begin(&mut self, tag: &str) {
        self.raw.clear();
        self.text.clear();
        self.raw.push_str(tag);
        self.tag = tag.len();
    }

    /// Takes a part of the content, as it came.
    pub fn add(&mut self, raw: &str) -> Result<(), BodyError> {
        if self.raw.len() + raw.len() > self.tag + MAX_URL {
            return Err(BodyError::UrlTooLong);
        }
        self.raw.push_str(raw);
        Ok(())
    }

    /// The start tag.
    pub fn tag(&self) -> &str {
        self.raw.get(..self.tag).unwrap_or_default()
    }

    /// The element with `url` in it; `end` is its end tag, empty when it was an empty tag.
    pub fn with(&self, url: &str, end: &str) -> Vec<u8> {
        let tag = self.tag();
        let mut element = Vec::with_capacity(tag.len() + url.len() + end.len() + 16);
        let pair = split_empty(tag).filter(|_| end.is_empty());
        let (start, end) = match &pair {
            Some((start, end)) => (start.as_str(), end.as_str()),
            None => (tag, end),
        };
        element.extend_from_slice(start.as_bytes());
        escape_into(url, &mut element);
        element.extend_from_slice(end.as_bytes());
        element
    }

    /// The memory that is kept, in bytes.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.raw.capacity() + self.text.capacity()
    }
}

/// Start tag and end tag for an empty tag; `None` for every other tag.
pub(super) fn split_empty(tag: &str) -> Option<(String, String)> {
    let inner = tag.strip_suffix("/>")?;
    let name = inner.split([' ', '\t', '\r', '\n']).next().unwrap_or(inner);
    Some((format!("{inner}>"), format!("</{}>", name.trim_start_matches('<'))))
}
