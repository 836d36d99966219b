//! An input, taken apart from its beginning: first the choices, a byte each, then the text. So a seed can be written by hand: `b/files/x`.

/// What is left of an input.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of it.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// The next byte says which of `all`: `a` the first, `b` the second.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        let number = usize::from(self.byte().wrapping_sub(b'a'));
        &all[number % all.len()]
    }

    /// What stands before the next line feed, or all that is left; the line feed is dropped.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        line
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left, if it can be a header field's value.
    pub fn field(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.rest()).ok()
    }
}
