//! The Timeout header of LOCK (RFC 4918 section 10.7; L-67). In: the field's text. Out: how long a lock is wished to last. A wish is all
//! that it is, so what is malformed is passed over and never refused.

use std::time::Duration;

/// How long a lock is wished to last by the first member of the list that can be understood; `None`: there is none. `Infinite`, and more
/// seconds than fit into 32 bits, are [`Duration::MAX`].
pub fn lock_time(text: &str) -> Option<Duration> {
    text.split(',')
        .map(|item| item.trim_matches([' ', '\t']))
        .find_map(item)
}

fn item(text: &str) -> Option<Duration> {
    if text.eq_ignore_ascii_case("infinite") {
        return Some(Duration::MAX);
    }
    let (name, digits) = text.split_once('-')?;
    let legal = name.eq_ignore_ascii_case("second") && !digits.is_empty();
    if !legal || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits alone, so whatever does not fit is too much.
    let seconds = digits.parse::<u32>().map(u64::from);
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading() {
        // L-67
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (name, text, want) in [
            ("seconds", "Second-600", seconds(600)),
            ("letter case, blanks", " \tsecond-5 ", seconds(5)),
            ("none at all", "Second-0", seconds(0)),
            ("infinite", "Infinite", Some(Duration::MAX)),
            (
                "the first of a list",
                "Infinite, Second-4100000000",
                Some(Duration::MAX),
            ),
            (
                "the first that is understood",
                "Extend-5, Second-7, Second-9",
                seconds(7),
            ),
            ("empty members", ", ,Second-7", seconds(7)),
            ("the most", "Second-4294967295", seconds(4_294_967_295)),
            ("more", "Second-4294967296", Some(Duration::MAX)),
            ("far more", "Second-99999999999999999999999", Some(Duration::MAX)),
            ("a sign", "Second-+5", None),
            ("negative", "Second--5", None),
            ("no number", "Second-", None),
            ("no unit", "600", None),
            ("nothing", "", None),
        ] {
            assert_eq!(lock_time(text), want, "{name}");
        }
    }
}
