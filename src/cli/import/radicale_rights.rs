//! `davgate import radicale-rights FILE`. In: a rights file of Radicale 1 to 3: sections with patterns of user and collection,
//! where the first that matches both decides. Out: `access:` rules in the same order. Passes: no grant that the file does not
//! give. Two differences have to be bridged: Radicale judges an item by its collection, a collection by itself, and here making
//! and deleting is judged at the parent (RFC 3744 appendix B); and a rule here decides only about the privileges it names.

mod ini;
mod keys;
mod pattern;
mod regex_text;
mod section;

use self::pattern::Segment;
use self::section::{Piece, Place, Section};
use super::rules::{Entry, Import, Principal, Privileges, Rule, overlap};
use super::{FormatError, paths};

const BOTH_ENDS: Privileges = Privileges::BIND.and(Privileges::UNBIND);

/// The rules that say what `text` says.
pub fn import(text: &str) -> Result<Import, FormatError> {
    let sections = ini::sections(text)?;
    if !sections.iter().any(|section| section.get("collection").is_some()) {
        return Err(FormatError::new(
            1,
            "no section has a collection; expected a rights file of Radicale",
        ));
    }
    let old = sections.iter().any(|section| section.get("permission").is_some());
    let sections: Vec<Section> = sections.iter().flat_map(section::read).collect();
    let grants: Vec<Grants> = (0..sections.len()).map(|at| grants(&sections, at)).collect();
    let mut import = Import::default();
    let note = |text: &str| Entry::Remark(text.to_owned());
    import.notes.push(note(
        "Paths are read as Radicale keeps them: one name is a principal (letters R and W), two are a calendar or address book (r and \
         w), three one of its items, which has the rights of its collection. [rights] permit_delete_collection and \
         permit_overwrite_collection are taken to be on, as they are by default. To delete a collection takes unbind on it and on its \
         parent, so unbind on the parent alone deletes none.",
    ));
    if old {
        import.notes.push(note(
            "Patterns match whole names and paths, as in Radicale 2; in Radicale 1 only with ^ and $.",
        ));
    }
    for (at, section) in sections.iter().enumerate() {
        let Some(ours) = grants.get(at) else { continue };
        let later = grants.get(at + 1..).unwrap_or_default();
        emit(section, ours, later, &mut import.access);
    }
    Ok(import)
}

/// How many alternatives a regex has; `None` when its brackets do not match.
pub(super) fn alternatives(regex: &str) -> Option<usize> {
    regex_text::split(regex, '|').map(|parts| parts.len())
}

/// What a section grants, as rules, and what it would grant if rules could say it.
#[derive(Debug, Default)]
struct Grants {
    rules: Vec<Rule>,
    lost: Vec<String>,
}

impl Grants {
    fn add(&mut self, path: &str, privileges: Privileges, to: &[Principal]) {
        if privileges.is_none() || to.is_empty() {
            return;
        }
        if let Some(rule) = self.rules.iter_mut().find(|rule| rule.path == path) {
            rule.privileges = rule.privileges.and(privileges);
            return;
        }
        self.rules.push(Rule {
            path: path.to_owned(),
            allow: true,
            privileges,
            to: to.to_vec(),
        });
    }
}

fn grants(sections: &[Section], at: usize) -> Grants {
    let mut grants = Grants::default();
    let Some(section) = sections.get(at) else { return grants };
    for piece in &section.pieces {
        grants.add(&piece.path, piece.privileges, &section.sure);
        let (Some(parent), true) = (&piece.parent, writes(piece) && !section.sure.is_empty()) else {
            continue;
        };
        let (ends, lost) = match piece.place {
            Place::Root => (Privileges::NONE, None),
            Place::Principal => principal_ends(sections, at, piece),
            Place::Collection => collection_ends(sections, section, piece),
        };
        // What `d` keeps from being deleted.
        let ends = if section.keeps_collections {
            ends.without(Privileges::UNBIND)
        } else {
            ends
        };
        grants.add(parent, ends, &section.sure);
        grants.lost.extend(lost.map(|what| {
            format!(
                "{what} {} itself is not granted: that is judged at {parent}, where it would go for other names too",
                piece.path.trim_end_matches("/**")
            )
        }));
    }
    compact(&mut grants.rules);
    grants
}

fn writes(piece: &Piece) -> bool {
    piece.privileges.has(Privileges::WRITE_CONTENT)
}

/// Making and deleting collections of a principal. Deleting also asks for `unbind` on the collection itself, so at the parent
/// it is safe to give; making asks for nothing else, so it is given only where all names are meant.
fn collection_ends(sections: &[Section], section: &Section, piece: &Piece) -> (Privileges, Option<&'static str>) {
    let elsewhere = || {
        sections.iter().filter(|other| other.sure == section.sure).any(|other| {
            other.pieces.iter().any(|other| {
                other.place == Place::Collection && other.all_children && other.parent == piece.parent && writes(other)
            })
        })
    };
    match piece.all_children {
        true => (BOTH_ENDS, None),
        false if elsewhere() => (Privileges::UNBIND, None),
        false => (Privileges::UNBIND, Some("making")),
    }
}

/// Making and deleting principals. Radicale makes a user's own when he logs in. Deleting asks for `unbind` on the principal
/// too, but that one also comes from its collections: so it is given only to those who may not write collections of principals
/// that they may not write.
fn principal_ends(sections: &[Section], at: usize, piece: &Piece) -> (Privileges, Option<&'static str>) {
    if piece.all_children {
        return (BOTH_ENDS, None);
    }
    let own = piece.principal == Some(Segment::User);
    let sure = sections
        .get(at)
        .map(|section| section.sure.as_slice())
        .unwrap_or_default();
    let safe = sections.iter().filter(|other| overlap(&other.may, sure)).all(|other| {
        other
            .pieces
            .iter()
            .filter(|inner| inner.place == Place::Collection && writes(inner))
            .all(|inner| {
                inner.principal == piece.principal
                    || other.pieces.iter().any(|outer| {
                        outer.place == Place::Principal && outer.principal == inner.principal && writes(outer)
                    })
            })
    });
    match (own, safe) {
        (true, true) => (Privileges::UNBIND, None),
        (true, false) => (Privileges::NONE, Some("deleting")),
        (false, true) => (Privileges::UNBIND, Some("making")),
        (false, false) => (Privileges::NONE, Some("making or deleting")),
    }
}

/// Rules that together are one: the same privileges at a place and at all below it.
fn compact(rules: &mut Vec<Rule>) {
    for (upper, lower, whole) in [("/*", "/*/*/**", "/*/**"), ("/", "/*/**", "/**")] {
        join(rules, upper, lower, whole);
    }
    let uppers: Vec<String> = rules
        .iter()
        .map(|rule| rule.path.clone())
        .filter(|path| !path.contains("**"))
        .collect();
    for upper in uppers {
        join(rules, &upper, &format!("{upper}/*/**"), &format!("{upper}/**"));
    }
}

fn join(rules: &mut Vec<Rule>, upper: &str, lower: &str, whole: &str) {
    let find = |path: &str| rules.iter().position(|rule| rule.path == path);
    let (Some(above), Some(below)) = (find(upper), find(lower)) else {
        return;
    };
    let same = rules.get(above).map(|rule| rule.privileges) == rules.get(below).map(|rule| rule.privileges);
    if same && above != below {
        if let Some(rule) = rules.get_mut(above) {
            rule.path = whole.to_owned();
        }
        rules.remove(below);
    }
}

/// A section's rules, and what it keeps later sections from granting.
fn emit(section: &Section, grants: &Grants, later: &[Grants], out: &mut Vec<Entry<Rule>>) {
    out.push(Entry::Remark(format!("{} (line {})", section.header, section.line)));
    out.extend(section.notes.iter().cloned());
    out.extend(
        grants
            .lost
            .iter()
            .map(|why| Entry::lost(section.line, &section.header, why)),
    );
    let deny = |path: &str, privileges: Privileges| Rule {
        path: path.to_owned(),
        allow: false,
        privileges,
        to: section.may.clone(),
    };
    if section.keeps_content {
        let collections = section
            .pieces
            .iter()
            .filter(|piece| piece.place == Place::Collection && writes(piece));
        out.extend(
            collections.map(|piece| Entry::Rule(deny(piece.path.trim_end_matches("/**"), Privileges::WRITE_CONTENT))),
        );
    }
    out.extend(grants.rules.iter().cloned().map(Entry::Rule));
    let mut denials: Vec<Rule> = Vec::new();
    for reach in &section.reaches {
        denials.push(deny(reach, Privileges::ALL.without(section.everywhere)));
        // What it reaches is made at its parent.
        let parent = reach
            .strip_suffix("/**")
            .and_then(|root| root.rsplit_once('/'))
            .map(|(parent, _)| parent);
        if let Some(parent) = parent {
            let parent = if parent.is_empty() { "/" } else { parent };
            denials.push(deny(parent, Privileges::BIND.without(section.everywhere)));
        }
    }
    for piece in section.pieces.iter().chain(&section.wider) {
        // What is made and deleted in a principal is the business of the sections about its collections, be it this one.
        let whole = piece.place == Place::Principal && read_only_below(section, piece);
        let own = match piece.place {
            Place::Root | Place::Principal if !whole => Privileges::ALL.without(BOTH_ENDS),
            _ => Privileges::ALL,
        };
        denials.push(deny(&piece.path, own.without(piece.privileges)));
        let Some(parent) = &piece.parent else { continue };
        let ends = match (piece.place, writes(piece), section.keeps_collections) {
            (_, true, false) => Privileges::NONE,
            (_, true, true) => Privileges::UNBIND,
            // Nothing is deleted without `unbind` on itself, which is not granted.
            (Place::Collection, false, _) => Privileges::BIND,
            (_, false, _) if whole => Privileges::BIND,
            (_, false, _) => BOTH_ENDS,
        };
        let ends = granted_later(later, parent, ends, &section.may);
        if !ends.is_none() && !piece.all_children {
            out.push(Entry::lost(
                section.line,
                &section.header,
                format!(
                    "later sections let the same users make or delete what is in {parent}; here that cannot be kept from {} alone, \
                     so it is denied for all of {parent}",
                    piece.path.trim_end_matches("/**")
                ),
            ));
        }
        denials.push(deny(parent, ends));
    }
    for denial in denials {
        let privileges = granted_later(later, &denial.path, denial.privileges, &section.may);
        let known = out.iter().any(|entry| {
            matches!(entry, Entry::Rule(rule)
                if !rule.allow && rule.path == denial.path && rule.to == denial.to && rule.privileges.has(privileges))
        });
        if !privileges.is_none() && !known {
            out.push(Entry::Rule(Rule { privileges, ..denial }));
        }
    }
}

/// Whether the section is about all collections of a principal too, and does not let them be written.
fn read_only_below(section: &Section, principal: &Piece) -> bool {
    section.pieces.iter().any(|piece| {
        piece.place == Place::Collection
            && piece.all_children
            && piece.principal == principal.principal
            && !writes(piece)
            && !writes(principal)
    })
}

/// Which of `privileges` some later section may grant there to any of them.
fn granted_later(later: &[Grants], path: &str, privileges: Privileges, to: &[Principal]) -> Privileges {
    later
        .iter()
        .flat_map(|grants| &grants.rules)
        .filter(|rule| overlap(&rule.to, to) && paths::overlap(&rule.path, path))
        .fold(Privileges::NONE, |sum, rule| sum.and(rule.privileges))
        .common(privileges)
}

#[cfg(test)]
#[path = "radicale_rights_tests.rs"]
mod tests;
