//! Tables for B-60 to B-63 and B-71: every refusal with an accepting twin.

use super::XmlRefusal::*;
use super::*;
use crate::xml::writer::write_document;

fn read_default(text: &str) -> Result<Element, XmlRefusal> {
    read(text, &XmlLimits::default())
}

#[test]
fn refused() {
    for (name, text, expected) in [
        ("B-60: SYSTEM", "<!DOCTYPE a SYSTEM 'http://x/'><a/>", ExternalEntities),
        (
            "B-60: PUBLIC",
            "<!DOCTYPE a PUBLIC '-//x' 'http://x/'><a/>",
            ExternalEntities,
        ),
        (
            "B-60: XXE",
            "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
            ExternalEntities,
        ),
        (
            "B-60: parameter entity",
            "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://x/'> %x;]><a/>",
            ExternalEntities,
        ),
        ("B-61: bare", "<!DOCTYPE a><a/>", DocumentType),
        ("B-61: lower case", "<!doctype a><a/>", DocumentType),
        ("B-61: no name", "<!DOCTYPE ><a/>", DocumentType),
        (
            "B-61: billion laughs",
            "<!DOCTYPE a [<!ENTITY x 'xx'><!ENTITY y '&x;&x;'>]><a>&y;</a>",
            DocumentType,
        ),
        ("B-61: inside the root", "<a><!DOCTYPE a></a>", DocumentType),
        ("B-61: unclosed", "<!DOCTYPE a [", MalformedMarkup),
        ("B-62: nothing", "", EmptyBody),
        ("B-62: white space", " \n", EmptyBody),
        ("B-62: a comment only", "<!-- a -->", EmptyBody),
        ("B-62: text only", "a", ContentOutsideRoot),
        ("B-62: unclosed (litmus propfind_invalid)", "<foo>", UnclosedElement),
        ("B-62: unclosed child", "<a><b></a>", MismatchedEndTag),
        ("B-62: unclosed tag", "<a", MalformedMarkup),
        ("B-62: unclosed value", "<a b='></a>", MalformedMarkup),
        ("B-62: end tag alone", "</a>", MismatchedEndTag),
        ("B-62: end tag too many", "<a/></a>", MismatchedEndTag),
        ("B-62: end tag in another case", "<a></A>", MismatchedEndTag),
        (
            "B-62: end tag with another prefix",
            "<p:a xmlns:p='x' xmlns:q='x'></q:a>",
            MismatchedEndTag,
        ),
        ("B-62: end tag with an empty prefix", "<a></:a>", MismatchedEndTag),
        ("B-62: end tag with attribute", "<a></a b='c'>", MismatchedEndTag),
        ("B-62: end tag with a space first", "<a></ a>", MismatchedEndTag),
        ("B-62: two roots", "<a/><b/>", ContentOutsideRoot),
        ("B-62: text after root", "<a/>b", ContentOutsideRoot),
        ("B-62: text before root", "b<a/>", ContentOutsideRoot),
        ("B-62: reference after root", "<a/>&#32;", ContentOutsideRoot),
        ("B-62: CDATA after root", "<a/><![CDATA[ ]]>", ContentOutsideRoot),
        ("B-62: second BOM", "\u{FEFF}<a/>", ContentOutsideRoot),
        (
            "B-62: late declaration",
            " <?xml version='1.0'?><a/>",
            MalformedInstruction,
        ),
        (
            "B-62: declaration in content",
            "<a><?xml version='1.0'?></a>",
            MalformedInstruction,
        ),
        ("B-62: instruction named XML", "<?XML x?><a/>", MalformedInstruction),
        ("B-62: instruction without name", "<? x?><a/>", MalformedInstruction),
        ("B-62: instruction with colon", "<?a:b x?><a/>", MalformedInstruction),
        ("B-62: unclosed instruction", "<a/><?x", MalformedMarkup),
        ("B-62: double hyphen", "<a><!-- a -- b --></a>", MalformedMarkup),
        ("B-62: three hyphens", "<a><!-- a ---></a>", MalformedMarkup),
        ("B-62: short comment", "<a><!--></a>", MalformedMarkup),
        ("B-62: shorter comment", "<a><!---></a>", MalformedMarkup),
        ("B-62: unclosed comment", "<a/><!-- ", MalformedMarkup),
        ("B-62: ]]> in text", "<a>]]></a>", CdataEndInText),
        ("B-62: unclosed CDATA", "<a><![CDATA[x]]</a>", MalformedMarkup),
        ("B-62: cdata in lower case", "<a><![cdata[x]]></a>", MalformedMarkup),
        ("B-62: other declaration", "<a><!ELEMENT a></a>", MalformedMarkup),
        ("B-62: < in value", "<a b='<'/>", MarkupInAttribute),
        ("B-62: value without quotes", "<a b=c/>", MalformedTag),
        ("B-62: attribute without value", "<a b/>", MalformedTag),
        ("B-62: no space between attributes", "<a b='1'c='2'/>", MalformedTag),
        ("B-62: space before the name", "< a/>", InvalidName),
        ("B-62: space in the end", "<a/ >", InvalidName),
        ("B-62: slash in a name", "<a/b>", InvalidName),
        ("B-62: name with digit first", "<1a/>", InvalidName),
        ("B-62: attribute name", "<a 1='x'/>", InvalidName),
        ("B-62: no name", "<>", InvalidName),
        ("B-62: two colons", "<a:b:c xmlns:a='x'/>", InvalidName),
        ("B-62: NUL by reference", "<a>&#0;</a>", BadCharacterReference),
        ("B-62: surrogate by reference", "<a>&#xD800;</a>", BadCharacterReference),
        ("B-62: in an attribute", "<a b='&#x1F;'/>", BadCharacterReference),
        ("B-62: undeclared entity", "<a>&nbsp;</a>", UndeclaredEntity),
        ("B-62: undeclared in attribute", "<a b='&x;'/>", UndeclaredEntity),
        ("B-62: lone ampersand", "<a>a & b</a>", MalformedMarkup),
        ("B-62: lone ampersand at the end", "<a>a &</a>", MalformedMarkup),
        ("B-62: empty reference", "<a>&;</a>", MalformedMarkup),
        ("B-63: undeclared prefix", "<D:a/>", UndeclaredPrefix),
        ("B-63: undeclared attribute prefix", "<a b:c='d'/>", UndeclaredPrefix),
        ("B-63: out of scope", "<a><b xmlns:p='x'/><p:c/></a>", UndeclaredPrefix),
        (
            "B-63: out of scope, in order",
            "<a><b xmlns:p='x'></b><p:c/></a>",
            UndeclaredPrefix,
        ),
        (
            "B-63: litmus propfind_invalid2",
            "<D:a xmlns:D='DAV:'><bar:foo xmlns:bar=''/></D:a>",
            EmptyNamespace,
        ),
        ("B-63: xml rebound", "<a xmlns:xml='DAV:'/>", ReservedNamespace),
        (
            "B-63: xml's name elsewhere",
            "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
            ReservedNamespace,
        ),
        (
            "B-63: xml's name as default",
            "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
            ReservedNamespace,
        ),
        (
            "B-63: xmlns declared",
            "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
            ReservedNamespace,
        ),
        (
            "B-63: xmlns's name",
            "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
            ReservedNamespace,
        ),
        ("B-63: xmlns as prefix", "<xmlns:a/>", UndeclaredPrefix),
        ("B-63: same attribute", "<a b='1' b='2'/>", DuplicateAttribute),
        (
            "B-63: same declaration",
            "<a xmlns:p='1' xmlns:p='2'/>",
            DuplicateAttribute,
        ),
        (
            "B-63: same expanded name",
            "<a xmlns:p='x' xmlns:q='x' p:b='1' q:b='2'/>",
            DuplicateAttribute,
        ),
        (
            "B-63: reference in a namespace",
            "<propfind xmlns='DA&#86;:'/>",
            ReferenceInNamespace,
        ),
        (
            "B-63: entity in a namespace",
            "<propfind xmlns='a&amp;b'/>",
            ReferenceInNamespace,
        ),
    ] {
        assert_eq!(read_default(text), Err(expected), "{name}");
    }
}

#[test]
fn accepted() {
    for (name, text, expected) in [
        ("plain", "<a/>", "<a/>"),
        ("declaration taken off, white space around", "\n<a/>\n", "<a/>"),
        (
            "B-80: comments and instructions",
            "<!--a--><?b c?><a><!--b--><?c?><!----></a><!--d--><?e?>",
            "<a/>",
        ),
        (
            "quotes and white space",
            "<a  b = \"'\"\n\tc='\"'  ></a \n>",
            "<a b=\"'\" c=\"&quot;\"/>",
        ),
        ("CDATA is text", "<a>x<![CDATA[<&>]]>y</a>", "<a>x&lt;&amp;&gt;y</a>"),
        ("empty CDATA", "<a><![CDATA[]]></a>", "<a/>"),
        ("]]> escaped", "<a>]]&gt;</a>", "<a>]]&gt;</a>"),
        ("text joined over a comment", "<a>x<!-- -->y</a>", "<a>xy</a>"),
        (
            "references",
            "<a b='&#x9;&lt;'>&#65;&apos;&quot;&#xD;</a>",
            "<a b=\"&#9;&lt;\">A'\"&#13;</a>",
        ),
        ("> in text and value", "<a b='>'>></a>", "<a b=\">\">&gt;</a>"),
        (
            "xml: needs no declaration",
            "<a xml:lang='en'/>",
            "<a xml:lang=\"en\"/>",
        ),
        (
            "xml declared rightly",
            "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            "<a xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"/>",
        ),
        (
            "default namespace undone",
            "<a xmlns='x'><b xmlns=''/></a>",
            "<a xmlns=\"x\"><b xmlns=\"\"/></a>",
        ),
        (
            "prefix rebound",
            "<p:a xmlns:p='x'><p:b xmlns:p='y'/></p:a>",
            "<p:a xmlns:p=\"x\"><p:b xmlns:p=\"y\"/></p:a>",
        ),
        (
            "the default namespace does not reach attributes",
            "<a xmlns='x' xmlns:p='x' b='1' p:b='2'/>",
            "<a xmlns=\"x\" xmlns:p=\"x\" b=\"1\" p:b=\"2\"/>",
        ),
        (
            "declared after use in the tag",
            "<p:a p:b='1' xmlns:p='x'/>",
            "<p:a xmlns:p=\"x\" p:b=\"1\"/>",
        ),
        ("names beyond ASCII", "<é:ü xmlns:é='x'/>", "<é:ü xmlns:é=\"x\"/>"),
        ("white space kept", "<a> \n <b/>\t</a>", "<a> \n <b/>\t</a>"),
    ] {
        let root = read_default(text).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let written = write_document(&root, &mut |_, _| Ok::<_, ()>(None)).unwrap();
        let expected = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{expected}");
        assert_eq!(String::from_utf8(written).unwrap(), expected, "{name}");
    }
}

#[test]
fn names_are_resolved() {
    // B-65: prefixes are irrelevant, names are not.
    for (text, is_dav) in [
        ("<prop xmlns='DAV:'/>", true),
        ("<lp1:prop xmlns:lp1='DAV:'/>", true),
        ("<D:prop xmlns:D='DAV:' xmlns='x'/>", true),
        ("<D:prop xmlns:D='urn:other'/>", false),
        ("<prop/>", false),
        ("<prop xmlns='DAV'/>", false),
        ("<prop xmlns='dav:'/>", false),
        ("<prop xmlns=' DAV:'/>", false),
    ] {
        assert_eq!(read_default(text).unwrap().name().is_dav("prop"), is_dav, "{text}");
    }
}

#[test]
fn limits() {
    let limits = XmlLimits {
        depth: 3,
        elements: 4,
        attributes: 2,
        name: 7,
        value: 6,
        namespaces: 2,
        ..XmlLimits::default()
    };
    for (name, text, expected) in [
        ("B-71: depth", "<a><b><c/></b></a>", Ok(())),
        ("B-71: depth", "<a><b><c><d/></c></b></a>", Err(TooDeep)),
        ("B-71: elements", "<a><b/><b/><b/></a>", Ok(())),
        ("B-71: elements", "<a><b/><b/><b/><b/></a>", Err(TooManyElements)),
        ("B-71: attributes", "<a b='' c=''/>", Ok(())),
        ("B-71: attributes", "<a b='' c='' d=''/>", Err(TooManyAttributes)),
        ("B-71: name", "<abcdefg/>", Ok(())),
        ("B-71: name", "<abcdefgh/>", Err(NameTooLong)),
        ("B-71: name of an attribute", "<a abcdefgh=''/>", Err(NameTooLong)),
        ("B-71: value", "<a b='123456'/>", Ok(())),
        ("B-71: value", "<a b='1234567'/>", Err(ValueTooLong)),
        ("B-71: text", "<a>123456</a>", Ok(())),
        ("B-71: text", "<a>1234567</a>", Err(ValueTooLong)),
        (
            "B-71: text in pieces",
            "<a>123<![CDATA[45]]>6&#55;</a>",
            Err(ValueTooLong),
        ),
        ("B-71: two texts", "<a>12345<b/>12345</a>", Ok(())),
        (
            "B-71: namespaces in scope",
            "<a xmlns='x'><b xmlns:c='y'/><b xmlns:c='y'></b><b xmlns:c='y'/></a>",
            Ok(()),
        ),
        (
            "B-71: namespaces in scope",
            "<a xmlns='x'><b xmlns:c='y'><c xmlns:d='z'/></b></a>",
            Err(TooManyNamespaces),
        ),
    ] {
        assert_eq!(read(text, &limits).map(drop), expected, "{name}: {text}");
    }
}

#[test]
fn the_default_depth_does_not_exhaust_the_stack() {
    // B-71, B-81
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(read_default(&nested(64)).is_ok());
    assert_eq!(read_default(&nested(65)), Err(TooDeep));
    assert_eq!(read_default(&"<a>".repeat(300_000)), Err(TooDeep));
}
