//! An explanation in plain English. In: the explanation and the name of the file. Out: lines for an administrator: the verdict first, then
//! who asked for what, then every rule that was considered, each with `file:line`.

use std::fmt::{self, Display, Formatter};

use crate::decide::explain::{
    AccessLook, ConfiguredRule, ConsideredRule, Explanation, FilterLook, Outcome, Verdict, When,
};

/// An explanation, and the file that its lines are of.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What is told.
    pub explanation: &'a Explanation,
    /// The name of the configuration file.
    pub file: &'a str,
}

/// Of so many rules in a row that hold elsewhere, only the number is told.
const SAME_IN_A_ROW: usize = 5;

impl Display for Told<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.verdict(f)?;
        writeln!(f)?;
        self.request(f)?;
        for look in &self.explanation.methods {
            self.methods(f, look)?;
        }
        for look in &self.explanation.access {
            self.access(f, look)?;
        }
        if !self.explanation.notes.is_empty() {
            writeln!(f)?;
        }
        let mut notes = self.explanation.notes.iter();
        notes.try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Told<'_> {
    fn verdict(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcomes = &self.explanation.outcomes;
        match (self.explanation.verdict, outcomes.as_slice()) {
            (Verdict::Permit | Verdict::Refuse, [only]) => self.outcome(f, "", only),
            (verdict, outcomes) => {
                writeln!(
                    f,
                    "{}",
                    match verdict {
                        Verdict::Permit => "permit, whatever is there",
                        Verdict::Refuse => "refuse, whatever is there",
                        Verdict::Depends => "it depends on what is there",
                    }
                )?;
                let alike = |a: &Outcome, b: &Outcome| {
                    (a.status, &a.reason, &a.decided_by) == (b.status, &b.reason, &b.decided_by)
                };
                for run in outcomes.chunk_by(alike) {
                    let there: Vec<String> = run.iter().map(|outcome| self.there(outcome)).collect();
                    writeln!(f, "  {}:", there.join("; or "))?;
                    run.first().map_or(Ok(()), |outcome| self.outcome(f, "    ", outcome))?;
                }
                Ok(())
            }
        }
    }

    /// What is there, in words.
    fn there(&self, outcome: &Outcome) -> String {
        let asking = &self.explanation.request;
        let target = outcome
            .target
            .map(|state| format!("{} at {}", thing(state), asking.path));
        let at = asking.destination.as_deref().unwrap_or("Destination");
        let destination = outcome.destination.map(|state| format!("{} at {at}", thing(state)));
        let both: Vec<String> = target.into_iter().chain(destination).collect();
        both.join(", ")
    }

    fn outcome(&self, f: &mut Formatter<'_>, indent: &str, outcome: &Outcome) -> fmt::Result {
        match (outcome.status, outcome.name, outcome.rule) {
            (Some(status), Some(name), Some(rule)) => writeln!(f, "{indent}refuse: {status} {name} ({rule})")?,
            _ => writeln!(f, "{indent}permit")?,
        }
        writeln!(f, "{indent}  {}", outcome.reason)?;
        if outcome.reported {
            writeln!(
                f,
                "{indent}  the route is in report mode: this is only told, and the request passes"
            )?;
        }
        match &outcome.decided_by {
            Some(rule) => writeln!(f, "{indent}  by {}", self.rule(rule)),
            None => Ok(()),
        }
    }

    fn request(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let asking = &self.explanation.request;
        write!(f, "request  {} {}", asking.method, asking.path)?;
        if let Some(destination) = &asking.destination {
            write!(f, " to {destination}")?;
        }
        if let Some(depth) = &asking.depth {
            write!(f, ", Depth {depth}")?;
        }
        writeln!(f, ", on {}", asking.host)?;
        match &asking.user {
            None => writeln!(f, "who      nobody in particular (anonymous)")?,
            Some(user) if asking.groups.is_empty() => writeln!(f, "who      {user}, in no group")?,
            Some(user) => writeln!(f, "who      {user}, in {}", asking.groups.join(", "))?,
        }
        match &self.explanation.route {
            None => writeln!(f, "route    none"),
            Some(route) if route.has_access => writeln!(f, "route    {}, {}:{}", route.name, self.file, route.line),
            Some(route) => writeln!(
                f,
                "route    {}, {}:{}, without rules of access",
                route.name, self.file, route.line
            ),
        }
    }

    fn methods(&self, f: &mut Formatter<'_>, look: &FilterLook) -> fmt::Result {
        writeln!(f, "\nmethods at {}", look.path)?;
        self.rules(f, &look.rules, look.not_reached)
    }

    fn access(&self, f: &mut Formatter<'_>, look: &AccessLook) -> fmt::Result {
        let place = match look.scope {
            "below" => format!("everything below {}", look.path),
            _ => look.path.clone(),
        };
        let whose = match look.resource {
            "parent" | "destination-parent" | "named-parent" => ", the collection that holds it",
            _ => "",
        };
        let when = look.when.as_ref().map(|when| self.when(when)).unwrap_or_default();
        writeln!(f, "\n{} on {place}{whose}{when}", look.privileges.join(", "))?;
        self.rules(f, &look.rules, look.not_reached)?;
        let decided: Vec<&str> = look
            .rules
            .iter()
            .flat_map(|rule| rule.decides.iter().copied())
            .collect();
        let open: Vec<&str> = look
            .privileges
            .iter()
            .copied()
            .filter(|name| !decided.contains(name))
            .collect();
        if open.is_empty() {
            Ok(())
        } else {
            writeln!(f, "  no rule grants {}", open.join(", "))
        }
    }

    /// In which states something is asked.
    fn when(&self, when: &When) -> String {
        let asking = &self.explanation.request;
        let at = asking.destination.as_deref().unwrap_or("Destination");
        let places = [(&when.target, asking.path.as_str()), (&when.destination, at)];
        let said = places
            .iter()
            .filter(|(states, _)| !states.is_empty())
            .map(|(states, path)| {
                let words: Vec<&str> = states.iter().map(|state| thing(state)).collect();
                format!("{path} is {}", words.join(" or "))
            });
        format!(", if {}", said.collect::<Vec<_>>().join(" and "))
    }

    fn rules(&self, f: &mut Formatter<'_>, rules: &[ConsideredRule], not_reached: usize) -> fmt::Result {
        for run in rules.chunk_by(|a, b| a.bearing == b.bearing) {
            if run.len() > SAME_IN_A_ROW && run.iter().all(|rule| rule.decides.is_empty()) {
                let what = run.first().map_or("", |rule| bearing(rule.bearing));
                writeln!(f, "  {} rules in a row: {what}", run.len())?;
                continue;
            }
            for rule in run {
                let decides = rule.decides.join(", ");
                let space = if decides.is_empty() { "" } else { " " };
                let bearing = bearing(rule.bearing);
                // What a rule of methods says matters where it decides.
                let shown = match rule.rule.rule.contains(".methods[") && rule.bearing == "other-path" {
                    true => format!("{}:{} {}", self.file, rule.rule.line, rule.rule.path),
                    false => self.rule(&rule.rule),
                };
                writeln!(f, "  {shown}: {bearing}{space}{decides}")?;
            }
        }
        match not_reached {
            0 => Ok(()),
            1 => writeln!(f, "  1 more rule was not reached"),
            more => writeln!(f, "  {more} more rules were not reached"),
        }
    }

    fn rule(&self, rule: &ConfiguredRule) -> String {
        format!("{}:{} {} {}", self.file, rule.line, rule.path, rule.says)
    }
}

/// What is there, in English.
fn thing(state: &str) -> &str {
    match state {
        "unmapped" => "nothing",
        "collection" => "a collection",
        "resource" => "a file",
        other => other,
    }
}

/// What a rule had to do with it, in English.
fn bearing(word: &str) -> &str {
    match word {
        "lets-pass" => "lets it pass",
        "does-not-let-pass" => "does not let it pass",
        "other-path" => "another path",
        "part-of-tree" => "only a part of what is below",
        "other-audience" => "for others",
        "not-mentioned" => "about other privileges",
        "too-late" => "rules before it decide",
        other => other,
    }
}
