//! The mark that the gateway leaves in the `owner` of a lock that a back end keeps (L-8): `<by xmlns="urn:davgate:lock" p= at= mac=/>`. In: the
//! body of a LOCK, or an `owner`. Out: the same with a mark, or without and what was in it. What a mark is worth is for `locks::seal`.

use super::encoding;
use super::limits::XmlLimits;
use super::name::{DAV, ExpandedName};
use super::reader;
use super::tree::{Attribute, Declaration, Element, Node};
use super::writer::write_document;

/// The namespace of the mark.
const NAMESPACE: &str = "urn:davgate:lock";

/// The name of the mark. An element of this name in an `owner` never goes out, whoever wrote it.
pub const MARK: ExpandedName<'static> = ExpandedName::new(NAMESPACE, "by");

/// Who made a lock, as the back end keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The principal's name.
    pub principal: String,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// The seal over both and the root of the lock.
    pub mac: String,
}

/// The `lockinfo` document `body`, as the gateway wrote it, with `mark` in its owner. One without an owner gets one. `None`: it is no such
/// document.
pub fn marked(body: &[u8], mark: &Mark) -> Option<Vec<u8>> {
    let text = encoding::decode(body, None, false).ok()?;
    let mut root = reader::read(&text, &XmlLimits::default()).ok()?;
    let is_owner = |node: &Node| matches!(node, Node::Element(element) if element.name().is_dav("owner"));
    if !root.children.iter().any(is_owner) {
        let owner = element(DAV, "owner", &[]);
        root.children.push(Node::Element(owner));
    }
    for node in &mut root.children {
        if let Node::Element(owner) = node
            && owner.name().is_dav("owner")
        {
            take(owner);
            let time = mark.time.to_string();
            let attributes = [("p", mark.principal.as_str()), ("at", &time), ("mac", &mark.mac)];
            owner
                .children
                .push(Node::Element(element(NAMESPACE, MARK.local, &attributes)));
        }
    }
    write_document(&root, &mut |_, _| Ok::<_, ()>(None)).ok()
}

/// Takes every mark out of `owner`; the mark, if there was exactly one, and it can be read.
pub(super) fn take(owner: &mut Element) -> Option<Mark> {
    let mut marks = Vec::new();
    strip(owner, &mut marks);
    let mark = marks.pop()?;
    let value = |name: &str| {
        let found = mark
            .attributes
            .iter()
            .find(|attribute| &*attribute.local == name && attribute.prefix.is_empty());
        found.map(|attribute| attribute.value.clone())
    };
    let read = Mark {
        principal: value("p")?,
        time: value("at")?.parse().ok()?,
        mac: value("mac")?,
    };
    marks.is_empty().then_some(read)
}

/// The reader's depth limit bounds this recursion.
fn strip(element: &mut Element, marks: &mut Vec<Element>) {
    let children = std::mem::take(&mut element.children);
    for node in children {
        match node {
            Node::Element(child) if child.name() == MARK => marks.push(child),
            Node::Element(mut child) => {
                strip(&mut child, marks);
                element.children.push(Node::Element(child));
            }
            Node::Text(text) => element.push_text(&text),
        }
    }
}

/// An element that declares its namespace itself.
fn element(namespace: &str, local: &str, attributes: &[(&str, &str)]) -> Element {
    let prefix: Box<str> = if namespace == DAV { "D" } else { "g" }.into();
    let attribute = |(name, value): &(&str, &str)| Attribute {
        namespace: "".into(),
        prefix: Box::default(),
        local: (*name).into(),
        value: (*value).to_owned(),
    };
    Element {
        namespace: namespace.into(),
        prefix: prefix.clone(),
        local: local.into(),
        declarations: vec![Declaration {
            prefix,
            namespace: namespace.into(),
        }],
        attributes: attributes.iter().map(attribute).collect(),
        children: Vec::new(),
        url: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            principal: "a\"b".into(),
            time: 7,
            mac: "xyz".into(),
        }
    }

    fn owner_of(document: &[u8]) -> Element {
        let text = encoding::decode(document, None, false).unwrap();
        let root = reader::read(&text, &XmlLimits::default()).unwrap();
        let owners: Vec<Element> = root.named(ExpandedName::dav("owner")).cloned().collect();
        assert_eq!(owners.len(), 1);
        owners.into_iter().next().unwrap()
    }

    #[test]
    fn in_and_out_again() {
        // L-8
        let forged = "<g:by xmlns:g='urn:davgate:lock' p='bob' at='1' mac='m'/>";
        for (name, owner, left) in [
            ("no owner", String::new(), ""),
            ("an empty one", "<o:owner xmlns:o='DAV:'/>".into(), ""),
            ("text", "<owner>ann</owner>".into(), "ann"),
            (
                "with a mark of the client's own",
                format!("<owner>an{forged}n</owner>"),
                "ann",
            ),
            ("deeper", format!("<owner><x>{forged}</x>ann</owner>"), "ann"),
        ] {
            let text = format!("<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope>{owner}</lockinfo>");
            let mut owner = owner_of(&marked(text.as_bytes(), &mark()).unwrap());
            assert_eq!(take(&mut owner), Some(mark()), "{name}");
            assert_eq!((owner.text(), take(&mut owner)), (left.to_owned(), None), "{name}");
        }
        assert_eq!(marked(b"no XML", &mark()), None);
    }

    #[test]
    fn not_to_be_read() {
        // L-8: what is not one whole mark is none, and goes out of the owner all the same
        let whole = "<g:by p='a' at='1' mac='m'/>";
        for (name, inside) in [
            ("two", format!("{whole}{whole}")),
            ("without a name", "<g:by at='1' mac='m'/>".into()),
            ("without a time", "<g:by p='a' mac='m'/>".into()),
            ("with another time", "<g:by p='a' at='-1' mac='m'/>".into()),
            ("without a seal", "<g:by p='a' at='1'/>".into()),
            ("with prefixed attributes", "<g:by g:p='a' g:at='1' g:mac='m'/>".into()),
        ] {
            let text = format!("<r xmlns='DAV:' xmlns:g='urn:davgate:lock'><owner>{inside}</owner></r>");
            let mut owner = owner_of(text.as_bytes());
            assert_eq!(take(&mut owner), None, "{name}");
            assert_eq!(owner.elements().count(), 0, "{name}");
        }
    }
}
