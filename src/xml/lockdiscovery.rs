//! Reads what a back end says of its locks: the answer to LOCK, and to PROPFIND Depth 0 for `DAV:lockdiscovery` (L-1, L-7). In: a small body.
//! Out: its locks, each with the mark in its owner. The same door as for requests, so what is not namespace-well-formed says nothing.

use super::activelock::ActiveLock;
use super::characters::is_space;
use super::encoding;
use super::limits::XmlLimits;
use super::lock_mark::{self, Mark};
use super::lockinfo::{LONGEST_OWNER, LockScope};
use super::name::ExpandedName;
use super::probe::{PROBE_BYTES, is_absence, is_success};
use super::reader;
use super::tree::Element;
use super::writer::standing_alone;

/// The body of the question.
pub const DISCOVERY_BODY: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\"><D:prop>\
                                  <D:lockdiscovery/></D:prop></D:propfind>";

/// A lock as the back end tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLock {
    /// The lock; its root is the back end's own URL. Its owner is without the mark.
    pub lock: ActiveLock,
    /// The mark that was in its owner (L-8).
    pub mark: Option<Mark>,
}

/// What a multistatus says of the locks of the one resource that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// These are all of them.
    Locks(Vec<FoundLock>),
    /// To whoever asks, nothing is there.
    Absent,
    /// It does not say.
    Unsaid,
}

impl Discovery {
    /// The locks to whoever asks; `None`: it does not say.
    pub fn told(self) -> Option<Vec<FoundLock>> {
        match self {
            Self::Locks(locks) => Some(locks),
            Self::Absent => Some(Vec::new()),
            Self::Unsaid => None,
        }
    }
}

/// The write locks that the answer to a LOCK names. `None`: it cannot be read, or is over [`PROBE_BYTES`].
pub fn parse_answer(bytes: &[u8]) -> Option<Vec<FoundLock>> {
    let root = read(bytes)?;
    let discovery = root.named(ExpandedName::dav("lockdiscovery")).next()?;
    root.name().is_dav("prop").then(|| locks(discovery, &root))
}

/// The write locks on the one resource of a multistatus.
pub fn parse_discovery(bytes: &[u8]) -> Discovery {
    discovery(bytes).unwrap_or(Discovery::Unsaid)
}

fn discovery(bytes: &[u8]) -> Option<Discovery> {
    let root = read(bytes)?;
    if !root.name().is_dav("multistatus") {
        return None;
    }
    let mut responses = root.named(ExpandedName::dav("response"));
    // Of several, nobody can tell which one the question was about.
    let response = responses.next().filter(|_| responses.next().is_none())?;
    if let Some(status) = response.named(ExpandedName::dav("status")).next()
        && !is_success(status)
    {
        return is_absence(status).then_some(Discovery::Absent);
    }
    for propstat in response.named(ExpandedName::dav("propstat")) {
        let found = propstat
            .named(ExpandedName::dav("status"))
            .next()
            .is_some_and(is_success);
        let prop = propstat.named(ExpandedName::dav("prop")).next().filter(|_| found);
        let discovery = prop.and_then(|prop| prop.named(ExpandedName::dav("lockdiscovery")).next());
        if let Some(discovery) = discovery {
            return Some(Discovery::Locks(locks(discovery, &root)));
        }
    }
    None
}

fn read(bytes: &[u8]) -> Option<Element> {
    if bytes.len() > PROBE_BYTES {
        return None;
    }
    let text = encoding::decode(bytes, None, false).ok()?;
    reader::read(&text, &XmlLimits::default()).ok()
}

/// `around` declares what practically every server declares at its root.
fn locks(discovery: &Element, around: &Element) -> Vec<FoundLock> {
    let active = discovery.named(ExpandedName::dav("activelock"));
    active.filter_map(|active| found(active, around)).collect()
}

fn found(active: &Element, around: &Element) -> Option<FoundLock> {
    let child = |local| active.named(ExpandedName::dav(local)).next();
    let holds = |local, inner| child(local).is_some_and(|outer| outer.named(ExpandedName::dav(inner)).next().is_some());
    let href = |local| {
        let text = child(local)?.named(ExpandedName::dav("href")).next()?.trimmed_text();
        (!text.is_empty()).then_some(text)
    };
    if !holds("locktype", "write") {
        return None;
    }
    let mut owner = child("owner").cloned();
    let mark = owner.as_mut().and_then(lock_mark::take);
    let owner = owner.map(|owner| standing_alone(&owner, &[around, active]));
    let lock = ActiveLock {
        scope: if holds("lockscope", "shared") {
            LockScope::Shared
        } else {
            LockScope::Exclusive
        },
        infinite: child("depth").is_none_or(|depth| depth.trimmed_text() != "0"),
        owner: owner.filter(|owner| owner.len() <= LONGEST_OWNER),
        seconds: child("timeout").and_then(|timeout| seconds(&timeout.trimmed_text())),
        // Some servers tell it as it stands in Lock-Token. What is left is read as the same when it is told again.
        token: href("locktoken")
            .map(|token| token.trim_matches(|c| is_space(c) || "<>".contains(c)).to_owned())
            .filter(|token| !token.is_empty()),
        root: href("lockroot"),
    };
    Some(FoundLock { lock, mark })
}

/// `Second-600`; `None`: `Infinite`, or nothing that can be understood.
fn seconds(text: &str) -> Option<u64> {
    let (unit, number) = text.split_once('-')?;
    unit.eq_ignore_ascii_case("second").then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:shared/></D:lockscope><D:depth>0</D:depth>\
                        <D:owner>ann<g:by xmlns:g='urn:davgate:lock' p='ann' at='5' mac='m'/></D:owner><D:timeout>Second-90</D:timeout>\
                        <D:locktoken><D:href> urn:a </D:href></D:locktoken><D:lockroot><D:href>/dav/a</D:href></D:lockroot></D:activelock>";

    fn multistatus(response: &str) -> String {
        format!(
            "<D:multistatus xmlns:D='DAV:'><D:response><D:href>/dav/a</D:href>{response}</D:response></D:multistatus>"
        )
    }

    fn propstat(inside: &str, status: u16) -> String {
        multistatus(&format!(
            "<D:propstat><D:prop>{inside}</D:prop><D:status>HTTP/1.1 {status} X</D:status></D:propstat>"
        ))
    }

    #[test]
    fn a_lock() {
        // L-1, L-7, L-8
        let answer = format!("<D:prop xmlns:D='DAV:'><D:lockdiscovery>{LOCK}</D:lockdiscovery></D:prop>");
        let asked = propstat(&format!("<D:lockdiscovery>{LOCK}</D:lockdiscovery>"), 200);
        let expected = FoundLock {
            lock: ActiveLock {
                scope: LockScope::Shared,
                infinite: false,
                owner: Some("<D:owner xmlns:D=\"DAV:\">ann</D:owner>".into()),
                seconds: Some(90),
                token: Some("urn:a".into()),
                root: Some("/dav/a".into()),
            },
            mark: Some(Mark {
                principal: "ann".into(),
                time: 5,
                mac: "m".into(),
            }),
        };
        assert_eq!(parse_answer(answer.as_bytes()), Some(vec![expected.clone()]));
        assert_eq!(parse_discovery(asked.as_bytes()), Discovery::Locks(vec![expected]));
    }

    #[test]
    fn what_is_known() {
        // L-7: no locks is something else than no answer
        let none = Some(0);
        for (name, body, count) in [
            ("no lock", propstat("<D:lockdiscovery/>", 200), none),
            (
                "two",
                propstat(&format!("<D:lockdiscovery>{LOCK}{LOCK}</D:lockdiscovery>"), 200),
                Some(2),
            ),
            (
                "nothing there",
                multistatus("<D:status>HTTP/1.1 404 Not Found</D:status>"),
                none,
            ),
            // L-6: what somebody may not see may be locked all the same.
            (
                "forbidden",
                multistatus("<D:status>HTTP/1.1 403 Forbidden</D:status>"),
                None,
            ),
            ("no such property", propstat("<D:lockdiscovery/>", 404), None),
            ("not told", propstat("<D:lockdiscovery/>", 403), None),
            ("another property", propstat("<D:getetag/>", 200), None),
            ("no response", "<D:multistatus xmlns:D='DAV:'/>".into(), None),
            (
                "several",
                propstat("<D:lockdiscovery/>", 200).replace("</D:multistatus>", "<D:response/></D:multistatus>"),
                None,
            ),
            (
                "another root",
                format!("<D:x xmlns:D='DAV:'>{}</D:x>", propstat("<D:lockdiscovery/>", 200)),
                None,
            ),
            (
                "a DOCTYPE",
                format!("<!DOCTYPE x>{}", propstat("<D:lockdiscovery/>", 200)),
                None,
            ),
            ("no XML", "locked".into(), None),
            (
                "too long",
                format!("{}{}", propstat("<D:lockdiscovery/>", 200), " ".repeat(PROBE_BYTES)),
                None,
            ),
            (
                "no write lock",
                propstat(
                    "<D:lockdiscovery><D:activelock><D:locktype><x/></D:locktype></D:activelock></D:lockdiscovery>",
                    200,
                ),
                none,
            ),
        ] {
            assert_eq!(
                parse_discovery(body.as_bytes()).told().map(|locks| locks.len()),
                count,
                "{name}"
            );
        }
    }

    #[test]
    fn a_token() {
        // L-7: however it is written it is the same, also when it is told again
        for (written, read) in [
            ("urn:a", Some("urn:a")),
            ("&lt;urn:a>", Some("urn:a")),
            ("\n&lt; urn:a\t>", Some("urn:a")),
            (">\n>urn:a", Some("urn:a")),
            ("urn:a>b", Some("urn:a>b")),
            ("&lt;>", None),
            ("> >", None),
        ] {
            let answer = format!("<D:prop xmlns:D='DAV:'><D:lockdiscovery>{LOCK}</D:lockdiscovery></D:prop>");
            let found = parse_answer(answer.replace(" urn:a ", written).as_bytes()).unwrap();
            assert_eq!(found[0].lock.token.as_deref(), read, "{written}");
        }
    }

    #[test]
    fn little_is_said() {
        // L-9: what is missing is found elsewhere
        let text = "<prop xmlns='DAV:'><lockdiscovery><activelock><locktype><write/></locktype>\
                    <timeout>Infinite</timeout></activelock></lockdiscovery></prop>";
        let found = parse_answer(text.as_bytes()).unwrap();
        let lock = &found[0].lock;
        assert_eq!(
            (lock.scope, lock.infinite, lock.seconds),
            (LockScope::Exclusive, true, None)
        );
        assert_eq!((&lock.token, &lock.root, &lock.owner), (&None, &None, &None));
    }
}
