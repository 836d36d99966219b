//! Tables for the push tokenizer: what is accepted, what is refused and why, and that pieces make no difference.

use super::*;

fn scan_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, charset: Option<&str>) -> Result<String, ScanError> {
    let mut scanner = Scanner::new(charset);
    let mut out = Vec::new();
    let mut sink = |token: Token<'_>| {
        match token {
            Token::Declaration(declaration) => out.extend_from_slice(declaration.raw.as_bytes()),
            Token::Start(tag) => {
                if tag.name.local == "verbatim" {
                    out.extend_from_slice(tag.raw.as_bytes());
                    return Ok(Flow::Verbatim);
                }
                out.extend_from_slice(tag.raw.as_bytes());
            }
            Token::End(raw) | Token::Text(raw) | Token::Cdata(raw) | Token::Markup(raw) => {
                out.extend_from_slice(raw.as_bytes());
            }
            Token::Rest(bytes) => out.extend_from_slice(bytes),
        }
        Ok::<_, ScanError>(Flow::Continue)
    };
    for piece in pieces {
        scanner.push(piece, &mut sink)?;
    }
    scanner.finish(&mut sink)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn scan(document: &[u8]) -> Result<String, ScanError> {
    let whole = scan_pieces([document], None);
    assert_eq!(scan_pieces(document.chunks(1), None), whole, "in pieces of one byte");
    for at in 0..=document.len().min(400) {
        let (a, b) = document.split_at(at);
        assert_eq!(scan_pieces([a, b], None), whole, "cut at {at}");
    }
    whole
}

/// The expanded names, as `{namespace}local`.
fn names(document: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut scanner = Scanner::new(None);
    let mut sink = |token: Token<'_>| {
        if let Token::Start(tag) = token {
            names.push(format!("{{{}}}{}", tag.name.namespace, tag.name.local));
        }
        Ok::<_, ScanError>(Flow::Continue)
    };
    scanner.push(document.as_bytes(), &mut sink).unwrap();
    scanner.finish(&mut sink).unwrap();
    names
}

#[test]
fn accepted_and_copied_byte_for_byte() {
    let documents = [
        "<a/>",
        "<a></a >",
        "<a\n b = 'x > y' c=\"it's\"\t/>",
        "<?xml version='1.0'?><a/>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>\n<!-- c - ->-->\n<a/>",
        "\u{FEFF}<?xml version=\"1.0\"?><a/>",
        "<?xml-stylesheet href='x'?><a/><?end?>\n<!-- tail -->\n",
        "<a>]] ]> &amp;&#65;&#x41; > \"'</a>",
        "<a><![CDATA[<b>]]]]><![CDATA[>&amp;]]></a>",
        "<a><![CDATA[]]]]]></a>",
        "<a><![CDATA[]]></a>",
        "<\u{e9}l\u{e9}ment xml:lang='fr'>\u{20ac}\u{1F4C1}</\u{e9}l\u{e9}ment>",
        "<D:a xmlns:D='DA&#86;:'><D:b></D:b></D:a>",
        "<a><!----><!-- - --><!---> --><?p ??>x</a>",
        "<a xmlns='u'><b xmlns=''/></a>",
    ];
    for document in documents {
        assert_eq!(scan(document.as_bytes()).as_deref(), Ok(document), "{document}");
    }
}

// F-14, B-60 to B-63, B-75
#[test]
fn refused() {
    use ScanError as E;
    let rows: &[(&str, &str, E)] = &[
        ("empty", "", E::Truncated),
        ("only a prolog", "<?xml version='1.0'?>\n", E::Truncated),
        ("an open element", "<a><b></b>", E::Truncated),
        ("an open tag", "<a></a", E::Truncated),
        ("an open comment", "<a/><!-- ", E::Truncated),
        ("an open CDATA section", "<a><![CDATA[x]]", E::Truncated),
        ("a cut reference", "<a>&am", E::Truncated),
        ("a lone <", "<a/><", E::Truncated),
        ("DOCTYPE", "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", E::Doctype),
        ("DOCTYPE of HTML in lower case", "<!doctype html><html/>", E::Markup),
        ("unknown entity", "<a>&nbsp;</a>", E::Reference),
        ("bare ampersand", "<a>a & b</a>", E::Reference),
        ("reference in an attribute", "<a b='&x;'/>", E::Reference),
        ("reference to a control character", "<a>&#1;</a>", E::Reference),
        ("control character", "<a>\u{1}</a>", E::Character),
        ("noncharacter", "<a>\u{FFFE}</a>", E::Character),
        ("crossed tags", "<a><b></a></b>", E::EndTag),
        ("end tag first", "</a>", E::EndTag),
        (
            "prefix differs at the end",
            "<x:a xmlns:x='u' xmlns:y='u'></y:a>",
            E::EndTag,
        ),
        ("two roots", "<a/><b/>", E::OutsideRoot),
        ("text after the root", "<a/>x", E::OutsideRoot),
        ("text before the root", "x<a/>", E::OutsideRoot),
        ("a reference after the root", "<a/>&#32;", E::OutsideRoot),
        ("CDATA outside", "<a/><![CDATA[]]>", E::OutsideRoot),
        ("a second byte order mark", "\u{FEFF}\u{FEFF}<a/>", E::OutsideRoot),
        ("]]> in text", "<a>x]]>y</a>", E::Markup),
        ("-- in a comment", "<a><!-- a -- b --></a>", E::Markup),
        ("---> at the end of a comment", "<a><!-- a ---></a>", E::Markup),
        ("unknown markup", "<a><!ELEMENT x></a>", E::Markup),
        ("late declaration", " <?xml version='1.0'?><a/>", E::Declaration),
        ("declaration inside", "<a><?xml version='1.0'?></a>", E::Declaration),
        ("target xml in capitals", "<?XML version='1.0'?><a/>", E::Declaration),
        (
            "declaration without a version",
            "<?xml encoding='utf-8'?><a/>",
            E::Declaration,
        ),
        ("version 2", "<?xml version='2.0'?><a/>", E::Declaration),
        ("instruction without a target", "<a><? x?></a>", E::Name),
        ("empty tag name", "<></>", E::Name),
        ("name that starts with a digit", "<1a/>", E::Name),
        ("space before the name", "< a/>", E::Name),
        ("two colons", "<a:b:c/>", E::Name),
        ("tag in a tag", "<a <b>", E::Tag),
        ("< in an attribute", "<a b='<'/>", E::Tag),
        ("attribute without quotes", "<a b=c/>", E::Tag),
        ("attribute without a value", "<a b/>", E::Tag),
        ("attributes run together", "<a b='c'd='e'/>", E::Tag),
        ("slash not at the end", "<a / >", E::Tag),
        ("attribute twice", "<a b='1' b='2'/>", E::DuplicateAttribute),
        (
            "one expanded name twice",
            "<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
            E::DuplicateAttribute,
        ),
        (
            "namespace declared twice",
            "<a xmlns:x='u' xmlns:x='u'/>",
            E::DuplicateAttribute,
        ),
        ("undeclared prefix", "<D:a/>", E::UndeclaredPrefix),
        (
            "prefix out of scope",
            "<a><b xmlns:D='DAV:'/><D:c/></a>",
            E::UndeclaredPrefix,
        ),
        ("undeclared prefix of an attribute", "<a D:b=''/>", E::UndeclaredPrefix),
        ("xmlns as a prefix", "<xmlns:a/>", E::UndeclaredPrefix),
        ("undeclaring a prefix", "<a xmlns:x=''/>", E::NamespaceDeclaration),
        ("another xml", "<a xmlns:xml='u'/>", E::NamespaceDeclaration),
        (
            "xml's namespace elsewhere",
            "<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>",
            E::NamespaceDeclaration,
        ),
        ("declaring xmlns", "<a xmlns:xmlns='u'/>", E::NamespaceDeclaration),
        (
            "unknown encoding",
            "<?xml version='1.0' encoding='x-none'?><a/>",
            E::Encoding,
        ),
        (
            "UTF-16 that is none",
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            E::Encoding,
        ),
    ];
    for (name, document, error) in rows {
        assert_eq!(scan(document.as_bytes()), Err(*error), "{name}: {document}");
    }
    assert_eq!(scan(b"<a>\xff</a>"), Err(E::Encoding), "invalid UTF-8");
    assert_eq!(scan(b"<a>\xc3"), Err(E::Encoding), "half a character");
    assert_eq!(scan(b"<a>\xed\xa0\x80</a>"), Err(E::Encoding), "a surrogate in UTF-8");
}

#[test]
fn namespaces() {
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "default and none",
            "<a xmlns='u'><b/><c xmlns=''/></a>",
            &["{u}a", "{u}b", "{}c"],
        ),
        (
            "redeclared, then back",
            "<p:a xmlns:p='1'><p:b xmlns:p='2'/><p:c/></p:a>",
            &["{1}a", "{2}b", "{1}c"],
        ),
        ("declared after use in the tag", "<p:a p:x='' xmlns:p='1'/>", &["{1}a"]),
        ("references are decoded", "<a xmlns='DA&#86;:'/>", &["{DAV:}a"]),
        (
            "the prefix xml",
            "<xml:a/>",
            &["{http://www.w3.org/XML/1998/namespace}a"],
        ),
        ("an attribute called xmlnsx", "<a xmlnsx='u'/>", &["{}a"]),
    ];
    for (name, document, want) in rows {
        assert_eq!(names(document), *want, "{name}");
    }
}

// F-13
#[test]
fn limits_and_their_twins() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(scan(nested(256).as_bytes()).map(|_| ()), Ok(()));
    assert_eq!(scan(nested(257).as_bytes()), Err(ScanError::Depth));
    let many = |what: &str, count: usize| {
        let attributes: String = (0..count).map(|n| format!(" {what}{n}='u{n}'")).collect();
        format!("<a{attributes}/>")
    };
    assert!(scan(many("b", 64).as_bytes()).is_ok());
    assert_eq!(scan(many("b", 65).as_bytes()), Err(ScanError::Attributes));
    let namespaces = |inner: usize| {
        let tag = many("xmlns:n", 60).replace("/>", ">");
        format!("{tag}{tag}{}</a></a>", many("xmlns:m", inner))
    };
    assert!(scan_pieces([namespaces(8).as_bytes()], None).is_ok());
    assert_eq!(
        scan_pieces([namespaces(9).as_bytes()], None),
        Err(ScanError::Namespaces)
    );
    let name = |length: usize| format!("<{}/>", "n".repeat(length));
    assert!(scan(name(1024).as_bytes()).is_ok());
    assert_eq!(scan(name(1025).as_bytes()), Err(ScanError::NameTooLong));
    let long_namespaces = |length: usize| {
        let tag = format!("<a xmlns='{}'>", "u".repeat(length));
        format!("{tag}{tag}</a></a>")
    };
    assert!(scan_pieces([long_namespaces(32 * 1024).as_bytes()], None).is_ok());
    assert_eq!(
        scan_pieces([long_namespaces(32 * 1024 + 1).as_bytes()], None),
        Err(ScanError::Namespaces)
    );
    let long = |length: usize| format!("<a b='{}'/>", "x".repeat(length - 9));
    for chunk in [1, 1000, 100_000] {
        assert!(scan_pieces(long(65536).as_bytes().chunks(chunk), None).is_ok());
        assert_eq!(
            scan_pieces(long(65537).as_bytes().chunks(chunk), None),
            Err(ScanError::TokenTooLong)
        );
    }
    // Text and CDATA may be as long as they like.
    let text = format!("<a>{}<![CDATA[{}]]></a>", "x".repeat(300_000), "]".repeat(300_000));
    assert_eq!(scan_pieces(text.as_bytes().chunks(1), None), Ok(text));
}

// R-13, B-72 to B-74
#[test]
fn encodings() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let text = "<?xml version='1.0' encoding='utf-16'?><a>\u{e9}\u{20ac}\u{1F4C1}</a>";
    let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>".as_slice();
    type Row<'a> = (&'a str, Vec<u8>, Option<&'a str>, Result<&'a str, ScanError>);
    let rows: &[Row<'_>] = &[
        ("UTF-16LE with a mark", utf16(text, false), None, Ok(text)),
        ("UTF-16BE with a mark", utf16(text, true), Some("utf-16"), Ok(text)),
        ("the mark wins", utf16(text, true), Some("utf-8"), Ok(text)),
        (
            "UTF-16 without a mark",
            utf16(text, true)[2..].to_vec(),
            Some("utf-16"),
            Err(ScanError::Encoding),
        ),
        (
            "UTF-16 nobody announced",
            utf16("<a/>", true)[2..].to_vec(),
            None,
            Err(ScanError::Character),
        ),
        (
            "UTF-16LE by charset",
            utf16(text, false)[2..].to_vec(),
            Some("UTF-16LE"),
            Ok(text),
        ),
        (
            "half a unit",
            utf16(text, false)[..41].to_vec(),
            None,
            Err(ScanError::Encoding),
        ),
        (
            "ISO-8859-1 declared",
            latin.to_vec(),
            None,
            Ok("<?xml version='1.0' encoding='iso-8859-1'?><a>\u{e9}</a>"),
        ),
        (
            "charset before declaration",
            latin.to_vec(),
            Some("utf-8"),
            Err(ScanError::Encoding),
        ),
        (
            "charset alone",
            b"<a>\xe9</a>".to_vec(),
            Some("ISO-8859-1"),
            Ok("<a>\u{e9}</a>"),
        ),
        (
            "unknown charset",
            b"<a/>".to_vec(),
            Some("x-none"),
            Err(ScanError::Encoding),
        ),
        ("US-ASCII", b"<a>x</a>".to_vec(), Some("us-ascii"), Ok("<a>x</a>")),
    ];
    for (name, bytes, charset, want) in rows {
        let want = want.map(str::to_owned);
        assert_eq!(scan_pieces([bytes.as_slice()], *charset), want, "{name}");
        assert_eq!(scan_pieces(bytes.chunks(1), *charset), want, "{name}, byte by byte");
        for at in 0..bytes.len() {
            assert_eq!(
                scan_pieces([&bytes[..at], &bytes[at..]], *charset),
                want,
                "{name}, cut at {at}"
            );
        }
    }
}

#[test]
fn the_rest_is_not_looked_at_when_nobody_wants_it() {
    for rest in [
        b"<not xml & at all".as_slice(),
        b"\xff\xfe\x00\x01",
        b"</verbatim>",
        b"",
    ] {
        let document = [b"<?xml version='1.0'?>\n<verbatim x='1'>", rest].concat();
        let want = String::from_utf8_lossy(&document).into_owned();
        assert_eq!(scan(&document), Ok(want));
    }
}

#[test]
fn pieces_of_one_byte_cost_linear_time_and_little_memory() {
    let document = format!("<a b='{}'>{}</a>", "x".repeat(60_000), "y".repeat(1_000_000));
    let mut scanner = Scanner::new(None);
    let mut sink = |_: Token<'_>| Ok::<_, ScanError>(Flow::Continue);
    for piece in document.as_bytes().chunks(1) {
        scanner.push(piece, &mut sink).unwrap();
    }
    scanner.finish(&mut sink).unwrap();
    assert!(scanner.carried() <= 128 * 1024);
}
