//! The keys of a section of a rights file. In: their values. Out: the letters, the principals, the pattern of paths. Passes: what
//! Radicale itself would accept.

use regex::Regex;

use super::pattern::USER;
use super::section::{Letters, SHALLOW_WRITE, Section};
use super::{ini, regex_text};
use crate::cli::import::rules::{Principal, Privileges};

/// Reads `permissions`; what it would grant everywhere goes into `read`.
pub fn permissions(section: &ini::Section, old: bool, read: &mut Section) -> Letters {
    let Some(key) = section.get(if old { "permission" } else { "permissions" }) else {
        read.lose(
            section.line,
            "",
            "it has no permissions, so Radicale does not start with it; nothing is granted",
        );
        return Letters::default();
    };
    let text = format!("{}: {}", key.name, key.value);
    let mut letters = Letters::default();
    for letter in key.value.chars() {
        match letter {
            'r' => letters.lower = letters.lower.and(Privileges::READ),
            'w' => letters.lower = letters.lower.and(Privileges::WRITE),
            'R' if !old => letters.upper = letters.upper.and(Privileges::READ),
            'W' if !old => letters.upper = letters.upper.and(SHALLOW_WRITE),
            'D' | 'O' if !old => {}
            'd' if !old => read.keeps_collections = true,
            'o' if !old => read.keeps_content = true,
            'i' if !old && key.value.contains('r') => {}
            'i' if !old => read.lose(
                key.line,
                &text,
                "i is GET without PROPFIND; reading is one privilege here, and it is not granted",
            ),
            ' ' | '\t' | ',' => {}
            other => {
                let why = format!("the letter {other} has no equivalent; nothing is granted for it");
                read.lose(key.line, &text, &why);
            }
        }
    }
    if old {
        letters.upper = letters.lower.common(Privileges::READ.and(SHALLOW_WRITE));
    }
    read.everywhere = if letters.upper.has(Privileges::READ) && letters.lower.has(Privileges::READ) {
        Privileges::READ
    } else {
        Privileges::NONE
    };
    if letters.upper.has(SHALLOW_WRITE) && letters.lower.has(Privileges::WRITE) {
        read.everywhere = read.everywhere.and(Privileges::WRITE);
    }
    letters
}

/// Fills in to whom the section speaks; whether the first group of the user pattern is the whole name.
pub fn users(section: &ini::Section, old: bool, read: &mut Section) -> bool {
    let groups: Vec<Principal> = section
        .get("groups")
        .filter(|_| !old)
        .map(|key| {
            key.value
                .split(',')
                .filter(|name| !name.is_empty())
                .map(|name| Principal::Group(name.to_owned()))
                .collect()
        })
        .unwrap_or_default();
    let key = section.get("user").filter(|key| old || !key.value.is_empty());
    let (line, text) = key.map_or((section.line, String::new()), |key| {
        (key.line, format!("user: {}", key.value))
    });
    let (mut sure, mut may, mut captured) = (Vec::new(), Vec::new(), false);
    match key.map(|key| key.value.as_str()) {
        None if groups.is_empty() => {
            may.push(Principal::Anonymous);
            read.lose(
                line,
                &text,
                "without a user, older releases of Radicale 3 speak of anonymous requests and newer ones of nobody; \
                 nothing is granted. Write user: .* or the names",
            );
        }
        None => {}
        Some(value) => {
            let text_of = if old {
                Ok(value.replace("%%", "%"))
            } else {
                unbrace(&value.replace("%%", "%"))
            };
            match text_of.as_deref().map_err(|why| *why).and_then(names) {
                Ok((found, exact, whole)) => {
                    captured = whole;
                    may.clone_from(&found);
                    sure = found;
                    if !exact {
                        may.retain(|who| *who == Principal::Anonymous);
                        may.push(Principal::Authenticated);
                        read.lose(
                            line,
                            &text,
                            r"the dot stands for any character, and only the name with a dot was taken; write \. for it",
                        );
                    }
                }
                Err(why) => {
                    let named = Regex::new(&format!("^(?:{value})$")).is_ok_and(|regex| !regex.is_match(""));
                    may.push(if named {
                        Principal::Authenticated
                    } else {
                        Principal::Everyone
                    });
                    read.lose(
                        line,
                        &text,
                        &format!("{why}; nothing is granted. Name the users, or a group of them"),
                    );
                }
            }
        }
    }
    read.sure = [sure, groups.clone()].concat();
    read.may = [may, groups].concat();
    captured && !read.sure.iter().any(|who| matches!(who, Principal::Group(_)))
}

/// The principals of a user pattern; whether it says exactly that; whether `{0}` is the name.
fn names(text: &str) -> Result<(Vec<Principal>, bool, bool), &'static str> {
    let inner = text.strip_prefix('^').unwrap_or(text);
    let inner = inner.strip_suffix(r"\Z").or(inner.strip_suffix('$')).unwrap_or(inner);
    let whole = inner == "(.+)" || inner == "(.*)";
    let plain = regex_text::ungroup(inner);
    match plain {
        ".+" => return Ok((vec![Principal::Authenticated], true, whole)),
        ".*" => return Ok((vec![Principal::Everyone], true, whole)),
        _ => {}
    }
    let mut found = (Vec::new(), true, false);
    for alternative in regex_text::split(plain, '|').ok_or("its brackets do not match")? {
        let alternative = alternative.strip_prefix('^').unwrap_or(alternative);
        let alternative = alternative.strip_suffix('$').unwrap_or(alternative);
        if alternative.is_empty() {
            found.0.push(Principal::Anonymous);
            continue;
        }
        let (name, exact) = regex_text::literal(alternative).ok_or("rules know no patterns of user names")?;
        found.0.push(Principal::User(name));
        found.1 &= exact;
    }
    Ok(found)
}

/// `collection` with `USER` where the requester's name goes.
pub fn placeholders(text: &str, old: bool, captured: bool) -> Result<String, &'static str> {
    if text.contains(['\n', USER]) {
        return Err("it goes on in the next line; write it in one");
    }
    let mut text = text.to_owned();
    if old {
        text = text.replace("%(login)s", &USER.to_string());
    }
    if text.contains("%(") {
        return Err("this version of Radicale knows no such placeholder");
    }
    text = text
        .replace("%%", "%")
        .replace("{{", "\u{e001}")
        .replace("}}", "\u{e002}");
    if !old {
        text = text.replace("{user}", &USER.to_string());
    }
    if captured {
        text = text.replace("{0}", &USER.to_string()).replace("{}", &USER.to_string());
    }
    if text.contains("{0}") || text.contains("{1}") || text.contains("{}") {
        return Err(
            "a part of the user's name cannot stand in a rule's path; write a rule for each such part, to a group",
        );
    }
    if text.contains(['{', '}']) {
        return Err("Radicale takes the braces for a placeholder it does not know; write {{ and }}");
    }
    Ok(text.replace('\u{e001}', "{").replace('\u{e002}', "}"))
}

fn unbrace(text: &str) -> Result<String, &'static str> {
    let text = text.replace("{{", "\u{e001}").replace("}}", "\u{e002}");
    if text.contains(['{', '}']) {
        return Err("Radicale takes the braces for a placeholder it does not know; write {{ and }}");
    }
    Ok(text.replace('\u{e001}', "{").replace('\u{e002}', "}"))
}
