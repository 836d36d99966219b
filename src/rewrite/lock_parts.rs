//! The parts of a `DAV:activelock` that only some may see (F-6): the token, and the owner where the route hides it. In: the places
//! of these parts, the text of the token, the lock root. Out: the places to take out.

use super::{context::Named, held::Span, visibility::Filter};
use crate::{url::PublicPath, xml::trim};

/// The longest lock token that is read, in bytes.
const MAX_TOKEN: usize = 2048;

/// A `DAV:activelock` that has begun.
#[derive(Default)]
pub(super) struct LockParts {
    /// Where the current part begins.
    part: usize,
    parts: Vec<Span>,
    token: String,
    too_long: bool,
    root: Root,
}

#[derive(Default)]
enum Root {
    /// Back ends of RFC 2518 do not tell it.
    #[default]
    Untold,
    At(PublicPath),
    /// Not a resource of ours, hidden, or several.
    Unknown,
}

impl LockParts {
    /// A part begins at `at`.
    pub fn begin(&mut self, at: usize) {
        self.part = at;
        // Two tokens are none.
        self.token.push('\n');
    }

    /// Decoded text in the token, or a part of it.
    pub fn token(&mut self, text: &str) {
        if self.token.len() + text.len() <= MAX_TOKEN {
            self.token.push_str(text);
        } else {
            self.too_long = true;
        }
    }

    /// The part ends at `end`, and is one that not everybody may see.
    pub fn end(&mut self, end: usize) {
        let start = self.part;
        self.parts.push(Span { start, end });
    }

    /// The lock root, as far as the principal may know it.
    pub fn root(&mut self, named: Named) {
        self.root = match (named, &self.root) {
            (Named::Public(path), Root::Untold) => Root::At(path),
            (Named::Public(_) | Named::Elsewhere | Named::Outside, _) => Root::Unknown,
        };
    }

    /// What is taken out. `resource` is that of the response, when it is known; without a root the lock is at it or above.
    pub fn hidden(self, filter: &Filter, resource: Option<&PublicPath>) -> Vec<Span> {
        let view = &filter.view;
        let token = trim(&self.token);
        let own = !self.too_long && !token.is_empty() && !token.contains('\n') && view.owns_lock(token);
        let unlocks = match &self.root {
            Root::At(root) => view.unlocks(root),
            Root::Untold => resource.is_some_and(|path| view.unlocks_from_above(path)),
            Root::Unknown => false,
        };
        if own || unlocks { Vec::new() } else { self.parts }
    }
}
