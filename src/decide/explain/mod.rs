//! Why a request is let through or not. In: a gate, and a request as somebody imagines it. Out: an [`Explanation`]. The verdicts come from
//! the gate itself, by the same steps as for a request on the wire; the reasons come from the functions that the gate's checks are made
//! of, asked again in the gate's order. Nothing here judges.

mod addressed;
mod asker;
mod explanation;
mod looks;
mod reason;
mod stand_in;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    policy::{Method, Mode},
    request::{Depth, Located, operation::Subject},
    url::{PublicPath, Reference, Scheme, path_rules::PathUse},
};

use super::{
    Account, Admission, Admitted, Arrival, BodyPlan, Decision, Denial, Found, Gate, OwnAnswer, Question, Request,
    dav_headers::DavHeaders,
    gate::Arrived,
    privileges::{Asker, Matter},
    state::{State, States},
    target::Target,
};

pub use asker::{NoAsker, asker};
pub use explanation::{
    AccessLook, AskedPrivilege, Asking, ConfiguredRule, ConsideredRule, Explanation, FilterLook, Outcome, RouteName,
    Verdict, When,
};

/// A request as somebody imagines it.
#[derive(Clone, Debug)]
pub struct Inquiry<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as it stands in a request line, with a query if it has one; `*`; or an http(s) URL, whose host is asked.
    pub target: &'a str,
    /// The host that is asked, where the target is no URL. `None`: one that the route of the path answers to.
    pub host: Option<&'a str>,
    /// Further header fields: Destination, Depth and the like.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; `None`: none, or where the method means nothing without one, one that asks for no more than the method does.
    pub body: Option<&'a [u8]>,
    /// Who asks.
    pub asker: Asker,
    /// What is at the target; unknown is every state in turn.
    pub at_target: State,
    /// What is at Destination; unknown is every state in turn.
    pub at_destination: State,
}

/// Why something is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRequest {
    /// The method, the target or the host hold what cannot stand in a line of HTTP.
    #[error("method, path and host must be visible ASCII without blanks; percent-encode the rest of the path")]
    Line,
    /// So does a header.
    #[error("a header is no header of HTTP: expected NAME: VALUE in visible ASCII")]
    Header,
}

/// Why `inquiry` is let through or not.
///
/// # Errors
/// It cannot be written as a request.
pub fn explain(gate: &Gate, inquiry: &Inquiry<'_>) -> Result<Explanation, NoRequest> {
    let written = Written::new(gate, inquiry)?;
    let mut course = Course::new(inquiry, written);
    let ending = course.run(gate);
    Ok(reason::told(&course, &ending))
}

/// An inquiry in the form in which the gate reads it.
struct Written {
    raw: Vec<u8>,
    headers: HeaderMap,
    host: String,
    path: String,
}

impl Written {
    fn new(gate: &Gate, inquiry: &Inquiry<'_>) -> Result<Self, NoRequest> {
        let (host, path) = match Reference::parse(inquiry.target) {
            Reference::Absolute { authority, target, .. } => {
                let path = if target.path.is_empty() { "/" } else { target.path };
                (authority.to_owned(), format!("{path}{}", target.suffix()))
            }
            Reference::OtherScheme
            | Reference::NetworkPath { .. }
            | Reference::AbsolutePath(_)
            | Reference::Relative(_) => {
                let host = inquiry
                    .host
                    .map_or_else(|| addressed::host_of(gate, inquiry.target), str::to_owned);
                (host, inquiry.target.to_owned())
            }
        };
        let path = addressed::sent(gate, &host, path);
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if ![inquiry.method, &path, &host].into_iter().all(visible) {
            return Err(NoRequest::Line);
        }
        let mut headers = HeaderMap::new();
        let mut raw = format!("{} {path} HTTP/1.1\r\n", inquiry.method);
        let length = inquiry.body.map_or(0, <[u8]>::len).to_string();
        let method = Method::parse(inquiry.method);
        let mut fields = vec![("Host", host.as_str())];
        fields.extend(inquiry.headers);
        let says = |wanted: &str| {
            inquiry
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if !says("content-length") && !says("transfer-encoding") {
            match (inquiry.body, method) {
                (Some(_), _) | (None, Some(Method::Put | Method::Post | Method::Patch)) => {
                    fields.push(("Content-Length", &length));
                }
                // What stands in for a body is about so long.
                (None, Some(method)) if stands_in(method) => fields.push(("Content-Length", "200")),
                (None, _) => {}
            }
        }
        if method == Some(Method::Unlock) && !says("lock-token") {
            fields.push(("Lock-Token", "<urn:uuid:00000000-0000-0000-0000-000000000000>"));
        }
        if inquiry.body.is_some() && !says("content-type") && method.is_some_and(stands_in) {
            fields.push(("Content-Type", "application/xml"));
        }
        for (name, value) in fields {
            let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
            let (parsed, text) = parsed.zip(HeaderValue::from_str(value).ok()).ok_or(NoRequest::Header)?;
            headers.append(parsed, text);
            raw.push_str(&format!("{name}: {value}\r\n"));
        }
        raw.push_str("\r\n");
        Ok(Self {
            raw: raw.into_bytes(),
            headers,
            host,
            path,
        })
    }
}

/// Whether the method means nothing without an XML body, or another thing than with one.
fn stands_in(method: Method) -> bool {
    use Method::{Acl, Label, Lock, Merge, Orderpatch, Proppatch, Report, Search, Update};
    matches!(
        method,
        Proppatch | Lock | Acl | Report | Search | Update | Merge | Label | Orderpatch
    )
}

/// How far a request came, and what was learnt on the way.
struct Course<'a> {
    inquiry: &'a Inquiry<'a>,
    written: Written,
    account: Account,
    target: Option<Target>,
    depth: Option<Depth>,
    destination: Option<Located>,
    admitted: Option<Admitted>,
    stand_in: Option<&'static str>,
    passing: Option<Passing>,
}

/// Where it ended.
enum Ending {
    /// Refused, whatever is there.
    Refused(Denial),
    /// Answered by the gateway itself.
    Own,
    /// A well-known URL, which leads there.
    Moved(PublicPath),
    /// Let through, whatever is there.
    Permitted,
    /// Answered by a listing of the gateway's own.
    Listed,
    /// It depends.
    Asked(Box<Question>),
}

/// What happens on a route in report mode.
enum Passing {
    /// It passes, whatever is there.
    Always,
    /// It depends.
    Asked(Box<Question>),
}

/// A body.
struct Held {
    bytes: Vec<u8>,
    stands_in: bool,
}

/// Of the states those that the question is about, in its order.
fn asked_states(question: &Question, states: States) -> Vec<Found> {
    let (target, destination) = question.about();
    let asked = [(target, states.target), (destination, states.destination)];
    let asked = asked.into_iter().filter(|(asked, _)| *asked);
    asked.map(|(_, state)| state.into()).collect()
}

impl<'a> Course<'a> {
    fn new(inquiry: &'a Inquiry<'a>, written: Written) -> Self {
        Self {
            inquiry,
            written,
            account: Account::default(),
            target: None,
            depth: None,
            destination: None,
            admitted: None,
            stand_in: None,
            passing: None,
        }
    }

    /// The steps of a request, as the gateway takes them.
    fn run(&mut self, gate: &Gate) -> Ending {
        self.decide(gate).unwrap_or_else(Ending::Refused)
    }

    fn decide(&mut self, gate: &Gate) -> Result<Ending, Denial> {
        let request = Request {
            raw: &self.written.raw,
            headers: &self.written.headers,
            local: None,
            scheme: Scheme::Http,
        };
        let arrived = match gate.arrive(&request, &mut self.account)? {
            Arrival::Own(OwnAnswer::Moved(place)) => return Ok(Ending::Moved(place)),
            Arrival::Own(_) => return Ok(Ending::Own),
            Arrival::Above(above) => {
                let answer = above.admit(&self.written.headers, &self.inquiry.asker);
                return answer.map(|_| Ending::Own);
            }
            Arrival::At(arrived) => arrived,
        };
        let asker = self.inquiry.asker.clone();
        self.account.principal = Some(asker.principal.clone());
        let allowed = arrived.allowed();
        let (target, near, _) = arrived.as_ref().clone().asked_by(asker.clone(), allowed, None);
        // What can be read of them is told even where a check before has refused.
        if let Ok(read) = DavHeaders::read(&self.written.headers, &target) {
            self.depth = read.depth;
            let locate = |text: &String| near.of(&target).locate(text, PathUse::Destination).ok();
            self.destination = read.destination.as_ref().and_then(locate);
        }
        self.target = Some(target);
        self.passing = self.passing(arrived.as_ref().clone());
        // What is explained is what the rules say, whether they are enforced or in report mode.
        let admitted = match arrived.enforce(&self.written.headers, asker, &mut self.account)? {
            Admission::Own(_) => return Ok(Ending::Own),
            Admission::Forward(admitted) => admitted,
        };
        let body = self.body(&admitted);
        let (kind, coding) = self.body_headers(&body);
        let permit = admitted.with_body(&body.bytes, kind, coding)?;
        self.admitted = Some(permit.admitted().clone());
        Ok(match Decision::about(permit)? {
            Decision::Permit(permit) if permit.lists() => Ending::Listed,
            Decision::Permit(_) => Ending::Permitted,
            Decision::Ask(question) => Ending::Asked(Box::new(question)),
        })
    }

    /// In report mode, what happens whatever the rules say; `None`: they are enforced, or it is refused in any case.
    fn passing(&mut self, arrived: Arrived) -> Option<Passing> {
        if arrived.mode() == Mode::Enforce {
            return None;
        }
        let asker = self.inquiry.asker.clone();
        match arrived
            .admit(&self.written.headers, asker, &mut Account::default())
            .ok()?
        {
            Admission::Own(_) => Some(Passing::Always),
            Admission::Forward(admitted) => {
                let body = self.body(&admitted);
                let (kind, coding) = self.body_headers(&body);
                match admitted.decide(&body.bytes, kind, coding).ok()? {
                    Decision::Permit(_) => Some(Passing::Always),
                    Decision::Ask(question) => Some(Passing::Asked(Box::new(question))),
                }
            }
        }
    }

    /// Whether a refusal is only told, with these states.
    fn passes_anyway(&self, states: States) -> bool {
        match &self.passing {
            None => false,
            Some(Passing::Always) => true,
            Some(Passing::Asked(question)) => question.clone().answer(&asked_states(question, states)).is_ok(),
        }
    }

    /// The body that is held.
    fn body(&mut self, admitted: &Admitted) -> Held {
        let none = Held {
            bytes: Vec::new(),
            stands_in: false,
        };
        match (admitted.body(), self.inquiry.body) {
            (BodyPlan::Nothing | BodyPlan::Stream(_) | BodyPlan::Spool(_), _) | (BodyPlan::Empty, None) => none,
            (BodyPlan::Empty | BodyPlan::Xml(_), Some(bytes)) => Held {
                bytes: bytes.to_vec(),
                ..none
            },
            (BodyPlan::Xml(_), None) => {
                let target = &admitted.target;
                let deep = admitted.depth.is_some_and(|depth| depth != Depth::Zero);
                let found = stand_in::body(target.method, &target.public.to_string(), &target.route, deep);
                let Some((text, what)) = found else {
                    return none;
                };
                self.stand_in = Some(what);
                Held {
                    bytes: text.into_bytes(),
                    stands_in: true,
                }
            }
        }
    }

    /// Its media type and its coding.
    fn body_headers(&self, body: &Held) -> (Option<&[u8]>, Option<&[u8]>) {
        let field = |name| self.written.headers.get(name).map(HeaderValue::as_bytes);
        let own: Option<&[u8]> = body.stands_in.then_some(b"application/xml");
        (own.or(field(header::CONTENT_TYPE)), field(header::CONTENT_ENCODING))
    }

    /// The request as the access rules see it, as far as it came.
    fn matter(&self) -> Option<Matter<'_>> {
        match (&self.admitted, &self.target) {
            (Some(admitted), _) => Matter::of(admitted),
            (None, Some(target)) => {
                let destination = self.destination.as_ref().map(|found| &found.public);
                Matter::of_head(target, self.depth.unwrap_or(Depth::Zero), destination)
            }
            (None, None) => None,
        }
    }

    /// The states that are meant.
    fn states(&self) -> States {
        States {
            target: self.inquiry.at_target,
            destination: self.inquiry.at_destination,
        }
    }
}

/// The word for a resource.
fn word(subject: Subject) -> &'static str {
    match subject {
        Subject::Target => "target",
        Subject::Parent => "parent",
        Subject::Destination => "destination",
        Subject::DestinationParent => "destination-parent",
        Subject::Named => "named",
        Subject::NamedParent => "named-parent",
        Subject::LockRoot => "lock-root",
    }
}

/// The word for a state, as explanations and arguments have it; `None`: whatever it is.
pub fn state_word(state: State) -> Option<&'static str> {
    match state {
        State::Unmapped => Some("unmapped"),
        State::Resource => Some("resource"),
        State::Collection => Some("collection"),
        State::Unknown => None,
    }
}
