//! The owner of a lock as Python prints bytes (F-14): Zope puts out `b'...'` for what a client sent. In: the text between the tags of an owner,
//! in pieces of any size. Out: the same without the letter and the quotes, its escapes read. An owner that does not begin so stays as it is.

/// An owner that is being read.
#[derive(Default)]
pub(super) struct PrintedOwner {
    state: State,
    /// Bytes of characters whose escapes are read, until the last one is there.
    bytes: Vec<u8>,
}

#[derive(Default)]
enum State {
    /// Nothing of it came yet.
    #[default]
    Before,
    /// The letter.
    Letter,
    /// It was not printed.
    Plain,
    /// Behind the first quote.
    Within {
        quote: char,
        /// An escape that is not at its end.
        escape: String,
        /// Whether the last character was that quote: it is the end, or it is not.
        quoted: bool,
    },
}

impl PrintedOwner {
    /// What goes out for a piece of text.
    pub fn text(&mut self, raw: &str) -> String {
        let mut out = String::new();
        for next in raw.chars() {
            self.character(next, &mut out);
        }
        out
    }

    /// A tag or something else that is no text comes: what goes out before it.
    pub fn tag(&mut self) -> String {
        let mut out = String::new();
        match &mut self.state {
            State::Before => self.state = State::Plain,
            State::Letter => {
                out.push('b');
                self.state = State::Plain;
            }
            State::Plain => {}
            State::Within { quote, escape, quoted } => {
                flush(&mut self.bytes, &mut out);
                out.push_str(&std::mem::take(escape));
                if std::mem::take(quoted) {
                    out.push(*quote);
                }
            }
        }
        out
    }

    /// The owner ends: what goes out before its end. From here on it is another one.
    pub fn end(&mut self) -> String {
        if let State::Within { quoted, .. } = &mut self.state {
            *quoted = false;
        }
        let out = self.tag();
        self.state = State::Before;
        out
    }

    fn character(&mut self, next: char, out: &mut String) {
        match &mut self.state {
            State::Before if next == 'b' => self.state = State::Letter,
            State::Letter if matches!(next, '\'' | '"') => {
                self.state = State::Within {
                    quote: next,
                    escape: String::new(),
                    quoted: false,
                };
            }
            State::Before | State::Letter => {
                out.push_str(&self.tag());
                out.push(next);
            }
            State::Plain => out.push(next),
            State::Within { quote, escape, quoted } => {
                if !escape.is_empty() {
                    escape.push(next);
                    read(escape, &mut self.bytes, out);
                    return;
                }
                if next == '\\' && !*quoted {
                    escape.push(next);
                    return;
                }
                flush(&mut self.bytes, out);
                if std::mem::take(quoted) {
                    out.push(*quote);
                }
                match next {
                    '\\' => escape.push(next),
                    _ if next == *quote => *quoted = true,
                    _ => out.push(next),
                }
            }
        }
    }
}

/// Reads an escape, if it is at its end.
fn read(escape: &mut String, bytes: &mut Vec<u8>, out: &mut String) {
    let one = match escape.as_str() {
        "\\\\" => '\\',
        "\\'" => '\'',
        "\\n" => '\n',
        "\\t" => '\t',
        // It would not outlive a reader of XML.
        "\\r" => ' ',
        "\\x" => return,
        longer if longer.starts_with("\\x") => {
            if longer.len() < 4 {
                return;
            }
            let byte = longer.get(2..).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match byte {
                Some(byte) => bytes.push(byte),
                None => out.push_str(escape),
            }
            escape.clear();
            return;
        }
        _ => {
            flush(bytes, out);
            out.push_str(&std::mem::take(escape));
            return;
        }
    };
    flush(bytes, out);
    out.push(one);
    escape.clear();
}

/// Writes the characters of `bytes` as text of XML.
fn flush(bytes: &mut Vec<u8>, out: &mut String) {
    for next in String::from_utf8_lossy(&std::mem::take(bytes)).chars() {
        match next {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PrintedOwner;

    // F-14: however it is cut
    #[test]
    fn printed() {
        for (printed, owner) in [
            ("b''", ""),
            ("b'litmus test suite'", "litmus test suite"),
            ("b\"ann's\"", "ann's"),
            (r#"b'"ann\'s"'"#, r#""ann's""#),
            (r"b'DOMAIN\\ann'", r"DOMAIN\ann"),
            (r"b'\\x41'", r"\x41"),
            (r"b'Zo\xc3\xab\n\tx\r'", "Zo\u{eb}\n\tx "),
            (r"b'a &amp; b'", "a &amp; b"),
            // What Python does not print so is not taken for markup.
            (r"b'\x3cx\x26\x3e\x00'", "&lt;x&amp;&gt;\u{fffd}"),
            (r"b'\xc3'", "\u{fffd}"),
            (r"b'\q\xzz'", r"\q\xzz"),
            // A quote is the last one only at the end.
            ("b'it's so'", "it's so"),
            ("b'it''", "it'"),
            ("ann", "ann"),
            ("bob", "bob"),
            ("b", "b"),
            (" b'x'", " b'x'"),
            ("", ""),
        ] {
            for size in [1, 2, 100] {
                let mut reader = PrintedOwner::default();
                let pieces: Vec<char> = printed.chars().collect();
                let mut out: String = pieces
                    .chunks(size)
                    .map(|piece| reader.text(&piece.iter().collect::<String>()))
                    .collect();
                out.push_str(&reader.end());
                assert_eq!(out, owner, "{printed} in pieces of {size}");
                assert_eq!(reader.text("b'") + &reader.end(), "", "the next one");
            }
        }
    }

    // F-14: with elements in it
    #[test]
    fn with_elements() {
        let mut reader = PrintedOwner::default();
        let out = [
            reader.text("b'"),
            reader.tag(),
            reader.text("x'"),
            reader.tag(),
            reader.text("'"),
            reader.end(),
        ];
        assert_eq!(out.concat(), "x'");
        let out = [reader.tag(), reader.text("b'x'"), reader.tag(), reader.end()];
        assert_eq!(out.concat(), "b'x'", "not printed: it begins with an element");
        let out = [reader.text("b"), reader.tag(), reader.text("'x'"), reader.end()];
        assert_eq!(out.concat(), "b'x'", "not printed: no quote behind the letter");
    }
}
