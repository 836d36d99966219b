//! The state machine of the push tokenizer. In: text in pieces of any size. Out: tokens, as [`super::scanner`] describes them.

use super::scan_chars::{cut, forbidden_character, is_ncname, is_space, reference_length};
use super::scan_elements::Elements;
use super::scan_encoding::{Declaration, Piece};
use super::scanner::{Flow, ScanError, Sink, Token};

/// The longest tag, comment or processing instruction, in bytes. Text and CDATA have no limit here: they are not carried.
const MAX_TOKEN: usize = 64 * 1024;
const CDATA_START: &str = "<![CDATA[";
const COMMENT_START: &str = "<!--";
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Where the scan stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first character: a byte order mark may come.
    #[default]
    Beginning,
    /// In character data, or between the tags.
    Text,
    /// In a reference that the end of a piece cut in two.
    Reference,
    /// At a `<`: what follows it decides.
    Opening,
    /// In `<!`, `<!-`, `<![CD`...
    Bang,
    /// In a tag; inside an attribute value, the quote that ends it.
    Tag(Option<u8>),
    Comment,
    Instruction,
    Cdata,
    /// The receiver wants no more tokens.
    Verbatim,
}

/// The state of a scan between two pieces.
#[derive(Default)]
pub(super) struct Machine {
    state: State,
    /// The token so far, when the piece it started in is gone.
    carry: String,
    /// How many characters came last that may begin `]]>`, `-->` or `?>`; never more than 2.
    run: u8,
    /// Whether anything but a byte order mark was there: then an XML declaration is misplaced.
    begun: bool,
    root_seen: bool,
    report_undeclared: bool,
    elements: Elements,
}

impl Machine {
    /// Leaves it to the receiver to refuse elements whose prefix is undeclared.
    pub fn report_undeclared_prefixes(&mut self) {
        self.report_undeclared = true;
    }

    /// Whether the document may end here.
    pub fn is_whole(&self) -> bool {
        self.state == State::Verbatim || (self.state == State::Text && self.root_seen && self.elements.depth() == 0)
    }

    #[cfg(test)]
    pub fn carried(&self) -> usize {
        self.carry.capacity()
    }

    /// Scans the next piece.
    pub fn take<E: From<ScanError>>(&mut self, piece: Piece<'_>, sink: Sink<'_, E>) -> Result<(), E> {
        match piece {
            Piece::NotUtf8(bytes) if self.state == State::Verbatim => sink(Token::Rest(bytes)).map(|_| ()),
            Piece::NotUtf8(_) => Err(ScanError::Encoding.into()),
            Piece::Text(text) => match forbidden_character(text) {
                None => self.scan(text, sink),
                Some(at) => {
                    let (before, after) = cut(text, at);
                    self.scan(before, sink)?;
                    if self.state == State::Verbatim {
                        self.scan(after, sink)
                    } else {
                        Err(ScanError::Character.into())
                    }
                }
            },
        }
    }

    fn scan<E: From<ScanError>>(&mut self, text: &str, sink: Sink<'_, E>) -> Result<(), E> {
        let mut rest = text;
        while !rest.is_empty() {
            rest = match self.state {
                State::Beginning => self.beginning(rest, sink)?,
                State::Text => self.text(rest, sink)?,
                State::Reference => self.reference(rest, sink)?,
                State::Opening => self.opening(rest),
                State::Bang => self.bang(rest, sink)?,
                State::Tag(quote) => self.tag(rest, quote, sink)?,
                State::Comment => self.comment(rest, sink)?,
                State::Instruction => self.instruction(rest, sink)?,
                State::Cdata => self.cdata(rest, sink)?,
                State::Verbatim => {
                    sink(Token::Rest(rest.as_bytes()))?;
                    ""
                }
            };
        }
        Ok(())
    }

    /// A byte order mark that is still there goes out as it came.
    fn beginning<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        self.state = State::Text;
        if !rest.starts_with(BYTE_ORDER_MARK) {
            return Ok(rest);
        }
        let (mark, after) = cut(rest, BYTE_ORDER_MARK.len_utf8());
        sink(Token::Markup(mark))?;
        Ok(after)
    }

    fn text<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        let (mut from, mut next) = (0, State::Text);
        let end = loop {
            let tail = rest.as_bytes().get(from..).unwrap_or_default();
            let Some(at) = memchr::memchr2(b'<', b'&', tail) else {
                break rest.len();
            };
            let here = from + at;
            if tail.get(at) == Some(&b'<') {
                next = State::Opening;
                break here;
            }
            let Some(length) = reference_length(cut(rest, here).1)? else {
                next = State::Reference;
                break here;
            };
            from = here + length;
        };
        let (piece, after) = cut(rest, end);
        if !piece.is_empty() {
            self.begun = true;
            self.content(piece)?;
            sink(Token::Text(piece))?;
        }
        if next != State::Text {
            (self.state, self.run) = (next, 0);
        }
        Ok(after)
    }

    /// Checks text: nothing but white space outside the root, and no `]]>`.
    fn content(&mut self, piece: &str) -> Result<(), ScanError> {
        if self.elements.depth() == 0 && !piece.chars().all(is_space) {
            return Err(ScanError::OutsideRoot);
        }
        if self.run == 0 && memchr::memchr(b']', piece.as_bytes()).is_none() {
            return Ok(());
        }
        for byte in piece.bytes() {
            self.run = match byte {
                b']' => self.run.saturating_add(1).min(2),
                b'>' if self.run == 2 => return Err(ScanError::Markup),
                _ => 0,
            };
        }
        Ok(())
    }

    fn reference<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        let end = rest.find(';').map_or(rest.len(), |at| at + 1);
        let (piece, after) = cut(rest, end);
        self.carry(piece)?;
        if reference_length(&self.carry)?.is_none() {
            return Ok(after);
        }
        self.state = State::Text;
        self.carried_token(|machine, raw| {
            machine.content(raw)?;
            sink(Token::Text(raw)).map(|_| ())
        })?;
        Ok(after)
    }

    /// After a `<`, which is the first character of `rest` or carried already.
    fn opening<'t>(&mut self, rest: &'t str) -> &'t str {
        let after = if self.carry.is_empty() { cut(rest, 1).1 } else { rest };
        match after.bytes().next() {
            Some(kind @ (b'!' | b'?')) => {
                self.state = if kind == b'!' { State::Bang } else { State::Instruction };
                self.carry.clear();
                self.carry.push_str(if kind == b'!' { "<!" } else { "<?" });
                cut(after, 1).1
            }
            Some(_) => {
                self.state = State::Tag(None);
                rest
            }
            None => {
                self.carry.push('<');
                after
            }
        }
    }

    fn bang<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        let (next, after) = cut(rest, rest.chars().next().map_or(1, char::len_utf8));
        self.carry.push_str(next);
        self.begun = true;
        match self.carry.as_str() {
            COMMENT_START => self.state = State::Comment,
            CDATA_START if self.elements.depth() == 0 => return Err(ScanError::OutsideRoot.into()),
            CDATA_START => {
                self.state = State::Cdata;
                self.carry.clear();
                sink(Token::Markup(CDATA_START))?;
            }
            seen if COMMENT_START.starts_with(seen) || CDATA_START.starts_with(seen) => {}
            "<!D" => return Err(ScanError::Doctype.into()),
            _ => return Err(ScanError::Markup.into()),
        }
        Ok(after)
    }

    fn tag<'t, E: From<ScanError>>(
        &mut self,
        rest: &'t str,
        mut quote: Option<u8>,
        sink: Sink<'_, E>,
    ) -> Result<&'t str, E> {
        let mut end = 0;
        loop {
            let tail = rest.as_bytes().get(end..).unwrap_or_default();
            let hit = match quote {
                None => memchr::memchr3(b'>', b'"', b'\'', tail),
                Some(quote) => memchr::memchr2(quote, b'<', tail),
            };
            let Some((at, byte)) = hit.and_then(|at| tail.get(at).map(|byte| (at, *byte))) else {
                self.state = State::Tag(quote);
                self.carry(rest)?;
                return Ok("");
            };
            end += at + 1;
            quote = match quote {
                Some(open) if open == byte => None,
                Some(_) => return Err(ScanError::Tag.into()), // `<` in an attribute value
                None if byte == b'>' => break,
                None => Some(byte),
            };
        }
        let (raw, after) = cut(rest, end);
        self.state = State::Text;
        self.begun = true;
        if self.carry.is_empty() {
            if raw.len() > MAX_TOKEN {
                return Err(ScanError::TokenTooLong.into());
            }
            self.whole_tag(raw, sink)?;
        } else {
            self.carry(raw)?;
            self.carried_token(|machine, raw| machine.whole_tag(raw, sink))?;
        }
        Ok(after)
    }

    fn whole_tag<E: From<ScanError>>(&mut self, raw: &str, sink: Sink<'_, E>) -> Result<(), E> {
        if raw.starts_with("</") {
            self.elements.close(raw)?;
            sink(Token::End(raw))?;
            return Ok(());
        }
        if self.elements.depth() == 0 && std::mem::replace(&mut self.root_seen, true) {
            return Err(ScanError::OutsideRoot.into());
        }
        let tag = self.elements.open(raw, self.report_undeclared)?;
        if sink(Token::Start(tag))? == Flow::Verbatim {
            self.state = State::Verbatim;
        }
        if tag.empty {
            self.elements.leave();
        }
        Ok(())
    }

    fn comment<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        for (at, byte) in rest.bytes().enumerate() {
            self.run = match (byte, self.run) {
                (b'>', 2) => {
                    let (last, after) = cut(rest, at + 1);
                    self.end_of_carried(last)?;
                    self.carried_token(|_, raw| sink(Token::Markup(raw)).map(|_| ()))?;
                    return Ok(after);
                }
                (_, 2) => return Err(ScanError::Markup.into()), // `--` inside
                (b'-', run) => run + 1,
                (_, _) => 0,
            };
        }
        self.carry(rest)?;
        Ok("")
    }

    fn instruction<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        for (at, byte) in rest.bytes().enumerate() {
            if byte == b'>' && self.run == 1 {
                let (last, after) = cut(rest, at + 1);
                self.end_of_carried(last)?;
                self.carried_token(|machine, raw| machine.whole_instruction(raw, sink))?;
                return Ok(after);
            }
            self.run = u8::from(byte == b'?');
        }
        self.carry(rest)?;
        Ok("")
    }

    fn whole_instruction<E: From<ScanError>>(&mut self, raw: &str, sink: Sink<'_, E>) -> Result<(), E> {
        let body = raw
            .strip_prefix("<?")
            .and_then(|text| text.strip_suffix("?>"))
            .ok_or(ScanError::Markup)?;
        let target = body.split(is_space).next().unwrap_or_default();
        let first = !std::mem::replace(&mut self.begun, true);
        let token = match target {
            "xml" if first => Token::Declaration(Declaration::parse(raw)?),
            _ if target.eq_ignore_ascii_case("xml") => return Err(ScanError::Declaration.into()),
            _ if is_ncname(target) => Token::Markup(raw),
            _ => return Err(ScanError::Name.into()),
        };
        sink(token).map(|_| ())
    }

    /// CDATA goes out as it comes, but for a `]` or `]]` at the end of what is known, which may begin `]]>`.
    fn cdata<'t, E: From<ScanError>>(&mut self, rest: &'t str, sink: Sink<'_, E>) -> Result<&'t str, E> {
        match (rest.bytes().next(), self.run) {
            (_, 0) => {}
            (Some(b'>'), 2) => {
                (self.state, self.run) = (State::Text, 0);
                sink(Token::Markup("]]>"))?;
                return Ok(cut(rest, 1).1);
            }
            (Some(b']'), 2) => {
                sink(Token::Cdata("]"))?;
                return Ok(cut(rest, 1).1);
            }
            (Some(b']'), _) => {
                self.run = 2;
                return Ok(cut(rest, 1).1);
            }
            (_, run) => {
                sink(Token::Cdata(if run == 2 { "]]" } else { "]" }))?;
                self.run = 0;
            }
        }
        let (piece, after) = cut(rest, memchr::memchr(b']', rest.as_bytes()).unwrap_or(rest.len()));
        if !piece.is_empty() {
            sink(Token::Cdata(piece))?;
        }
        if !after.is_empty() {
            self.run = 1;
        }
        Ok(cut(after, 1).1)
    }

    fn carry(&mut self, piece: &str) -> Result<(), ScanError> {
        if self.carry.len() + piece.len() > MAX_TOKEN {
            return Err(ScanError::TokenTooLong);
        }
        self.carry.push_str(piece);
        Ok(())
    }

    fn end_of_carried(&mut self, last: &str) -> Result<(), ScanError> {
        (self.state, self.run) = (State::Text, 0);
        self.carry(last)
    }

    /// Gives the carried token to `use_it` and keeps its memory for the next.
    fn carried_token<E>(&mut self, use_it: impl FnOnce(&mut Self, &str) -> Result<(), E>) -> Result<(), E> {
        let mut raw = std::mem::take(&mut self.carry);
        let result = use_it(self, &raw);
        raw.clear();
        self.carry = raw;
        result
    }
}
