//! `identity.groups`. In: their raw form. Out: every group with its members; names that nobody can have are refused,
//! and groups that are not there.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::List;
use super::raw_identity::RawIdentity;
use crate::identity::groups::Groups;
use crate::identity::principal::judge_name;
use crate::identity::settings::Member;

/// The names of all groups there can be; `None` where a token or a trusted header brings names of its own.
pub fn known(raw: Option<&RawIdentity>) -> Option<BTreeSet<String>> {
    let Some(raw) = raw else {
        return Some(BTreeSet::new());
    };
    let names = raw.groups.iter().flatten().map(|(name, _)| name.clone());
    (!bring_their_own(raw)).then(|| names.collect())
}

/// Whether a source names groups too.
pub fn bring_their_own(raw: &RawIdentity) -> bool {
    raw.bearer.as_ref().is_some_and(|raw| raw.groups_claim.is_some())
        || raw.trusted_header.as_ref().is_some_and(|raw| raw.groups.is_some())
}

/// The groups that `raw` at `path` describes. `others`: a source names groups too, so that a member may be a group of
/// its.
pub fn compile(
    judge: &mut Judge,
    raw: Option<&BTreeMap<String, List<String>>>,
    path: &KeyPath,
    others: bool,
) -> BTreeMap<String, Vec<Member>> {
    let mut groups = BTreeMap::new();
    for (name, members) in raw.into_iter().flatten() {
        let at = path.named(name);
        if !is_name(name) {
            judge.refuse(Problem::new(at, format!("{name:?} is no name of a group")).expected(NAME));
            continue;
        }
        let mut found = Vec::new();
        for (at, text) in judge.items(Some(members), &at) {
            let member = match text.split_once(':') {
                Some(("group", group)) => Member::Group(group.to_owned()),
                Some(("user", user)) => Member::User(user.to_owned()),
                Some(_) | None => Member::User(text.clone()),
            };
            let (Member::Group(member_name) | Member::User(member_name)) = &member;
            if !is_name(member_name) {
                judge.refuse(Problem::new(at, format!("{text:?} is no member")).expected(MEMBER));
                continue;
            }
            if let (Member::Group(group), Some(known), false) = (&member, raw, others)
                && !known.contains_key(group)
                && !judge.has_refused(&path.named(group))
            {
                let problem = Problem::new(at, format!("there is no group {group:?}"));
                let known = known.keys().map(String::as_str);
                judge.refuse(problem.expected("a group of this file").did_you_mean(group, known));
                continue;
            }
            found.push(member);
        }
        groups.insert(name.clone(), found);
    }
    if let Some(name) = Groups::cycle(&groups) {
        judge.warn(
            &path.named(name),
            "lies in itself: all groups of the circle have the same members",
        );
    }
    groups
}

const NAME: &str = "a name without slash, colon or control characters, in Unicode form NFC";
const MEMBER: &str = "NAME, user:NAME or group:NAME";

fn is_name(name: &str) -> bool {
    judge_name(name).is_ok() && name.trim() == name && !name.contains(':')
}
