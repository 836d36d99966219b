//! The XML body of an answer, rewritten while it passes (spec, C-1 to C-14).
//! In: the body in pieces of any size, a map from the back end's URLs to the public ones. Out: the same body in UTF-8, byte for
//! byte but for the URLs in the places of [`super::context`]; a response without a public URL is left out. Held in memory is at
//! most one response, and one URL. With a filter, what the principal may not see is left out in the same pass (section 3.6). A body whose root is none of WebDAV's passes unchanged. A body that is not well-formed, or
//! ends early, is an error: what went out before it is then no whole document either.

pub use super::body_options::{BodyError, BodyOptions};
use super::context::{Context, Mapped, Place, ResponseUrls};
use super::filtering::{Filtering, Verdict};
use super::frame::Shown;
use super::held::{Fate, Held, Span, empty_tag};
use super::lock_properties::{LockInsertion, LockProperties};
use super::marks::Marks;
use super::printed_owner::PrintedOwner;
use super::url_text::{UrlText, split_empty};
use super::visibility::Filter;
use crate::xml::scanner::{Flow, ScanError, Scanner, StartTag, Token};
use crate::xml::{first_characters, trim, unescape_into};

/// The longest `responsedescription` that passes, in characters (ERR-3: some back ends put stack traces there).
const MAX_DESCRIPTION: usize = 1024;

/// A body being rewritten.
pub struct BodyRewriter<U> {
    scanner: Scanner,
    pass: Pass<U>,
    failed: Option<BodyError>,
}

impl<U: ResponseUrls> BodyRewriter<U> {
    /// A rewriter for one body.
    pub fn new(urls: U, options: BodyOptions) -> Self {
        let mut scanner = Scanner::new(options.charset.as_deref());
        if options.repair_lock_owner {
            scanner.report_undeclared_prefixes();
        }
        let pass = Pass {
            urls,
            held: Held::new(options.max_response_element),
            request_url: options.request_url,
            success: options.success,
            filter: None,
            contexts: Vec::new(),
            url: UrlText::default(),
            description_left: 0,
            marks: Marks::default(),
            locks: None,
            owner: options.repair_lock_owner.then(PrintedOwner::default),
            unmapped: 0,
        };
        Self {
            scanner,
            pass,
            failed: None,
        }
    }

    /// The same for a principal who may not see everything.
    pub fn filtered(mut self, filter: Filter) -> Self {
        self.pass.filter = Some(Filtering::new(filter));
        self
    }

    /// The same with the gateway's own lock properties (L-82).
    pub fn with_locks(mut self, properties: LockProperties) -> Self {
        self.pass.locks = Some(LockInsertion::new(properties));
        self
    }

    /// Takes the next bytes of the body and appends to `out` what can go out. An error is final: it comes again at every call.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        let pass = &mut self.pass;
        self.failed.map_or(Ok(()), Err)?;
        self.scanner
            .push(chunk, &mut |token| pass.token(token, out))
            .inspect_err(|error| self.failed = Some(*error))
    }

    /// Says that the body ends here and appends what is left; an error when the document is not whole. An empty body is not a
    /// document: do not rewrite what has no body.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let pass = &mut self.pass;
        self.failed.map_or(Ok(()), Err)?;
        self.scanner
            .finish(&mut |token| pass.token(token, out))
            .inspect_err(|error| self.failed = Some(*error))
    }

    /// How many URLs were left out or replaced because they are not public.
    pub fn unmapped_hrefs(&self) -> u64 {
        self.pass.unmapped
    }

    /// The memory kept between two calls, in bytes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let filter = self.pass.filter.as_ref().map_or(0, Filtering::memory);
        self.scanner.carried() + self.pass.held.memory() + self.pass.url.memory() + filter
    }
}

struct Pass<U> {
    urls: U,
    request_url: String,
    success: bool,
    /// What the principal may see; `None`: everything.
    filter: Option<Filtering>,
    /// The contexts of the open elements, the root first.
    contexts: Vec<Context>,
    /// What waits for its fate.
    held: Held,
    /// The URL that is being read.
    url: UrlText,
    /// How many more characters of the current `responsedescription` go out.
    description_left: usize,
    marks: Marks,
    /// The lock properties, where they are the gateway's; `None`: the back end's pass.
    locks: Option<LockInsertion>,
    /// The owner of the current lock, where it must be read as Python's.
    owner: Option<PrintedOwner>,
    unmapped: u64,
}

impl<U: ResponseUrls> Pass<U> {
    fn token(&mut self, token: Token<'_>, out: &mut Vec<u8>) -> Result<Flow, BodyError> {
        let context = self.contexts.last().copied();
        let locks = self.locks.as_mut();
        if self.marks.swallow(context, &token) || locks.is_some_and(|locks| locks.swallow(context, &token)) {
            return Ok(Flow::Continue);
        }
        let in_url = context.is_some_and(|context| context.url().is_some());
        if let (Some(Context::LockOwner), Some(owner)) = (context, &mut self.owner) {
            let text = match token {
                Token::Text(raw) => owner.text(raw),
                Token::End(_) if self.contexts.iter().nth_back(1) != Some(&Context::LockOwner) => owner.end(),
                _ => owner.tag(),
            };
            self.held.write(text.as_bytes(), out)?;
            if matches!(token, Token::Text(_)) {
                return Ok(Flow::Continue);
            }
        }
        match token {
            Token::Start(tag) => return self.start(context, tag, out),
            Token::End(raw) => self.end(raw, out)?,
            Token::Text(raw) if in_url => {
                self.url.add(raw)?;
                unescape_into(raw, &mut self.url.text)?;
            }
            Token::Cdata(text) if in_url => {
                self.url.add(text)?;
                self.url.text.push_str(text);
            }
            Token::Markup(raw) if in_url => self.url.add(raw)?,
            Token::Text(raw) if context == Some(Context::Description) => {
                self.held
                    .write(first_characters(raw, true, &mut self.description_left).as_bytes(), out)?;
            }
            Token::Cdata(text) if context == Some(Context::Description) => {
                self.held.write(
                    first_characters(text, false, &mut self.description_left).as_bytes(),
                    out,
                )?;
            }
            Token::Text(raw) | Token::Cdata(raw) if context.is_some_and(Context::is_read) && self.reads() => {
                self.held.write(raw.as_bytes(), out)?;
                let mut text = String::new();
                match token {
                    Token::Text(_) => unescape_into(raw, &mut text)?,
                    _ => text.push_str(raw),
                }
                if let (Some(filter), Some(context)) = (&mut self.filter, context) {
                    filter.text(context, &text);
                }
                if let (Some(locks), Some(context)) = (&mut self.locks, context) {
                    locks.text(context, &text);
                }
            }
            Token::Text(raw) | Token::Cdata(raw) | Token::Markup(raw) => self.held.write(raw.as_bytes(), out)?,
            Token::Declaration(declaration) => match declaration.encoding {
                Some(encoding) if !encoding.eq_ignore_ascii_case("utf-8") => {
                    self.held.write(b"<?xml version=\"1.0\" encoding=\"utf-8\"?>", out)?;
                }
                Some(_) | None => self.held.write(declaration.raw.as_bytes(), out)?,
            },
            Token::Rest(bytes) => out.extend_from_slice(bytes),
        }
        Ok(Flow::Continue)
    }

    /// Whether somebody reads text that is data.
    fn reads(&self) -> bool {
        self.filter.is_some() || self.locks.is_some()
    }

    fn start(&mut self, parent: Option<Context>, tag: StartTag<'_>, out: &mut Vec<u8>) -> Result<Flow, BodyError> {
        if tag.undeclared.is_some() && parent != Some(Context::LockOwner) {
            return Err(ScanError::UndeclaredPrefix.into());
        }
        let context = match parent {
            Some(parent) if parent.url().is_some() => return Err(BodyError::ElementInUrl),
            Some(parent) => parent.child(tag.name),
            None => match Context::root(tag.name) {
                root if self
                    .filter
                    .as_ref()
                    .is_some_and(|filter| !filter.expects(root, self.success)) =>
                {
                    return Err(BodyError::UnexpectedRoot);
                }
                Some(root) => root,
                None => {
                    out.extend_from_slice(tag.raw.as_bytes());
                    return Ok(Flow::Verbatim);
                }
            },
        };
        let context = match context {
            Context::Url(Place::SyncToken) if !self.urls.wraps_sync_tokens() => Context::Data,
            other => other,
        };
        if context == Context::Description && parent != Some(Context::Description) {
            self.description_left = MAX_DESCRIPTION;
        }
        let context = match &self.filter {
            Some(filter) => filter.context(parent, context, tag.name),
            None => context,
        };
        if let (None, Context::Multistatus, Some(filter)) = (parent, context, &self.filter)
            && let Some((start, end)) = split_empty(tag.raw).filter(|_| filter.adds())
        {
            let opened = StartTag {
                raw: &start,
                empty: false,
                ..tag
            };
            self.start(parent, opened, out)?;
            self.end(&end, out)?;
            return Ok(Flow::Continue);
        }
        let at = self.held.len();
        match (tag.undeclared, context.url(), Fate::of(context, self.filter.is_some())) {
            (Some(prefix), _, _) => self.held.write(declare(tag.raw, prefix).as_bytes(), out)?,
            (None, Some(_), _) => self.url.begin(tag.raw),
            (None, None, Some(fate)) => self.held.open(fate, tag.raw.as_bytes(), out)?,
            (None, None, None) => self.held.write(tag.raw.as_bytes(), out)?,
        }
        self.contexts.push(context);
        let end = self.held.len();
        let span = Span { start: at, end };
        if let Some(filter) = &mut self.filter {
            filter.opened(parent, context, &tag, span);
        }
        if let Some(locks) = &mut self.locks {
            locks.opened(parent, context, &tag, span);
        }
        if tag.empty {
            self.end("", out)?;
        }
        Ok(Flow::Continue)
    }

    /// The innermost element ends with the tag `raw`, which is empty when it was an empty tag.
    fn end(&mut self, raw: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let Some(context) = self.contexts.pop() else {
            return Ok(());
        };
        if context.url().is_some() {
            return self.end_of_url(context, raw, out);
        }
        if let Some(filter) = &mut self.filter {
            filter.ending(context, self.held.len());
        }
        if let Some(locks) = &mut self.locks {
            locks.ending(context, self.held.len());
        }
        if context == Context::Multistatus && self.contexts.is_empty() {
            self.write_tail(raw, out)?;
        } else {
            self.held.write(raw.as_bytes(), out)?;
        }
        let locks = self.locks.as_mut();
        let changes = locks
            .map(|locks| locks.ended(context, &mut self.held))
            .unwrap_or_default();
        match &mut self.filter {
            Some(filter) => {
                if filter.ended(context, &mut self.held, changes) {
                    self.held.keep_response();
                }
            }
            None => self.held.edit(changes.edits),
        }
        if Fate::of(context, self.filter.is_some()).is_some() {
            self.held.close(out);
        }
        if let Some(filter) = &mut self.filter {
            filter.closed(context, self.contexts.last().copied(), self.held.len());
        }
        Ok(())
    }

    fn end_of_url(&mut self, context: Context, end: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let Some(place) = context.url() else { return Ok(()) };
        let mut mapped = self.urls.map(place, trim(&self.url.text));
        if mapped == Mapped::Outside {
            self.unmapped += 1;
        } else if self.is_hidden(context, place) {
            mapped = Mapped::Outside;
        }
        match (mapped, context) {
            (Mapped::Outside, Context::ResponseUrl) => self.response_url(None, end, out),
            (Mapped::To(url), Context::ResponseUrl) => self.response_url(Some(url), end, out),
            (Mapped::Outside, Context::MountUrl) => self.held.write(&empty_tag(self.url.tag().as_bytes()), out),
            (Mapped::Outside, _) if self.contexts.last() == Some(&Context::Error) => {
                self.held.write(&self.url.with(&self.request_url, end), out)
            }
            (Mapped::Outside, _) => {
                self.held.hide_value();
                Ok(())
            }
            (Mapped::To(url), _) => self.held.write(&self.url.with(&url, end), out),
            (Mapped::Unchanged, Context::ResponseUrl) if self.filter.is_some() => self.response_url(None, end, out),
            (Mapped::Unchanged, _) => {
                self.held.write(self.url.raw.as_bytes(), out)?;
                self.held.write(end.as_bytes(), out)?;
                if context == Context::ResponseUrl {
                    self.held.keep_response();
                }
                Ok(())
            }
        }
    }

    /// Whether the current URL, which is public and no response's, names what the principal may not know of (C-2, C-3, C-13, A-35).
    fn is_hidden(&mut self, context: Context, place: Place) -> bool {
        let Some(filter) = &mut self.filter else { return false };
        let named = || self.urls.named(trim(&self.url.text));
        match (self.contexts.last(), place) {
            _ if context == Context::ResponseUrl || place == Place::SyncToken => false,
            (Some(Context::LockRoot), _) => !filter.lock_root(named()),
            (Some(Context::Location), _) | (_, Place::Error) => !filter.sees(&named()),
            _ if self.contexts.first() == Some(&Context::Report) => !filter.sees(&named()),
            _ => false,
        }
    }

    /// The href of a response, with its public URL if it has one.
    fn response_url(&mut self, url: Option<String>, end: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let shown = url.filter(|url| self.urls.shows(url));
        if let Some(locks) = &mut self.locks {
            locks.response_url(self.urls.named(trim(&self.url.text)));
        }
        let Some(filter) = &mut self.filter else {
            if let Some(url) = shown {
                self.held.write(&self.url.with(&url, end), out)?;
                self.held.keep_response();
            }
            return Ok(());
        };
        let Some(url) = shown else {
            filter.left_out();
            return Ok(());
        };
        let (url, shown) = match filter.response_url(self.urls.named(trim(&self.url.text))) {
            Verdict::Hide => return Ok(()),
            Verdict::Show(shown) => (url, shown),
            Verdict::Replace(ancestor) => (ancestor, Shown::Moved),
        };
        let start = self.held.len();
        self.held.write(&self.url.with(&url, end), out)?;
        let end = self.held.len();
        filter.wrote_url(Span { start, end }, shown, &self.held);
        Ok(())
    }

    /// The end tag of a multistatus, and before it what a filter adds.
    fn write_tail(&mut self, end: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        if let Some(filter) = &mut self.filter {
            self.held.write(&filter.tail(), out)?;
        }
        self.held.write(end.as_bytes(), out)
    }
}

/// The tag `raw` with `prefix` declared. Zope drops the declarations of the owner a client sent; practically all clients have
/// the prefix for `DAV:`, and what is in an owner is never used.
fn declare(raw: &str, prefix: &str) -> String {
    let name_end = raw.find([' ', '\t', '\r', '\n', '/', '>']).unwrap_or(raw.len());
    let (name, rest) = raw.split_at_checked(name_end).unwrap_or((raw, ""));
    format!("{name} xmlns:{prefix}=\"DAV:\"{rest}")
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
