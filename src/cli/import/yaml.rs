//! The printer. In: rules and comments. Out: YAML 1.2 text, block lists of flow mappings. Passes: no text of the foreign file
//! unquoted that YAML could read as something else, and no line break into a comment.

use std::fmt::Write;

use super::rules::{Entry, Identity, Import, MethodRule, Principal, Rule};

/// The rules of `import`, read from `file` by `davgate import KIND`.
pub fn print(import: &Import, kind: &str, file: &str) -> String {
    let mut out = String::new();
    comment(&mut out, "", &format!("From {file}, by davgate import {kind}."));
    for note in &import.notes {
        match note {
            Entry::Rule(()) => {}
            other => entry(&mut out, "", other, |()| String::new()),
        }
    }
    if let Some(identity) = &import.identity {
        out.push_str("\n# At the top of the file:\n");
        print_identity(&mut out, identity);
    }
    out.push_str("\n# In the route:\n");
    if !import.methods.is_empty() {
        out.push_str("methods:\n");
        for rule in &import.methods {
            entry(&mut out, "  ", rule, method_rule);
        }
    }
    out.push_str("access:\n");
    for rule in &import.access {
        entry(&mut out, "  ", rule, access_rule);
    }
    // A list without a rule would be no list; what no rule grants is denied anyway.
    if !import.access.iter().any(|entry| matches!(entry, Entry::Rule(_))) {
        out.push_str("  - { path: /**, deny: [all], to: everyone }\n");
    }
    out
}

fn entry<T>(out: &mut String, indent: &str, entry: &Entry<T>, line: impl Fn(&T) -> String) {
    match entry {
        Entry::Rule(rule) => {
            out.push_str(indent);
            out.push_str(&line(rule));
            out.push('\n');
        }
        Entry::Remark(text) => comment(out, indent, text),
        Entry::Lost { line, text, why } => {
            comment(out, indent, &format!("! line {line}: {text}"));
            comment(out, indent, &format!("!   {why}"));
        }
    }
}

fn access_rule(rule: &Rule) -> String {
    let verdict = if rule.allow { "allow" } else { "deny" };
    let privileges = match rule.privileges.names().as_slice() {
        ["read", "write"] if !rule.allow => "all".to_owned(),
        names => names.join(", "),
    };
    let path = scalar(&rule.path);
    format!(
        "- {{ path: {path}, {verdict}: [{privileges}], to: {} }}",
        principals(&rule.to)
    )
}

fn method_rule(rule: &MethodRule) -> String {
    format!("- {{ path: {}, allow: [{}] }}", scalar(&rule.path), list(&rule.allow))
}

fn principals(to: &[Principal]) -> String {
    let names: Vec<String> = to
        .iter()
        .map(|principal| match principal {
            Principal::Everyone => "everyone".to_owned(),
            Principal::Authenticated => "authenticated".to_owned(),
            Principal::Anonymous => "anonymous".to_owned(),
            Principal::User(name) => format!("user:{name}"),
            Principal::Group(name) => format!("group:{name}"),
        })
        .collect();
    match names.as_slice() {
        [one] => scalar(one),
        _ => format!("[{}]", list(&names)),
    }
}

fn print_identity(out: &mut String, identity: &Identity) {
    out.push_str("identity:\n");
    if let Some(realm) = &identity.realm {
        let _ = writeln!(out, "  realm: {}", scalar(realm));
    }
    if let Some(file) = &identity.htpasswd {
        let _ = writeln!(out, "  basic: {{ htpasswd: {} }}", scalar(file));
    }
    if !identity.groups.is_empty() {
        out.push_str("  groups:\n");
        for (name, members) in &identity.groups {
            let _ = writeln!(out, "    {}: [{}]", scalar(name), list(members));
        }
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| scalar(name)).collect::<Vec<_>>().join(", ")
}

/// A scalar that means exactly `text`, also inside `[ ]` and `{ }`: plain where nobody could doubt it, else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("\"{}\"", escaped(text, true))
    }
}

/// Words that some YAML reads as something else than text.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_./*@-:".contains(&byte));
    // A colon reads as a mapping where a blank, a comma or the end follows.
    let colons = text
        .split(':')
        .skip(1)
        .all(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    begins && letters && colons && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// `text` with what cannot stand in quotes, or in a comment, spelled out.
fn escaped(text: &str, quoted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' if quoted => {
                out.push('\\');
                out.push(c);
            }
            '\t' if !quoted => out.push(' '),
            ' '..='~' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out
}

const WIDTH: usize = 116;

/// A comment of one or more lines, broken between words.
fn comment(out: &mut String, indent: &str, text: &str) {
    let text = escaped(text, false);
    let (mark, body) = match text.strip_prefix("! ") {
        Some(rest) => ("#!", rest),
        None => ("#", text.as_str()),
    };
    let hang = &body[..body.len() - body.trim_start().len()];
    let mut line = String::new();
    for word in body.split_whitespace() {
        if !line.is_empty() && indent.len() + mark.len() + hang.len() + line.len() + word.len() + 2 > WIDTH {
            let _ = writeln!(out, "{indent}{mark} {hang}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{indent}{mark} {hang}{line}");
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
