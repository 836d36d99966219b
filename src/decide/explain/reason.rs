//! What a course comes to, told. In: how far a request came and where it ended. Out: the explanation, with the reason of each outcome: the
//! rule that decided is found by asking what the gate's checks ask, in their order, until one refuses.

use crate::{
    access::{Ace, Scope},
    policy::{Below, Locking, Method, Mode},
    request::{Depth, State},
};

use super::super::{
    Admitted, Denial, Question,
    claims::parts,
    missing::Missing,
    privileges::{Matter, public},
    state::{States, below},
    target::Target,
};
use super::{
    Asking, ConfiguredRule, Course, Ending, Explanation, Outcome, RouteName, Verdict, asked_states, looks, state_word,
};

/// The explanation of `course`, which ended so.
pub(super) fn told(course: &Course<'_>, ending: &Ending) -> Explanation {
    let outcomes = match ending {
        Ending::Refused(denial) => vec![refused(course, denial, course.states(), (false, false))],
        Ending::Own => vec![permitted(course, course.states(), (false, false), OWN)],
        Ending::Moved(place) => {
            let reason = format!("well_known leads to {place}: davgate answers with a redirect");
            vec![permitted(course, course.states(), (false, false), &reason)]
        }
        Ending::Listed => vec![permitted(course, course.states(), (false, false), LISTED)],
        Ending::Permitted => vec![permitted(course, course.states(), (false, false), granted(course))],
        Ending::Asked(question) => answered(course, question),
    };
    let verdict = match (
        outcomes.iter().any(|one| one.permitted),
        outcomes.iter().all(|one| one.permitted),
    ) {
        (_, true) => Verdict::Permit,
        (true, false) => Verdict::Depends,
        (false, false) => Verdict::Refuse,
    };
    let mut methods = Vec::new();
    let mut access = Vec::new();
    if let Some(target) = &course.target {
        methods.push(looks::of_methods(target, "target", &target.public));
        if let Some(found) = &course.destination {
            methods.push(looks::of_methods(target, "destination", &found.public));
        }
        if let Some(matter) = course.matter() {
            access = looks::of_access(target, &matter, course.states());
        }
    }
    Explanation {
        verdict,
        request: asking(course),
        route: course.account.route.as_ref().map(|route| RouteName {
            name: route.name.clone(),
            line: route.line,
            has_access: route.access.is_some(),
            mode: match route.mode {
                Mode::Enforce => "enforce",
                Mode::Report => "report",
            },
        }),
        outcomes,
        methods,
        access,
        notes: notes(course),
    }
}

const LISTED: &str = "davgate answers with a listing of its own, of what may be read";
const OWN: &str = "davgate answers it itself, without the back end";

fn granted(course: &Course<'_>) -> &'static str {
    match course.account.route.as_ref().map(|route| route.access.is_some()) {
        Some(true) => "the method passes and every privilege is granted",
        Some(false) | None => {
            "the method passes; the route has no rules of access, so the back end decides who may do it"
        }
    }
}

fn asking(course: &Course<'_>) -> Asking {
    let principal = &course.inquiry.asker.principal;
    let said = |name: &str| {
        let mut headers = course.inquiry.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| (*value).to_owned())
    };
    let destination = course.destination.as_ref().map(|found| found.public.to_string());
    Asking {
        method: course.inquiry.method.to_owned(),
        host: course.written.host.clone(),
        path: match &course.account.path {
            Some(path) => path.to_string(),
            None => course.written.path.clone(),
        },
        destination: destination.or_else(|| said("destination")),
        depth: course
            .depth
            .map(|depth: Depth| depth.to_string())
            .or_else(|| said("depth")),
        user: principal.name().map(str::to_owned),
        groups: principal.groups().map(str::to_owned).collect(),
    }
}

fn notes(course: &Course<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(what) = course.stand_in {
        notes.push(format!(
            "no body was given; {} was judged with one that {what}",
            course.inquiry.method
        ));
    }
    // PV-19, PV-20: no list of privileges says this.
    if course.account.method == Some(Method::Unlock) && course.account.route.is_some() {
        notes.push(
            "UNLOCK passes for whoever may lock there or holds unlock; who made the lock, the back end knows"
                .to_owned(),
        );
    }
    if let Some(home) = course.admitted.as_ref().and_then(Admitted::home) {
        notes.push(format!(
            "davgate makes the home {}, if it is not there yet (auto_home)",
            home.public()
        ));
    }
    if course.admitted.as_ref().and_then(Admitted::upload).is_some() {
        notes.push("what was uploaded before is counted when the request comes (quota)".to_owned());
    }
    let locked = course.account.route.as_ref();
    let locked = locked.is_some_and(|route| route.locks.locking != Locking::Off);
    if locked && course.account.method.is_some_and(changes) {
        notes.push("locks are judged when the request comes".to_owned());
    }
    notes
}

/// Whether a lock may be in its way.
fn changes(method: Method) -> bool {
    !parts(method, None, false).is_empty()
}

/// One outcome for each state that the question is about and nobody has told.
fn answered(course: &Course<'_>, question: &Question) -> Vec<Outcome> {
    let (target, destination) = question.about();
    let states = course.states();
    let each = |asked: bool, known: State| if asked { known.possible().to_vec() } else { vec![known] };
    let mut outcomes = Vec::new();
    for at_target in each(target, states.target) {
        for at_destination in each(destination, states.destination) {
            let states = States {
                target: at_target,
                destination: at_destination,
            };
            let about = (target, destination);
            outcomes.push(match question.clone().answer(&asked_states(question, states)) {
                Ok(permit) if permit.lists() => permitted(course, states, about, LISTED),
                Ok(_) => permitted(course, states, about, granted(course)),
                Err(denial) => refused(course, &denial, states, about),
            });
        }
    }
    outcomes
}

/// The words for the states that make a difference, or that were said.
fn words(states: States, (target, destination): (bool, bool)) -> (Option<&'static str>, Option<&'static str>) {
    (
        state_word(states.target).filter(|_| target),
        state_word(states.destination).filter(|_| destination),
    )
}

fn permitted(course: &Course<'_>, states: States, about: (bool, bool), reason: &str) -> Outcome {
    let (target, destination) = words(states, about);
    Outcome {
        target,
        destination,
        permitted: true,
        reported: false,
        status: None,
        rule: None,
        name: None,
        decided_by: None,
        reason: reason.to_owned(),
        privileges: privileges(course, states),
    }
}

fn refused(course: &Course<'_>, denial: &Denial, states: States, about: (bool, bool)) -> Outcome {
    let (target, destination) = words(states, about);
    let (decided_by, reason) = reason(course, denial, states).unwrap_or_else(|| plain(denial));
    Outcome {
        target,
        destination,
        permitted: false,
        reported: course.passes_anyway(states),
        status: Some(denial.status()),
        rule: Some(denial.rule()),
        name: Some(denial.condition().name().local),
        decided_by,
        reason,
        privileges: privileges(course, states),
    }
}

fn privileges(course: &Course<'_>, states: States) -> Vec<super::AskedPrivilege> {
    match (&course.target, course.matter()) {
        (Some(target), Some(matter)) => looks::privileges(target, &matter, states),
        _ => Vec::new(),
    }
}

type Reason = (Option<ConfiguredRule>, String);

/// What no rule of the file decides.
fn plain(denial: &Denial) -> Reason {
    let name = denial.condition().name().local;
    let id = denial.rule();
    (
        None,
        format!("the request itself is refused: {name} (docs/rules.md explains {id})"),
    )
}

/// The reason of a refusal that rules of the file, or their absence, decide.
fn reason(course: &Course<'_>, denial: &Denial, states: States) -> Option<Reason> {
    let target = course.target.as_ref()?;
    match denial {
        Denial::MethodNotAllowed(_) => Some(by_filter(course, target)),
        Denial::RefusedBelow => below_reason(course, target, states),
        Denial::Unauthenticated(_) => {
            let (rule, reason) = missing(course, target, states)?;
            Some((rule, format!("{reason}; nobody has said who is asking")))
        }
        Denial::Hidden(_) => {
            let (rule, reason) = missing(course, target, states)?;
            Some((rule, format!("{reason}; so the answer is as if nothing were there")))
        }
        Denial::Listing => Some(match missing(course, target, states) {
            Some((rule, reason)) => (
                rule,
                format!("{reason}; so its page, which names what is in it, is not shown"),
            ),
            None => (None, "collection_get shows the page of no folder".to_owned()),
        }),
        Denial::NeedPrivileges(..) => missing(course, target, states),
        _ => None,
    }
}

/// O-6, O-9: at the target, or else at Destination.
fn by_filter(course: &Course<'_>, target: &Target) -> Reason {
    let method = target.method.as_str();
    let mut paths = vec![&target.public];
    paths.extend(course.destination.as_ref().map(|found| &found.public));
    for path in paths {
        let (passes, rule) = target.route.judge(path);
        if target.method.is_off() {
            return (None, format!("{method} is never served"));
        }
        if passes.contains(target.method) {
            continue;
        }
        let Some(rule) = rule else {
            return (None, format!("no rule of methods speaks of {path}"));
        };
        let found = looks::found_method_rule(&target.route, rule);
        if rule.allowed.contains(target.method) {
            let profile = target.route.backend.profile.name;
            return (
                found,
                format!("{method} passes, but a back end of the profile {profile} has no {method}"),
            );
        }
        return (found, format!("{method} may not pass at {path}"));
    }
    (None, format!("{method} is not served"))
}

/// O-12: what the filter refuses below.
fn below_reason(course: &Course<'_>, target: &Target, states: States) -> Option<Reason> {
    let admitted = course.admitted.as_ref()?;
    let pairs = states.possible().flat_map(|states| below(admitted, states));
    pairs
        .filter_map(|(path, method)| {
            let key = target.route.map.relative_key(path);
            match target.route.methods.refuses_below(key, method) {
                Below::Allowed => None,
                Below::Refused(rule) => {
                    let found = rule.and_then(|rule| looks::found_method_rule(&target.route, rule));
                    let method = method.as_str();
                    Some((found, format!("something below {path} is kept from {method}")))
                }
            }
        })
        .next()
}

/// the first privilege that is missing, as the gate found it.
fn missing(course: &Course<'_>, target: &Target, states: States) -> Option<Reason> {
    let first = |lacks: Option<Vec<Missing<'_>>>| {
        let found = lacks?.into_iter().next()?;
        Some(lack(course, target, &found))
    };
    // The order of the gate: O-7, O-9, then with the states.
    let head = Matter::of_head(target, Depth::Infinity, None)?;
    if let Some(found) = first(head.lacks_at_target()) {
        return Some(found);
    }
    if let Some(at) = &course.destination {
        let depth = course.depth.unwrap_or(Depth::Infinity);
        let both = Matter::of_head(target, depth, Some(&at.public))?;
        if let Some(found) = first(both.lacks_at_destination()) {
            return Some(found);
        }
    }
    let whole = course.matter()?;
    states
        .possible()
        .find_map(|states| first(whole.lacks(states.target, states.destination)))
}

fn lack(course: &Course<'_>, target: &Target, missing: &Missing<'_>) -> Reason {
    let who = course.inquiry.asker.principal.name().unwrap_or("an anonymous request");
    let privilege = missing.privilege.name().local;
    let Some(key) = &missing.key else {
        let reason = format!("{who} needs {privilege} on the collection above the route, where nothing is granted");
        return (None, reason);
    };
    let path = public(target, key);
    let place = match missing.scope {
        Scope::Itself => format!("on {path}"),
        Scope::Tree => format!("on everything below {path}"),
    };
    let rule = missing
        .by
        .and_then(|ace: &Ace| looks::found_access_rule(&target.route, ace));
    let reason = match rule {
        Some(_) => format!("{who} is denied {privilege} {place}"),
        None => format!("no rule grants {who} {privilege} {place}"),
    };
    (rule, reason)
}
