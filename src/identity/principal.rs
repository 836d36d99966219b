//! The principal of a request. In: a name and groups, as some source has proved them. Out: a value that decisions can compare
//! with paths and rules without looking again. Passes: names that are one canonical segment of a path (RM-6), since `{user}`
//! in a rule stands for one.

use std::collections::BTreeSet;

use unicode_normalization::is_nfc;

/// Longest name in bytes (RM-6).
const MAX_NAME: usize = 255;

/// Who is asking: nobody known, or one name with groups (RFC 3744 section 2). Anonymous is in no group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Principal {
    name: Option<String>,
    groups: BTreeSet<String>,
}

/// A name that no principal or group may have (RM-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeName {
    /// It is empty, `.` or `..`.
    #[error("the name is empty or made of dots")]
    NoName,
    /// It is longer than 255 bytes.
    #[error("the name is longer than 255 bytes")]
    TooLong,
    /// It holds `/`, `\` or a control character.
    #[error("the name holds a slash, a backslash or a control character")]
    Character,
    /// It is not in Unicode form NFC: another spelling of it is.
    #[error("the name is not in Unicode form NFC")]
    NotNfc,
}

impl Principal {
    /// Nobody known.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// The user `name`, who is in `groups`, all of them: nesting is resolved before.
    ///
    /// # Errors
    /// The first reason why the name, or one of the groups', is not safe (RM-6).
    pub fn user(
        name: impl Into<String>,
        groups: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, UnsafeName> {
        let name = name.into();
        judge_name(&name)?;
        let groups: BTreeSet<String> = groups.into_iter().map(Into::into).collect();
        groups.iter().try_for_each(|group| judge_name(group))?;
        Ok(Self {
            name: Some(name),
            groups,
        })
    }

    /// The name; `None` for anonymous.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether nobody is known.
    pub fn is_anonymous(&self) -> bool {
        self.name.is_none()
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }

    /// Whether it is in `group`.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.contains(group)
    }
}

/// Whether `name` may be the name of a user or a group (RM-6): one segment of a canonical path, in one spelling.
///
/// # Errors
/// Why it may not.
pub fn judge_name(name: &str) -> Result<(), UnsafeName> {
    if matches!(name, "" | "." | "..") {
        return Err(UnsafeName::NoName);
    }
    if name.len() > MAX_NAME {
        return Err(UnsafeName::TooLong);
    }
    if name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) {
        return Err(UnsafeName::Character);
    }
    if !is_nfc(name) {
        return Err(UnsafeName::NotNfc);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // RM-6: what may be a name, and its accepting twin
    #[test]
    fn names() {
        let long = "a".repeat(255);
        for name in ["ann", "ann@example.org", "*", "{user}", "\u{fc}", "a b", "...", &long] {
            assert_eq!(judge_name(name), Ok(()), "{name:?}");
        }
        let longer = "a".repeat(256);
        let rows = [
            ("", UnsafeName::NoName),
            (".", UnsafeName::NoName),
            ("..", UnsafeName::NoName),
            (longer.as_str(), UnsafeName::TooLong),
            ("a/b", UnsafeName::Character),
            ("a\\b", UnsafeName::Character),
            ("a\0", UnsafeName::Character),
            ("a\n", UnsafeName::Character),
            ("a\u{85}", UnsafeName::Character),
            ("u\u{308}", UnsafeName::NotNfc),
        ];
        for (name, error) in rows {
            assert_eq!(judge_name(name), Err(error), "{name:?}");
            assert_eq!(Principal::user(name, [""; 0]), Err(error), "{name:?}");
            assert_eq!(Principal::user("ann", [name]), Err(error), "group {name:?}");
        }
    }

    //
    #[test]
    fn anonymous_is_nobody() {
        let nobody = Principal::anonymous();
        assert!(nobody.is_anonymous() && nobody.name().is_none() && nobody.groups().next().is_none());
        let ann = Principal::user("ann", ["b", "a", "b"]).unwrap();
        assert_eq!((ann.name(), ann.is_anonymous()), (Some("ann"), false));
        assert!(ann.groups().eq(["a", "b"]));
        assert!(ann.is_in("a") && !ann.is_in("c") && !ann.is_in("ann"));
    }
}
