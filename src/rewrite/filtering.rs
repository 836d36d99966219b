//! What of an answer the principal may see, in the same pass that maps its URLs (section 3.6, C-3, A-35). In: the elements as they
//! begin and end, with their contexts and their places in what is held, and what their URLs name. Out: verdicts on URLs, and edits
//! of the response that is held when it ends. Kept in memory is what belongs to the open responses, and a few lines of what was told.

use super::{
    context::{Context, Named},
    frame::{Frame, Shown, keep_status, prefix, status_element},
    held::{Edit, Held, Span},
    lock_parts::LockParts,
    lock_properties::Changes,
    told::Told,
    visibility::{Filter, SyncStart},
};
use crate::{
    policy::Method,
    url::PublicPath,
    xml::{guarded::Guarded, multiget::push_response, name::ExpandedName, scanner::StartTag, writer::push_text},
};

/// What becomes of an href of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is left out.
    Hide,
    /// It goes out, mapped.
    Show(Shown),
    /// This URL goes out instead (F-4).
    Replace(String),
}

/// The filter of one answer at work.
pub(super) struct Filtering {
    filter: Filter,
    /// The open responses, outermost first.
    frames: Vec<Frame>,
    lock: Option<LockParts>,
    /// The privilege that is being read: where it begins, and whether all it names holds.
    privilege: Option<(usize, bool)>,
    status: String,
    told: Told,
    /// The outcome of a response that could not be shown, where none may be lost (F-4).
    lost: Option<u16>,
    /// Whether any response went out.
    kept: bool,
    /// What stands for `DAV:` at the root.
    prefix: String,
    /// The last folder below the target that was looked at, by its key, and whether a listing comes to what is in it.
    folder: Option<(String, bool)>,
}

impl Filtering {
    /// Begins with an answer.
    pub fn new(filter: Filter) -> Self {
        Self {
            filter,
            frames: Vec::new(),
            lock: None,
            privilege: None,
            status: String::new(),
            told: Told::default(),
            lost: None,
            kept: false,
            prefix: String::new(),
            folder: None,
        }
    }

    /// Whether a document with this root can be the answer to what was asked; one that cannot is not let through unread.
    pub fn expects(&self, root: Option<Context>, success: bool) -> bool {
        let asked = &self.filter.asked;
        if !success || !asked.reads_properties() {
            return true;
        }
        match root {
            Some(Context::Multistatus) => true,
            Some(Context::Report | Context::Data) => asked.method == Method::Report,
            _ => false,
        }
    }

    /// The context of an element in the answer to an expand-property: wherever in a property a response stands, it is one (C-10).
    pub fn context(&self, parent: Option<Context>, context: Context, name: ExpandedName<'_>) -> Context {
        match (parent, context) {
            (Some(Context::Prop) | None, _) => context,
            (Some(_), Context::Data) if self.filter.asked.expands && name.is_dav("response") => Context::Response,
            _ => context,
        }
    }

    /// An element has begun, its start tag is written at `tag`.
    pub fn opened(&mut self, parent: Option<Context>, context: Context, start: &StartTag<'_>, tag: Span) {
        match context {
            Context::Multistatus => self.prefix = prefix(start.raw.as_bytes()).to_owned(),
            Context::Response => {
                let top = self.frames.is_empty();
                self.frames.push(Frame::new(top, tag));
                return;
            }
            Context::Status => self.status.clear(),
            Context::ActiveLock => self.lock = Some(LockParts::default()),
            Context::LockToken | Context::LockOwner if parent == Some(Context::ActiveLock) => {
                if let Some(lock) = &mut self.lock {
                    lock.begin(tag.start);
                }
            }
            Context::Privilege => self.privilege = Some((tag.start, true)),
            Context::Data if parent == Some(Context::Privileges) => {
                self.privilege = Some((tag.start, self.holds(start)));
            }
            _ => {}
        }
        if parent == Some(Context::Privilege)
            && !self.holds(start)
            && let Some((_, holds)) = &mut self.privilege
        {
            *holds = false;
        }
        let reads_properties = self.filter.asked.reads_properties();
        if let Some(frame) = self.frames.last_mut() {
            frame.opened(parent, context, start, tag, reads_properties);
        }
    }

    /// Decoded character data in an element of this context, or a part of it.
    pub fn text(&mut self, context: Context, text: &str) {
        match (context, &mut self.lock) {
            (Context::Status, _) => keep_status(&mut self.status, text),
            (Context::LockToken, Some(lock)) => lock.token(text),
            _ => {}
        }
    }

    /// The href of the innermost response.
    pub fn response_url(&mut self, named: Named) -> Verdict {
        let listed = match &named {
            Named::Public(path) => self.frames.len() > 1 || self.lists(path),
            Named::Elsewhere | Named::Outside => false,
        };
        let filter = &self.filter;
        let asked = &filter.asked;
        let Some(frame) = self.frames.last_mut() else {
            return Verdict::Hide;
        };
        let failure = frame.top && asked.tells_of_failures();
        let path = match named {
            Named::Public(path) => path,
            Named::Elsewhere | Named::Outside if failure => return Verdict::Replace(asked.target.to_string()),
            Named::Elsewhere | Named::Outside => {
                frame.dropped = true;
                return Verdict::Hide;
            }
        };
        let beside = frame.top && asked.method == Method::Propfind && !path.0.starts_with(&asked.target.0);
        if beside {
            frame.dropped = true;
            Verdict::Hide
        } else if listed && filter.sees(&path) || failure && filter.is_destination(&path) {
            match &frame.path {
                Some(first) => frame.several |= first.0.key() != path.0.key(),
                None => frame.path = Some(path),
            }
            Verdict::Show(Shown::Seen)
        } else if failure {
            Verdict::Replace(filter.nearest_seen(&path))
        } else if frame.top && asked.sync == Some(SyncStart::Token) {
            Verdict::Show(Shown::Gone)
        } else {
            frame.dropped = true;
            Verdict::Hide
        }
    }

    /// An href of the innermost response was left out for another reason than the principal.
    pub fn left_out(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.dropped = true;
        }
    }

    /// An href of the innermost response is written at `span`.
    pub fn wrote_url(&mut self, span: Span, shown: Shown, held: &Held) {
        let Some(frame) = self.frames.last_mut() else { return };
        // Neighbours that failed are told by one URL.
        let again = frame.hrefs.last().is_some_and(|(last, why)| {
            shown == Shown::Moved && *why == Shown::Moved && held.get(*last) == held.get(span)
        });
        if !again {
            frame.hrefs.push((span, shown));
        }
    }

    /// Whether the root of the current lock may be told.
    pub fn lock_root(&mut self, named: Named) -> bool {
        let sees = self.sees(&named);
        if let Some(lock) = &mut self.lock {
            lock.root(if sees { named } else { Named::Outside });
        }
        sees
    }

    /// Whether the principal may know what a URL names; other servers are not ours to hide (C-2, C-3).
    pub fn sees(&self, named: &Named) -> bool {
        match named {
            Named::Elsewhere => true,
            Named::Outside => false,
            Named::Public(path) => self.filter.sees(path),
        }
    }

    /// The end tag of an element is about to be written at `at`.
    pub fn ending(&mut self, context: Context, at: usize) {
        if let (Context::Prop, Some(frame)) = (context, self.frames.last_mut()) {
            frame.end_of_prop(at);
        }
    }

    /// The end tag of an element is written. Changes what is held of a response or a lock, `changes` too, and says whether a response goes
    /// out.
    pub fn ended(&mut self, context: Context, held: &mut Held, changes: Changes) -> bool {
        if let (true, Some(frame)) = (changes.propstat_gone, self.frames.last_mut()) {
            frame.forget_propstat();
        }
        match context {
            Context::Response => self.end_response(held, changes),
            Context::ActiveLock => {
                self.end_lock(held);
                false
            }
            _ => false,
        }
    }

    /// An element has ended, and its fate is known; `at` is the place after it.
    pub fn closed(&mut self, context: Context, parent: Option<Context>, at: usize) {
        let span = |start| Span { start, end: at };
        match context {
            Context::LockToken | Context::LockOwner if parent == Some(Context::ActiveLock) => {
                if let Some(lock) = &mut self.lock
                    && (context == Context::LockToken || self.filter.hide_lock_owner)
                {
                    lock.end(at);
                }
            }
            _ => {}
        }
        let Some(frame) = self.frames.last_mut() else { return };
        match (context, parent) {
            (Context::Privilege, _) | (Context::Data, Some(Context::Privileges)) => {
                if let Some((start, false)) = self.privilege.take() {
                    frame.cut.push(span(start));
                }
            }
            _ => frame.closed(context, parent, at, &self.status),
        }
    }

    /// Whether something is added at the end of every multistatus.
    pub fn adds(&self) -> bool {
        !self.filter.answers.is_empty()
    }

    /// What is added at the end of the multistatus: what was not asked of the back end (F-7), and a failure that would be lost.
    pub fn tail(&mut self) -> Vec<u8> {
        let mut out = String::new();
        for answer in &self.filter.answers {
            push_response(&mut out, &self.prefix, answer);
        }
        if let Some(status) = self.lost.filter(|_| !self.kept) {
            let prefix = &self.prefix;
            out.push_str(&format!("<{prefix}response><{prefix}href>"));
            push_text(&mut out, &self.filter.asked.target.to_string());
            out.push_str(&format!(
                "</{prefix}href>{}</{prefix}response>",
                status_element(prefix, status)
            ));
        }
        out.into_bytes()
    }

    /// The memory that is kept, in bytes, without that of the paths.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.frames.iter().map(Frame::memory).sum::<usize>()
            + self.told.memory()
            + self.frames.capacity() * size_of::<Frame>()
    }

    /// Whether the privilege named by `start` holds on the resource of the innermost response. Unknown before its href.
    fn holds(&self, start: &StartTag<'_>) -> bool {
        let path = self.frames.last().and_then(|frame| frame.path.as_ref());
        path.is_some_and(|path| self.filter.view.holds(path, start.name))
    }

    /// Whether a listing comes to what is in the folder of `path`. Neighbours come one after the other.
    fn lists(&mut self, path: &PublicPath) -> bool {
        let filter = &self.filter;
        let Some((folder, _)) = path.0.key().rsplit_once('/').filter(|_| !filter.asked.multiget) else {
            return true;
        };
        // Directly in the target, where nearly everything is.
        if folder == filter.root_of(path).0.key() {
            return true;
        }
        match &self.folder {
            // With a Destination there are two roots.
            _ if filter.asked.destination.is_some() => filter.lists(path),
            Some((known, listed)) if known == folder => *listed,
            Some(_) | None => {
                let listed = filter.lists(path);
                self.folder = Some((folder.to_owned(), listed));
                listed
            }
        }
    }

    fn end_response(&mut self, held: &mut Held, changes: Changes) -> bool {
        let Some(mut frame) = self.frames.pop() else {
            return false;
        };
        frame.grow(&changes.grown);
        let keep = self.settle(&frame, held, changes.edits);
        self.kept |= keep && frame.top;
        keep
    }

    fn settle(&mut self, frame: &Frame, held: &mut Held, added: Vec<Edit>) -> bool {
        let (seen, moved) = (frame.has(Shown::Seen), frame.has(Shown::Moved));
        let gone = frame.has(Shown::Gone);
        let response = prefix(held.get(frame.tag)).to_owned();
        let edits = if moved {
            // What is not a number is no success.
            let status = frame.outcome().unwrap_or(403);
            let failed = !(200..300).contains(&status);
            if !failed && !seen {
                self.lost = Some(status);
                return false;
            }
            let keep: &[Shown] = if failed {
                &[Shown::Seen, Shown::Moved]
            } else {
                &[Shown::Seen]
            };
            let edits = frame.bare(held, keep, &status_element(&response, status));
            if self.told.again(&edits) && !seen {
                return false;
            }
            edits
        } else if seen && (gone || frame.dropped) {
            frame.bare(held, &[Shown::Seen], &frame.remains(held))
        } else if seen {
            [self.guard(frame, held), added].concat()
        } else if gone {
            // It is removed and hidden: nobody has to know that it was there.
            if frame.status == Some(404) && frame.propstats.is_empty() {
                return false;
            }
            frame.bare(held, &[Shown::Gone], &status_element(&response, 404))
        } else {
            if self.filter.asked.tells_of_failures() && frame.top {
                self.lost = frame.outcome().or(Some(403));
            }
            return false;
        };
        held.edit(edits);
        true
    }

    fn guard(&self, frame: &Frame, held: &Held) -> Vec<Edit> {
        let view = &self.filter.view;
        let path = frame.path.as_ref().filter(|_| !frame.several);
        frame.guard(held, self.filter.asked.named, &|guarded| {
            path.is_some_and(|path| match guarded {
                Guarded::Acl | Guarded::InheritedAclSet => view.reads_acl(path),
                Guarded::CurrentUserPrivilegeSet => view.reads_privileges(path),
            })
        })
    }

    fn end_lock(&mut self, held: &mut Held) {
        let Some(lock) = self.lock.take() else { return };
        let resource = match self.frames.last() {
            Some(frame) => frame.path.as_ref(),
            None => Some(&self.filter.asked.target),
        };
        let hidden = lock.hidden(&self.filter, resource);
        held.edit(hidden.into_iter().map(Edit::remove).collect());
    }
}

#[cfg(test)]
#[path = "filtering_tests.rs"]
pub(super) mod tests;
