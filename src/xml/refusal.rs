//! Every reason for which an XML request body is refused. In: nothing. Out: for each reason the status, the `DAV:error` condition, the
//! rule that asks for it, and a sentence for the log. None of them carries client text (ERR-3).

use super::error::Condition;

/// Why an XML body is not let through. Each variant is named after what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[allow(missing_docs)] // the sentence of each variant is its documentation
pub enum XmlRefusal {
    // What it is written in.
    #[error(
        "the Content-Type is not an XML media type; application/xml, text/xml or one that ends in +xml is expected"
    )]
    NotXmlMediaType,
    #[error("the character encoding is not supported; UTF-8, UTF-16 with a BOM, US-ASCII or ISO-8859-1 is expected")]
    UnsupportedEncoding,
    #[error("the charset parameter contradicts the byte order mark or the XML declaration")]
    ContradictoryEncoding,
    #[error("the octets do not form characters of the encoding")]
    InvalidEncoding,
    #[error("the document holds a character that XML forbids")]
    ForbiddenCharacter,
    #[error("the XML version is not 1.0")]
    UnsupportedXmlVersion,
    #[error("the XML declaration is malformed")]
    MalformedDeclaration,

    // What makes it dangerous.
    #[error("the document type declaration refers to an external entity")]
    ExternalEntities,
    #[error("the document has a document type declaration; none is accepted")]
    DocumentType,

    // What makes it no XML document.
    #[error("the body is empty where an XML document is expected")]
    EmptyBody,
    #[error("the markup is malformed")]
    MalformedMarkup,
    #[error("a tag is malformed")]
    MalformedTag,
    #[error("a name is not an XML name")]
    InvalidName,
    #[error("an element is not closed")]
    UnclosedElement,
    #[error("an end tag does not match its start tag")]
    MismatchedEndTag,
    #[error("there is content outside the root element")]
    ContentOutsideRoot,
    #[error("the text holds ']]>'")]
    CdataEndInText,
    #[error("an attribute value holds '<'")]
    MarkupInAttribute,
    #[error("an attribute is given twice")]
    DuplicateAttribute,
    #[error("a processing instruction is malformed, or an XML declaration is not at the start")]
    MalformedInstruction,
    #[error("a character reference is malformed or names a character that XML forbids")]
    BadCharacterReference,
    #[error("an entity is referred to that XML does not predefine")]
    UndeclaredEntity,

    // Namespaces.
    #[error("a namespace prefix is not declared")]
    UndeclaredPrefix,
    #[error("a namespace prefix is bound to nothing")]
    EmptyNamespace,
    #[error("the prefix xml or xmlns, or its namespace, is redefined")]
    ReservedNamespace,
    #[error("a namespace declaration holds a reference; write the namespace name literally")]
    ReferenceInNamespace,

    // Limits.
    #[error("the body is larger than limits.xml")]
    TooLarge,
    #[error("the elements are nested too deeply")]
    TooDeep,
    #[error("there are too many elements")]
    TooManyElements,
    #[error("an element has too many attributes")]
    TooManyAttributes,
    #[error("a name is too long")]
    NameTooLong,
    #[error("a text or an attribute value is too long")]
    ValueTooLong,
    #[error("too many namespace declarations are in scope")]
    TooManyNamespaces,
    #[error("the body names too many URLs")]
    TooManyHrefs,

    // The root.
    #[error("the root element is not the one this method takes")]
    UnexpectedRoot,
    #[error("the root element is not a report this gateway knows")]
    UnknownReport,
    #[error("this method does not take a body with this root element")]
    UnsupportedBody,

    // What the grammar of the body forbids.
    #[error("propfind needs one of prop, allprop and propname")]
    PropfindWithoutChoice,
    #[error("propfind takes only one of prop, allprop and propname, and one include")]
    PropfindAmbiguous,
    #[error("propfind takes include only together with allprop")]
    IncludeWithoutAllprop,
    #[error("propertyupdate needs a set or a remove")]
    EmptyPropertyUpdate,
    #[error("set and remove take exactly one prop")]
    ChangeWithoutProp,
    #[error("lockinfo needs exactly one lockscope and one locktype, each with one choice, and at most one owner")]
    MalformedLockInfo,
    #[error("the lock scope is neither exclusive nor shared")]
    UnsupportedLockScope,
    #[error("the lock type is not write")]
    UnsupportedLockType,
    #[error("an ace needs exactly one principal or invert, with exactly one kind of principal in it")]
    MalformedAcePrincipal,
    #[error("an ace needs exactly one of grant and deny")]
    MalformedAceAction,
    #[error("grant and deny need privileges, each with one element in it")]
    MalformedPrivilege,
    #[error("an href holds an element where a URL is expected")]
    ElementInHref,
    #[error("a segment is not one plain path segment")]
    UnsafeSegment,
    #[error("the search grammar is not DAV:basicsearch")]
    UnsupportedSearchGrammar,
}

use XmlRefusal::*;

impl XmlRefusal {
    /// The status code of the answer.
    pub fn status(&self) -> u16 {
        match self {
            NotXmlMediaType | UnsupportedEncoding | UnsupportedBody => 415,
            TooLarge => 413,
            ExternalEntities
            | UnknownReport
            | UnsupportedLockScope
            | UnsupportedLockType
            | UnsupportedSearchGrammar => 403,
            ContradictoryEncoding
            | InvalidEncoding
            | ForbiddenCharacter
            | UnsupportedXmlVersion
            | MalformedDeclaration => 400,
            DocumentType | EmptyBody | MalformedMarkup | MalformedTag | InvalidName | UnclosedElement => 400,
            MismatchedEndTag | ContentOutsideRoot | CdataEndInText | MarkupInAttribute | DuplicateAttribute => 400,
            MalformedInstruction | BadCharacterReference | UndeclaredEntity => 400,
            UndeclaredPrefix | EmptyNamespace | ReservedNamespace | ReferenceInNamespace => 400,
            TooDeep | TooManyElements | TooManyAttributes | NameTooLong | ValueTooLong | TooManyNamespaces => 400,
            TooManyHrefs | UnexpectedRoot => 400,
            PropfindWithoutChoice | PropfindAmbiguous | IncludeWithoutAllprop | EmptyPropertyUpdate => 400,
            ChangeWithoutProp | MalformedLockInfo | MalformedAcePrincipal | MalformedAceAction => 400,
            MalformedPrivilege | ElementInHref | UnsafeSegment => 400,
        }
    }

    /// The condition its `DAV:error` body names (ERR-1, ERR-2): an RFC's where one fits, else one of the gateway's own.
    pub fn condition(&self) -> Condition {
        Condition::own(match self {
            ExternalEntities => return Condition::dav("no-external-entities"),
            UnknownReport => return Condition::dav("supported-report"),
            UnsupportedSearchGrammar => return Condition::dav("search-grammar-supported"),
            NotXmlMediaType => "xml-media-type",
            UnsupportedEncoding => "xml-encoding-not-supported",
            ContradictoryEncoding => "xml-encoding-contradictory",
            InvalidEncoding => "xml-not-in-its-encoding",
            ForbiddenCharacter => "xml-character-forbidden",
            UnsupportedXmlVersion => "xml-version-not-supported",
            DocumentType => "xml-document-type",
            EmptyBody => "xml-empty",
            MalformedDeclaration | MalformedMarkup | MalformedTag | InvalidName | UnclosedElement => {
                "xml-not-well-formed"
            }
            MismatchedEndTag | ContentOutsideRoot | CdataEndInText | MarkupInAttribute => "xml-not-well-formed",
            MalformedInstruction | BadCharacterReference => "xml-not-well-formed",
            DuplicateAttribute => "xml-attribute-repeated",
            UndeclaredEntity => "xml-undeclared-entity",
            UndeclaredPrefix => "xml-undeclared-prefix",
            EmptyNamespace | ReservedNamespace => "xml-namespace-declaration",
            ReferenceInNamespace => "xml-reference-in-namespace",
            TooLarge => "xml-too-large",
            TooDeep => "xml-too-deep",
            TooManyElements => "xml-too-many-elements",
            TooManyAttributes => "xml-too-many-attributes",
            NameTooLong => "xml-name-too-long",
            ValueTooLong => "xml-value-too-long",
            TooManyNamespaces => "xml-too-many-namespaces",
            TooManyHrefs => "xml-too-many-hrefs",
            UnexpectedRoot => "xml-root-unexpected",
            UnsupportedBody => "xml-root-not-supported",
            PropfindWithoutChoice => "propfind-without-choice",
            PropfindAmbiguous => "propfind-ambiguous",
            IncludeWithoutAllprop => "propfind-include-without-allprop",
            EmptyPropertyUpdate => "propertyupdate-empty",
            ChangeWithoutProp => "propertyupdate-without-prop",
            MalformedLockInfo => "lockinfo-malformed",
            UnsupportedLockScope => "lock-scope-not-supported",
            UnsupportedLockType => "lock-type-not-supported",
            MalformedAcePrincipal => "ace-principal-malformed",
            MalformedAceAction => "ace-action-malformed",
            MalformedPrivilege => "privilege-malformed",
            ElementInHref => "href-holds-element",
            UnsafeSegment => "segment-not-plain",
        })
    }

    /// The rule of docs/rules.md that asks for the refusal.
    pub fn rule(&self) -> &'static str {
        match self {
            NotXmlMediaType => "B-77",
            UnsupportedEncoding => "B-73",
            ContradictoryEncoding => "B-74",
            InvalidEncoding | ForbiddenCharacter => "B-75",
            ExternalEntities => "B-60",
            DocumentType => "B-61",
            UnsupportedXmlVersion | MalformedDeclaration | EmptyBody | MalformedMarkup | MalformedTag => "B-62",
            InvalidName | UnclosedElement | MismatchedEndTag | ContentOutsideRoot | CdataEndInText => "B-62",
            MarkupInAttribute | MalformedInstruction | BadCharacterReference | UndeclaredEntity => "B-62",
            DuplicateAttribute | UndeclaredPrefix | EmptyNamespace | ReservedNamespace | ReferenceInNamespace => "B-63",
            TooLarge => "B-69",
            TooDeep | TooManyElements | TooManyAttributes | NameTooLong | ValueTooLong => "B-71",
            TooManyNamespaces | TooManyHrefs => "B-71",
            UnexpectedRoot | UnsupportedBody => "B-64",
            UnknownReport => "RP-20",
            PropfindWithoutChoice | PropfindAmbiguous | IncludeWithoutAllprop => "B-66",
            EmptyPropertyUpdate | ChangeWithoutProp => "B-67",
            MalformedLockInfo | UnsupportedLockScope | UnsupportedLockType => "L-61",
            MalformedAcePrincipal | MalformedAceAction | MalformedPrivilege => "AM-1",
            ElementInHref => "R-1",
            UnsafeSegment => "Q-4",
            UnsupportedSearchGrammar => "Q-14",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::error::error_body;
    use crate::xml::name::{DAV, DAVGATE};

    #[test]
    fn answers() {
        let dav = |local| (DAV, local);
        let own = |local| (DAVGATE, local);
        for (refusal, status, condition, rule) in [
            (ExternalEntities, 403, dav("no-external-entities"), "B-60"),
            (DocumentType, 400, own("xml-document-type"), "B-61"),
            (UnclosedElement, 400, own("xml-not-well-formed"), "B-62"),
            (EmptyNamespace, 400, own("xml-namespace-declaration"), "B-63"),
            (UnexpectedRoot, 400, own("xml-root-unexpected"), "B-64"),
            (UnsupportedBody, 415, own("xml-root-not-supported"), "B-64"),
            (UnknownReport, 403, dav("supported-report"), "RP-20"),
            (PropfindAmbiguous, 400, own("propfind-ambiguous"), "B-66"),
            (EmptyPropertyUpdate, 400, own("propertyupdate-empty"), "B-67"),
            (TooLarge, 413, own("xml-too-large"), "B-69"),
            (TooDeep, 400, own("xml-too-deep"), "B-71"),
            (TooManyHrefs, 400, own("xml-too-many-hrefs"), "B-71"),
            (UnsupportedEncoding, 415, own("xml-encoding-not-supported"), "B-73"),
            (ContradictoryEncoding, 400, own("xml-encoding-contradictory"), "B-74"),
            (ForbiddenCharacter, 400, own("xml-character-forbidden"), "B-75"),
            (NotXmlMediaType, 415, own("xml-media-type"), "B-77"),
            (MalformedLockInfo, 400, own("lockinfo-malformed"), "L-61"),
            (UnsupportedLockScope, 403, own("lock-scope-not-supported"), "L-61"),
            (MalformedAceAction, 400, own("ace-action-malformed"), "AM-1"),
        ] {
            let name = refusal.condition().name();
            let name = (name.namespace, name.local);
            assert_eq!(
                (refusal.status(), name, refusal.rule()),
                (status, condition, rule),
                "{refusal}"
            );
            let body = error_body(refusal.condition(), &[]);
            let text = body.strip_prefix(crate::xml::writer::DECLARATION).unwrap();
            assert!(
                crate::xml::reader::read(text, &Default::default()).is_ok(),
                "ERR-1: {body}"
            );
        }
    }
}
