//! Tables for B-72 to B-77.

use super::XmlRefusal::{
    ContradictoryEncoding, ForbiddenCharacter, InvalidEncoding, NotXmlMediaType, UnsupportedEncoding,
    UnsupportedXmlVersion,
};
use super::*;

fn little_endian(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn big_endian(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn encodings() {
    let decl = |encoding: &str| format!("<?xml version='1.0' encoding='{encoding}'?><é/>");
    let utf8 = Some("application/xml; charset=\"utf-8\"");
    let utf16 = Some("text/xml; charset=utf-16");
    for (name, bytes, content_type, expected) in [
        ("B-76: no type", "<é/>".as_bytes().to_vec(), None, Ok("<é/>")),
        (
            "B-72: UTF-8 with BOM",
            "\u{FEFF}<é/>".as_bytes().to_vec(),
            None,
            Ok("<é/>"),
        ),
        ("B-72: UTF-16LE", little_endian("\u{FEFF}<é😀/>"), None, Ok("<é😀/>")),
        ("B-72: UTF-16BE", big_endian("\u{FEFF}<é😀/>"), None, Ok("<é😀/>")),
        (
            "B-72: UTF-16 declared",
            big_endian(&format!("\u{FEFF}{}", decl("UTF-16"))),
            utf16,
            Ok("<é/>"),
        ),
        (
            "B-72: Latin-1 by charset",
            b"<\xE9/>".to_vec(),
            Some("text/xml;charset=ISO-8859-1"),
            Ok("<é/>"),
        ),
        (
            "B-72: Latin-1 declared",
            [b"<?xml version='1.0' encoding='iso-8859-1'?><\xE9/>".as_slice()].concat(),
            None,
            Ok("<é/>"),
        ),
        (
            "B-72: ASCII",
            b"<a/>".to_vec(),
            Some("text/xml;charset=us-ascii"),
            Ok("<a/>"),
        ),
        (
            "B-74: BOM against declaration",
            format!("\u{FEFF}{}", decl("iso-8859-1")).into_bytes(),
            None,
            Err(ContradictoryEncoding),
        ),
        (
            "B-74: UTF-16 BOM against declaration",
            little_endian(&format!("\u{FEFF}{}", decl("utf-8"))),
            None,
            Err(ContradictoryEncoding),
        ),
        (
            "B-74: BOM and declaration agree",
            format!("\u{FEFF}{}", decl("UTF-8")).into_bytes(),
            None,
            Ok("<é/>"),
        ),
        (
            "B-74: charset says the same",
            decl("UTF-8").into_bytes(),
            utf8,
            Ok("<é/>"),
        ),
        (
            "B-73: UTF-16 without BOM",
            little_endian("<a/>"),
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-16BE without BOM",
            big_endian("<a/>"),
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-16 by charset, no BOM",
            b"<a/>".to_vec(),
            utf16,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-16 declared in ASCII",
            decl("utf-16").into_bytes(),
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-32LE",
            vec![0xFF, 0xFE, 0, 0, b'<', 0, 0, 0],
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-32BE",
            vec![0, 0, 0xFE, 0xFF, 0, 0, 0, b'<'],
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: UTF-7",
            b"+ADw-a/+AD4-".to_vec(),
            Some("text/xml;charset=utf-7"),
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: EBCDIC",
            vec![0x4C, 0x6F, 0xA7, 0x94, 0x93],
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: windows-1252",
            b"<a/>".to_vec(),
            Some("text/xml;charset=windows-1252"),
            Err(UnsupportedEncoding),
        ),
        (
            "B-73: declared",
            decl("shift_jis").into_bytes(),
            None,
            Err(UnsupportedEncoding),
        ),
        (
            "B-74: charset against BOM",
            "\u{FEFF}<a/>".as_bytes().to_vec(),
            utf16,
            Err(ContradictoryEncoding),
        ),
        (
            "B-74: UTF-16 BOM, utf-8",
            little_endian("\u{FEFF}<a/>"),
            utf8,
            Err(ContradictoryEncoding),
        ),
        (
            "B-74: byte order",
            little_endian("\u{FEFF}<a/>"),
            Some("text/xml;charset=utf-16be"),
            Err(ContradictoryEncoding),
        ),
        (
            "B-74: charset against declaration",
            decl("iso-8859-1").into_bytes(),
            utf8,
            Err(ContradictoryEncoding),
        ),
        (
            "B-75: invalid UTF-8",
            b"<a>\xC3\x28</a>".to_vec(),
            None,
            Err(InvalidEncoding),
        ),
        (
            "B-75: overlong",
            b"<a>\xC0\xAF</a>".to_vec(),
            None,
            Err(InvalidEncoding),
        ),
        (
            "B-75: surrogate in UTF-8",
            b"<a>\xED\xA0\x80</a>".to_vec(),
            None,
            Err(InvalidEncoding),
        ),
        (
            "B-75: not ASCII",
            "<é/>".as_bytes().to_vec(),
            Some("text/xml;charset=us-ascii"),
            Err(InvalidEncoding),
        ),
        (
            "B-75: lone surrogate",
            vec![0xFF, 0xFE, b'<', 0, 0x00, 0xD8],
            None,
            Err(InvalidEncoding),
        ),
        (
            "B-75: half a unit",
            vec![0xFF, 0xFE, b'<', 0, b'a'],
            None,
            Err(InvalidEncoding),
        ),
        ("B-75: NUL", b"<a>\0</a>".to_vec(), None, Err(ForbiddenCharacter)),
        ("B-75: control", b"<a>\x0B</a>".to_vec(), None, Err(ForbiddenCharacter)),
        (
            "B-75: U+FFFE",
            "<a>\u{FFFE}</a>".as_bytes().to_vec(),
            None,
            Err(ForbiddenCharacter),
        ),
        (
            "B-62: XML 1.1",
            b"<?xml version='1.1'?><a/>".to_vec(),
            None,
            Err(UnsupportedXmlVersion),
        ),
        (
            "B-62: XML 1.1 in UTF-16",
            little_endian("\u{FEFF}<?xml version='1.1'?><a/>"),
            None,
            Err(UnsupportedXmlVersion),
        ),
        (
            "B-77: plain text",
            b"<a/>".to_vec(),
            Some("text/plain"),
            Err(NotXmlMediaType),
        ),
    ] {
        let found = decode(&bytes, content_type.map(str::as_bytes), false);
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{name}");
    }
}

#[test]
fn line_ends_are_normalised() {
    assert_eq!(
        decode(b"<a>\r\n\r\n1\r2\n</a>", None, false).as_deref(),
        Ok("<a>\n\n1\n2\n</a>")
    );
}
