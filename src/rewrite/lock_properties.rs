//! `DAV:lockdiscovery` and `DAV:supportedlock` where the back end's own mean nothing (L-82, L-83; LM-C, LM-D): left out of every response
//! wherever they stand, and the gateway's put in, in the same pass. In: the tokens of an answer, and the places of its parts. Out: what is
//! left out, and edits of the response that is held. What is needed of the locks is in memory before the answer passes.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    context::{Context, Named},
    frame::{keep_status, name, prefix, status_code, status_element},
    held::{Edit, Held, Span},
};
use crate::{
    url::PublicPath,
    xml::{
        name::ExpandedName,
        scanner::{StartTag, Token},
    },
};

/// One of the two properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockProperty {
    /// `DAV:lockdiscovery`.
    Discovery,
    /// `DAV:supportedlock`.
    Supported,
}

impl LockProperty {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Discovery, Self::Supported];

    /// The one with this name.
    pub fn of(name: ExpandedName<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|property| name.is_dav(property.local()))
    }

    /// Its local name in `DAV:`.
    pub fn local(self) -> &'static str {
        match self {
            Self::Discovery => "lockdiscovery",
            Self::Supported => "supportedlock",
        }
    }
}

/// When a property is put into a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Never.
    No,
    /// If the back end's response says something of it, were it only that there is none: then it was asked for there.
    IfTold,
    /// Always: it was asked for by name.
    Named,
    /// Always where there is a value: everything was asked for.
    Any,
    /// Its name alone (propname).
    Name,
}

/// What the properties of a resource are.
pub trait LockValues: Send + Sync {
    /// The status of `property` of the resource at `path`, and the element, which declares its own prefixes; `None`: there is no such
    /// property.
    fn value(&self, property: LockProperty, path: &PublicPath) -> Option<(u16, String)>;
}

/// What becomes of the two properties in an answer.
#[derive(Clone)]
pub struct LockProperties {
    /// What they are.
    pub values: Arc<dyn LockValues>,
    /// When each is put in, in the order of [`LockProperty::ALL`].
    pub wanted: [Wanted; 2],
}

impl fmt::Debug for LockProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockProperties")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

/// The same at work in one answer.
pub(super) struct LockInsertion {
    properties: LockProperties,
    /// The open responses, outermost first.
    responses: Vec<Response>,
    /// How many elements are open of a property that is left out.
    skipped: usize,
    status: String,
}

struct Response {
    /// Its start tag.
    tag: Span,
    path: Option<PublicPath>,
    /// The propstat that has begun.
    propstat: Option<Propstat>,
    /// Those that ended, and go out.
    propstats: Vec<Propstat>,
    told: [bool; 2],
    /// Where the last propstat ended.
    last: Option<usize>,
}

struct Propstat {
    tag: Span,
    /// The start tag of its prop, and whether it is an empty tag.
    prop: Option<(Span, bool)>,
    content_end: usize,
    status: Option<u16>,
    /// How many of its properties stay.
    stay: usize,
    /// Whether some do not.
    lost: bool,
}

/// What is changed in a response.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub edits: Vec<Edit>,
    /// Which of its propstats get how many properties more.
    pub grown: Vec<(usize, usize)>,
    /// The propstat that just ended was taken back.
    pub propstat_gone: bool,
}

impl LockInsertion {
    pub fn new(properties: LockProperties) -> Self {
        Self {
            properties,
            responses: Vec::new(),
            skipped: 0,
            status: String::new(),
        }
    }

    /// Whether `token`, in an element of this context, belongs to what is left out.
    pub fn swallow(&mut self, context: Option<Context>, token: &Token<'_>) -> bool {
        let within = self.skipped > 0;
        match token {
            Token::Start(tag) => {
                let part = within || context == Some(Context::Prop) && self.leaves_out(tag.name);
                self.skipped += usize::from(part && !tag.empty);
                part
            }
            Token::End(_) => {
                self.skipped = self.skipped.saturating_sub(1);
                within
            }
            Token::Text(_) | Token::Cdata(_) | Token::Markup(_) | Token::Declaration(_) | Token::Rest(_) => within,
        }
    }

    /// Whether a property of this name does not go out; notes that the back end told of it.
    fn leaves_out(&mut self, name: ExpandedName<'_>) -> bool {
        let Some(response) = self.responses.last_mut() else {
            return false;
        };
        let (Some(propstat), Some(property)) = (&mut response.propstat, LockProperty::of(name)) else {
            return false;
        };
        propstat.lost = true;
        for (known, told) in LockProperty::ALL.into_iter().zip(&mut response.told) {
            *told |= known == property;
        }
        true
    }

    /// An element has begun, its start tag is written at `tag`.
    pub fn opened(&mut self, parent: Option<Context>, context: Context, start: &StartTag<'_>, tag: Span) {
        if context == Context::Response {
            return self.responses.push(Response {
                tag,
                path: None,
                propstat: None,
                propstats: Vec::new(),
                told: [false; 2],
                last: None,
            });
        }
        let Some(response) = self.responses.last_mut() else {
            return;
        };
        match (context, &mut response.propstat) {
            (Context::Propstat, propstat) => {
                *propstat = Some(Propstat {
                    tag,
                    prop: None,
                    content_end: tag.end,
                    status: None,
                    stay: 0,
                    lost: false,
                });
            }
            (Context::Status, _) => self.status.clear(),
            (Context::Prop, Some(propstat)) if propstat.prop.is_none() => propstat.prop = Some((tag, start.empty)),
            (_, Some(propstat)) if parent == Some(Context::Prop) => propstat.stay += 1,
            _ => {}
        }
    }

    /// Decoded character data in an element of this context, or a part of it.
    pub fn text(&mut self, context: Context, text: &str) {
        if context == Context::Status {
            keep_status(&mut self.status, text);
        }
    }

    /// The href of the innermost response.
    pub fn response_url(&mut self, named: Named) {
        if let (Some(response), Named::Public(path)) = (self.responses.last_mut(), named) {
            response.path.get_or_insert(path);
        }
    }

    /// The end tag of an element is about to be written at `at`.
    pub fn ending(&mut self, context: Context, at: usize) {
        let propstat = self
            .responses
            .last_mut()
            .and_then(|response| response.propstat.as_mut());
        if let (Context::Prop, Some(propstat)) = (context, propstat) {
            propstat.content_end = at;
        }
    }

    /// The end tag of an element is written: what is changed in what is held.
    pub fn ended(&mut self, context: Context, held: &mut Held) -> Changes {
        match context {
            Context::Status => {
                let propstat = self
                    .responses
                    .last_mut()
                    .and_then(|response| response.propstat.as_mut());
                if let Some(propstat) = propstat {
                    propstat.status = propstat.status.or_else(|| status_code(&self.status));
                }
                Changes::default()
            }
            Context::Propstat => Changes {
                propstat_gone: self.end_propstat(held),
                ..Changes::default()
            },
            Context::Response => self.end_response(held),
            _ => Changes::default(),
        }
    }

    /// The end tag of a propstat is written. One that held nothing but what is left out goes with it: whether it did.
    fn end_propstat(&mut self, held: &mut Held) -> bool {
        let Some(response) = self.responses.last_mut() else {
            return false;
        };
        let Some(propstat) = response.propstat.take() else {
            return false;
        };
        let gone = propstat.stay == 0 && propstat.lost;
        if gone {
            held.truncate(propstat.tag.start);
        } else {
            response.propstats.push(propstat);
        }
        response.last = Some(held.len());
        gone
    }

    /// The end tag of a response is written: what is put in. What finds no propstat of its status gets one of its own. A response without
    /// any propstat has no properties.
    fn end_response(&mut self, held: &Held) -> Changes {
        let mut changes = Changes::default();
        let Some(response) = self.responses.pop() else {
            return changes;
        };
        let (Some(end), Some(path)) = (response.last, &response.path) else {
            return changes;
        };
        // Its own prefix: that of a propstat may be declared there alone.
        let prefix = prefix(held.get(response.tag));
        let mut rest = String::new();
        for (status, elements) in self.additions(&response, path) {
            let text: String = elements.concat();
            let mut propstats = response.propstats.iter().enumerate();
            let home = propstats.find_map(|(at, propstat)| {
                Some((at, propstat, propstat.prop.filter(|_| propstat.status == Some(status))?))
            });
            match home {
                Some((at, propstat, prop)) => {
                    changes.edits.push(into_prop(held, prop, propstat.content_end, &text));
                    changes.grown.push((at, elements.len()));
                }
                None => {
                    let status = status_element(prefix, status);
                    rest.push_str(&format!(
                        "<{prefix}propstat><{prefix}prop>{text}</{prefix}prop>{status}</{prefix}propstat>"
                    ));
                }
            }
        }
        if !rest.is_empty() {
            changes.edits.push(Edit::insert(end, rest.into_bytes()));
        }
        changes
    }

    /// What is to be told of `path`, by status.
    fn additions(&self, response: &Response, path: &PublicPath) -> BTreeMap<u16, Vec<String>> {
        let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for ((property, wanted), told) in LockProperty::ALL
            .into_iter()
            .zip(self.properties.wanted)
            .zip(response.told)
        {
            let nothing = || (404, empty(property));
            let added = match wanted {
                Wanted::No => None,
                Wanted::IfTold if !told => None,
                Wanted::IfTold | Wanted::Named => {
                    Some(self.properties.values.value(property, path).unwrap_or_else(nothing))
                }
                // What everybody is told of only where it is there.
                Wanted::Any => self
                    .properties
                    .values
                    .value(property, path)
                    .filter(|(status, _)| *status == 200),
                Wanted::Name => self
                    .properties
                    .values
                    .value(property, path)
                    .map(|_| (200, empty(property))),
            };
            if let Some((status, element)) = added {
                by_status.entry(status).or_default().push(element);
            }
        }
        by_status
    }
}

/// An element without content.
fn empty(property: LockProperty) -> String {
    format!("<D:{} xmlns:D=\"DAV:\"/>", property.local())
}

/// Puts `text` at the end of a prop whose start tag is `tag`.
fn into_prop(held: &Held, (tag, empty): (Span, bool), content_end: usize, text: &str) -> Edit {
    if !empty {
        return Edit::insert(content_end, text.as_bytes().to_vec());
    }
    let raw = held.get(tag);
    let open = raw.strip_suffix(b"/>").unwrap_or(raw);
    let with = [open, format!(">{text}</{}>", name(raw)).as_bytes()].concat();
    Edit { span: tag, with }
}

#[cfg(test)]
#[path = "lock_properties_tests.rs"]
mod tests;
