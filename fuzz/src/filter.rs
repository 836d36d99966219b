//! The filter of answers (section 3.6): nothing hidden comes out, nothing comes out that was not in the answer, and pieces do not matter.

use std::sync::Arc;

use davgate::{
    policy::Method,
    rewrite::{
        body::BodyRewriter,
        lock_properties::{LockProperties, LockProperty, LockValues, Wanted},
        visibility::{Asked, Filter, SyncStart, Visibility},
    },
    url::{CanonicalPath, PublicPath},
    xml::{
        guarded::{Guarded, GuardedSet},
        name::ExpandedName,
    },
};
use roxmltree::{Document, Node};

use crate::{
    answer_xml::{self, Prefix},
    input::Input,
    xml::{is_dav, text},
};

/// Everything is told by the names: `hid` is hidden with all below it but `own`, `noacl` and `nocups` keep that property, `unl` unlocks.
struct ByName;

fn reads(path: &CanonicalPath) -> bool {
    path.segments().last() == Some("own") || !path.segments().any(|name| name.starts_with("hid"))
}

impl Visibility for ByName {
    fn reads(&self, path: &PublicPath) -> bool {
        reads(&path.0)
    }
    fn reads_acl(&self, path: &PublicPath) -> bool {
        !path.0.key().contains("noacl")
    }
    fn reads_privileges(&self, path: &PublicPath) -> bool {
        !path.0.key().contains("nocups")
    }
    fn holds(&self, path: &PublicPath, privilege: ExpandedName<'_>) -> bool {
        path.0.key().contains("full") || privilege.is_dav("read")
    }
    fn unlocks(&self, root: &PublicPath) -> bool {
        root.0.key().contains("unl")
    }
    fn unlocks_from_above(&self, path: &PublicPath) -> bool {
        self.unlocks(path)
    }
    fn owns_lock(&self, token: &str) -> bool {
        token.starts_with("urn:mine")
    }
}

/// Every resource has these locks.
struct NoLocks;

impl LockValues for NoLocks {
    fn value(&self, property: LockProperty, path: &PublicPath) -> Option<(u16, String)> {
        let local = property.local();
        (!path.0.key().contains("nolock")).then(|| (200, format!("<l:{local} xmlns:l=\"DAV:\"/>")))
    }
}

const METHODS: [Method; 8] = [
    Method::Propfind,
    Method::Report,
    Method::Search,
    Method::Delete,
    Method::Copy,
    Method::Lock,
    Method::Proppatch,
    Method::Unlock,
];

/// `input`: the method, what it asks for as bits, options as bits, where the body is cut, then the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let method = *input.pick(&METHODS);
    let asked = asked(method, input.byte());
    let bits = input.byte();
    let cut = usize::from(input.byte());
    let document = input.rest();
    let options = answer_xml::options(bits);
    let filter = Filter {
        hide_lock_owner: bits & 32 != 0,
        ..Filter::new(Arc::new(ByName), asked.clone())
    };
    let locks = (bits & 64 != 0).then(|| LockProperties {
        values: Arc::new(NoLocks),
        wanted: [Wanted::Named, Wanted::Any],
    });
    let start = || {
        let rewriter = BodyRewriter::new(Prefix, options.clone()).filtered(filter.clone());
        match &locks {
            Some(locks) => rewriter.with_locks(locks.clone()),
            None => rewriter,
        }
    };
    let Ok(out) = answer_xml::in_pieces(document, cut, &start) else {
        return;
    };
    answer_xml::judged("filtered", document, &out, &options);
    let unfiltered = || BodyRewriter::new(Prefix, options.clone());
    let before =
        answer_xml::in_pieces(document, cut, &unfiltered).expect("the filter reads no more than the rewriter does");
    let [Ok(before), Ok(out)] = [&before, &out].map(|bytes| std::str::from_utf8(bytes)) else {
        return;
    };
    let (Ok(before), Ok(after)) = (Document::parse(before), Document::parse(out)) else {
        return;
    };
    if is_dav(&after.root_element(), "multistatus") {
        within(&asked, &before, &after, locks.is_some());
    }
}

fn asked(method: Method, bits: u8) -> Asked {
    let target = PublicPath(CanonicalPath::parse(b"/pub/c/").unwrap());
    let destination = PublicPath(CanonicalPath::parse(b"/pub/d/").unwrap());
    let mut asked = Asked::new(method, target);
    if bits & 1 != 0 {
        asked.named = GuardedSet::of(&Guarded::ALL);
    }
    if method == Method::Report {
        asked.sync = match bits & 6 {
            2 => Some(SyncStart::Initial),
            4 => Some(SyncStart::Token),
            _ => None,
        };
        asked.expands = bits & 8 != 0;
        asked.multiget = bits & 16 != 0;
    }
    if method == Method::Copy {
        asked = asked.with_destination(destination);
    }
    asked
}

/// The path of an href that went out; `None`: it is no path.
fn path(href: &str) -> Option<CanonicalPath> {
    CanonicalPath::parse(href.split(['?', '#']).next().unwrap_or_default().as_bytes()).ok()
}

fn responses<'a, 'i>(document: &'a Document<'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    document
        .root_element()
        .children()
        .filter(|node| is_dav(node, "response"))
}

fn hrefs(response: &Node<'_, '_>) -> Vec<String> {
    response
        .children()
        .filter(|node| is_dav(node, "href"))
        .map(|href| text(&href))
        .collect()
}

/// What came out was there `before`, and is for those who asked.
fn within(asked: &Asked, before: &Document<'_>, after: &Document<'_>, locks: bool) {
    let tells_failures = matches!(
        asked.method,
        Method::Delete | Method::Copy | Method::Lock | Method::Unlock
    );
    let there: Vec<(Vec<String>, Node<'_, '_>)> = responses(before).map(|node| (hrefs(&node), node)).collect();
    for response in responses(after) {
        let hrefs = hrefs(&response);
        assert!(!hrefs.is_empty(), "a response without a URL");
        for href in &hrefs {
            let known = there.iter().any(|(all, _)| all.contains(href));
            assert!(known || tells_failures, "{href} is new");
            let visible = path(href).is_none_or(|path| reads(&path));
            if !visible {
                // F-8: what may have been seen before is gone.
                let bare = !response.descendants().any(|node| is_dav(&node, "propstat"));
                assert!(asked.sync == Some(SyncStart::Token) && bare, "{href} is hidden");
            }
        }
        for root in response.descendants().filter(|node| is_dav(node, "activelock")) {
            lock_roots(&root);
        }
        if !tells_failures && !locks {
            properties(asked, &hrefs, &there, response);
        }
    }
    if !tells_failures {
        assert!(
            responses(after).count() <= there.len(),
            "more responses than there were"
        );
    }
}

/// No root of a lock is hidden.
fn lock_roots(lock: &Node<'_, '_>) {
    let roots = lock.children().filter(|node| is_dav(node, "lockroot"));
    for href in roots.flat_map(|root| root.children().filter(|node| is_dav(node, "href")).collect::<Vec<_>>()) {
        assert!(
            path(&text(&href)).is_none_or(|path| reads(&path)),
            "the root of a lock is hidden: {}",
            text(&href)
        );
    }
}

/// The properties that came out were those of the same resource.
fn properties(asked: &Asked, hrefs: &[String], there: &[(Vec<String>, Node<'_, '_>)], response: Node<'_, '_>) {
    let of = |response: &Node<'_, '_>| -> Vec<(String, String)> {
        let propstats = response.children().filter(|node| is_dav(node, "propstat"));
        let props = propstats.flat_map(|node| node.children().filter(|node| is_dav(node, "prop")).collect::<Vec<_>>());
        let named = props.flat_map(|prop| prop.children().filter(Node::is_element).collect::<Vec<_>>());
        named
            .map(|node| (format!("{:?}", node.tag_name()), text(&node)))
            .collect()
    };
    let mut known = Vec::new();
    for (all, node) in there {
        if hrefs.iter().any(|href| all.contains(href)) {
            known.extend(of(node));
        }
    }
    for (name, value) in of(&response) {
        let guarded = Guarded::ALL.iter().any(|guarded| name.contains(guarded.local()));
        let named = known.iter().any(|(known, _)| *known == name);
        assert!(named || guarded && !asked.named.is_empty(), "{name} is new");
        // What is in these is filtered itself.
        let inside = guarded || name.contains("lockdiscovery") || asked.expands;
        assert!(
            inside || value.is_empty() || known.contains(&(name.clone(), value.clone())),
            "{name} is {value:?}"
        );
    }
}
