//! One `DAV:response` as a filter sees it: where its parts lie in what is held, and what becomes of them at its end (F-1, F-4,
//! F-5, F-8). In: the places of hrefs, propstats and properties. Out: edits of the held bytes.

use super::{
    context::Context,
    held::{Edit, Held, Span},
};
use crate::{
    url::PublicPath,
    xml::{
        guarded::{Guarded, GuardedSet},
        scanner::StartTag,
    },
};

/// How much of a status line is read, in bytes.
const MAX_STATUS: usize = 64;

/// Why an href of a response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The principal may see it.
    Seen,
    /// It stands for a failure of something hidden below it (F-4).
    Moved,
    /// It is hidden, and told as removed (F-8).
    Gone,
}

/// A `DAV:propstat`.
#[derive(Debug)]
pub(super) struct Propstat {
    pub span: Span,
    /// The start tag of its first `prop`, and whether it is an empty tag.
    pub prop: Option<(Span, bool)>,
    /// Where the content of that `prop` ends.
    pub content_end: Option<usize>,
    pub status: Option<u16>,
    /// How many properties it has.
    pub properties: usize,
}

/// A `DAV:response` that has begun.
#[derive(Debug)]
pub(super) struct Frame {
    /// Whether it is no response inside a property.
    pub top: bool,
    /// Its start tag.
    pub tag: Span,
    /// The hrefs that were written.
    pub hrefs: Vec<(Span, Shown)>,
    /// Whether an href was left out.
    pub dropped: bool,
    /// The resource of the first href that may be seen.
    pub path: Option<PublicPath>,
    /// Whether there are several: then nobody can say whose properties these are.
    pub several: bool,
    pub status: Option<u16>,
    pub propstats: Vec<Propstat>,
    /// The guarded property that has begun, and where.
    pub property: Option<(Guarded, usize)>,
    /// Guarded properties: which, where, in which propstat.
    pub guarded: Vec<(Guarded, Span, usize)>,
    /// Privileges that do not hold.
    pub cut: Vec<Span>,
}

impl Frame {
    /// A response with the start tag at `tag`.
    pub fn new(top: bool, tag: Span) -> Self {
        Self {
            top,
            tag,
            hrefs: Vec::new(),
            dropped: false,
            path: None,
            several: false,
            status: None,
            propstats: Vec::new(),
            property: None,
            guarded: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// An element in it has begun, with the start tag `start` at `tag`. Properties are looked at only where they are read (F-5).
    pub fn opened(
        &mut self,
        parent: Option<Context>,
        context: Context,
        start: &StartTag<'_>,
        tag: Span,
        reads_properties: bool,
    ) {
        match (context, self.propstats.last_mut()) {
            (Context::Propstat, _) => self.propstats.push(Propstat {
                span: tag,
                prop: None,
                content_end: None,
                status: None,
                properties: 0,
            }),
            (Context::Prop, Some(propstat)) if propstat.prop.is_none() => propstat.prop = Some((tag, start.empty)),
            (_, Some(propstat)) if parent == Some(Context::Prop) && reads_properties => {
                propstat.properties += 1;
                self.property = Guarded::of(start.name).map(|guarded| (guarded, tag.start));
            }
            _ => {}
        }
    }

    /// The end tag of a `prop` comes at `at`.
    pub fn end_of_prop(&mut self, at: usize) {
        if let Some(propstat) = self.propstats.last_mut() {
            propstat.content_end.get_or_insert(at);
        }
    }

    /// An element in it has ended before `at`; `status` is the text of the last status.
    pub fn closed(&mut self, context: Context, parent: Option<Context>, at: usize, status: &str) {
        let code = || status_code(status);
        match (context, parent, self.propstats.last_mut()) {
            (Context::Status, Some(Context::Response), _) => self.status = self.status.or_else(code),
            (Context::Status, _, Some(propstat)) => propstat.status = propstat.status.or_else(code),
            (Context::Propstat, _, Some(propstat)) => propstat.span.end = at,
            (_, Some(Context::Prop), _) => {
                if let Some((guarded, start)) = self.property.take() {
                    let propstat = self.propstats.len().saturating_sub(1);
                    self.guarded.push((guarded, Span { start, end: at }, propstat));
                }
            }
            _ => {}
        }
    }

    /// The last propstat, which has ended, does not go out: it held nothing that is known of here.
    pub fn forget_propstat(&mut self) {
        self.propstats.pop();
    }

    /// Propstats, by their numbers, have so many properties more.
    pub fn grow(&mut self, grown: &[(usize, usize)]) {
        for (propstat, properties) in grown {
            if let Some(propstat) = self.propstats.get_mut(*propstat) {
                propstat.properties += properties;
            }
        }
    }

    /// The memory that is kept, in bytes.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.hrefs.capacity() * size_of::<(Span, Shown)>()
            + self.propstats.capacity() * size_of::<Propstat>()
            + self.guarded.capacity() * size_of::<(Guarded, Span, usize)>()
            + self.cut.capacity() * size_of::<Span>()
    }

    /// Whether an href was written for this reason.
    pub fn has(&self, shown: Shown) -> bool {
        self.hrefs.iter().any(|(_, why)| *why == shown)
    }

    /// The status of the whole: its own, or that of its first propstat.
    pub fn outcome(&self) -> Option<u16> {
        self.status
            .or_else(|| self.propstats.iter().find_map(|propstat| propstat.status))
    }

    /// The status or the propstat for what is left when parts of a response are not told; empty when it had neither.
    pub fn remains(&self, held: &Held) -> String {
        let prefix = prefix(held.get(self.tag));
        match self.status {
            Some(status) => status_element(prefix, status),
            None if self.propstats.is_empty() => String::new(),
            None => empty_propstat(prefix),
        }
    }

    /// The response with nothing in it but the hrefs that `keep` chooses, and `tail`.
    pub fn bare(&self, held: &Held, keep: &[Shown], tail: &str) -> Vec<Edit> {
        let tag = held.get(self.tag);
        let mut with = tag.to_vec();
        for (span, _) in self.hrefs.iter().filter(|(_, why)| keep.contains(why)) {
            with.extend_from_slice(held.get(*span));
        }
        with.extend_from_slice(tail.as_bytes());
        with.extend_from_slice(format!("</{}>", name(tag)).as_bytes());
        let (start, end) = (self.tag.start, held.len());
        let span = Span { start, end };
        vec![Edit { span, with }]
    }

    /// Takes out the guarded properties that `may` forbids: those in `named` come back empty with 403 (F-5); and the privileges
    /// that do not hold.
    pub fn guard(&self, held: &Held, named: GuardedSet, may: &dyn Fn(Guarded) -> bool) -> Vec<Edit> {
        let mut edits: Vec<Edit> = self.cut.iter().copied().map(Edit::remove).collect();
        let mut forbidden = GuardedSet::default();
        let mut taken = vec![0; self.propstats.len()];
        for (guarded, span, propstat) in self.guarded.iter().filter(|(guarded, ..)| !may(*guarded)) {
            edits.push(Edit::remove(*span));
            if let Some(taken) = taken.get_mut(*propstat) {
                *taken += 1;
            }
            if named.contains(*guarded) {
                forbidden.insert(*guarded);
            }
        }
        if taken.iter().all(|taken| *taken == 0) {
            return edits;
        }
        let target = self
            .propstats
            .iter()
            .position(|propstat| propstat.status == Some(403) && propstat.prop.is_some())
            .filter(|_| !forbidden.is_empty());
        let mut left = 0;
        for (at, (propstat, taken)) in self.propstats.iter().zip(&taken).enumerate() {
            if *taken > 0 && *taken == propstat.properties && target != Some(at) {
                edits.push(Edit::remove(propstat.span));
            } else {
                left += 1;
            }
        }
        let end = self.propstats.last().map_or(held.len(), |last| last.span.end);
        let prefix = prefix(held.get(self.tag));
        if let Some(propstat) = target.and_then(|at| self.propstats.get(at)) {
            edits.extend(merge(held, propstat, forbidden));
        } else if !forbidden.is_empty() {
            let status = status_element(prefix, 403);
            let properties = empty_elements(prefix, forbidden);
            let propstat =
                format!("<{prefix}propstat><{prefix}prop>{properties}</{prefix}prop>{status}</{prefix}propstat>");
            edits.push(Edit::insert(end, propstat.into_bytes()));
        } else if left == 0 {
            edits.push(Edit::insert(end, empty_propstat(prefix).into_bytes()));
        }
        edits
    }
}

/// Puts `forbidden` into the `prop` of `propstat`.
fn merge(held: &Held, propstat: &Propstat, forbidden: GuardedSet) -> Option<Edit> {
    let (tag, empty) = propstat.prop?;
    let raw = held.get(tag);
    let properties = empty_elements(prefix(raw), forbidden);
    Some(if empty {
        let open = raw.strip_suffix(b"/>").unwrap_or(raw);
        let rest = format!(">{properties}</{}>", name(raw));
        let with = [open, rest.as_bytes()].concat();
        Edit { span: tag, with }
    } else {
        Edit::insert(propstat.content_end?, properties.into_bytes())
    })
}

fn empty_elements(prefix: &str, properties: GuardedSet) -> String {
    let element = |property: Guarded| format!("<{prefix}{}/>", property.local());
    properties.iter().map(element).collect()
}

fn empty_propstat(prefix: &str) -> String {
    let status = status_element(prefix, 200);
    format!("<{prefix}propstat><{prefix}prop/>{status}</{prefix}propstat>")
}

/// The status in the text of a `DAV:status`.
pub(super) fn status_code(text: &str) -> Option<u16> {
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Adds to `status` what of `text` there is room for: as much, however the line is cut.
pub(super) fn keep_status(status: &mut String, text: &str) {
    for c in text.chars() {
        let leads = status.is_empty() && c.is_ascii_whitespace();
        if !leads && status.len() < MAX_STATUS {
            status.push(c);
        }
    }
}

/// A `DAV:status`, where `prefix` stands for `DAV:`.
pub(super) fn status_element(prefix: &str, status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let reason = reason.unwrap_or("Unknown");
    format!("<{prefix}status>HTTP/1.1 {status} {reason}</{prefix}status>")
}

/// The qualified name in a start tag.
pub(super) fn name(tag: &[u8]) -> &str {
    let tag = std::str::from_utf8(tag).unwrap_or_default();
    let tag = tag.strip_prefix('<').unwrap_or(tag);
    tag.split([' ', '\t', '\r', '\n', '/', '>']).next().unwrap_or_default()
}

/// The prefix in a start tag with its colon; empty when the name has none.
pub(super) fn prefix(tag: &[u8]) -> &str {
    let name = name(tag);
    name.find(':').and_then(|colon| name.get(..=colon)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Found by fuzzing: a line that is longer than is read meant one status in one piece, and another one in several.
    #[test]
    fn status_lines_are_cut_alike_however_they_come() {
        let long = format!("HTTP/1{}.1 200 OK", "b".repeat(100));
        for line in ["HTTP/1.1 200 OK", "\r\n  HTTP/1.1 207 Multi-Status", long.as_str()] {
            let (mut whole, mut pieces) = (String::new(), String::new());
            keep_status(&mut whole, line);
            line.chars()
                .for_each(|c| keep_status(&mut pieces, c.encode_utf8(&mut [0; 4])));
            assert_eq!(whole, pieces);
            assert!(whole.len() <= MAX_STATUS);
        }
        let mut status = String::new();
        keep_status(&mut status, "  HTTP/1.1 200 OK");
        assert_eq!(status_code(&status), Some(200));
        let mut status = String::new();
        keep_status(&mut status, &long);
        assert_eq!(status_code(&status), None);
    }
}
