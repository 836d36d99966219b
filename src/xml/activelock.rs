//! `DAV:activelock` (RFC 4918 section 14.1): the one writer of it, for LOCK answers (L-9) and for `DAV:lockdiscovery` in a multistatus. In:
//! what is told of a lock. Out: XML text, its names with the prefix that stands for `DAV:` there.

use super::lockinfo::LockScope;
use super::name::DAV;
use super::writer::{DECLARATION, push_text};

/// What an answer tells of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveLock {
    /// How many may hold one.
    pub scope: LockScope,
    /// Whether it reaches all below its root.
    pub infinite: bool,
    /// The `owner` element, as XML that stands by itself.
    pub owner: Option<String>,
    /// Seconds until it ends; `None`: never, or not told.
    pub seconds: Option<u64>,
    /// The token, without brackets; `None`: not told (F-6).
    pub token: Option<String>,
    /// The URL of its root; `None`: not told.
    pub root: Option<String>,
}

/// Appends a `DAV:activelock`. `prefix` is what stands for `DAV:` at this place: `D:`, or nothing.
pub fn push_active_lock(out: &mut String, prefix: &str, lock: &ActiveLock) {
    let p = prefix;
    let scope = match lock.scope {
        LockScope::Exclusive => "exclusive",
        LockScope::Shared => "shared",
    };
    let depth = if lock.infinite { "infinity" } else { "0" };
    out.push_str(&format!(
        "<{p}activelock><{p}lockscope><{p}{scope}/></{p}lockscope><{p}locktype><{p}write/></{p}locktype>\
         <{p}depth>{depth}</{p}depth>"
    ));
    out.push_str(lock.owner.as_deref().unwrap_or_default());
    match lock.seconds {
        Some(seconds) => out.push_str(&format!("<{p}timeout>Second-{seconds}</{p}timeout>")),
        None => out.push_str(&format!("<{p}timeout>Infinite</{p}timeout>")),
    }
    for (name, url) in [("locktoken", &lock.token), ("lockroot", &lock.root)] {
        if let Some(url) = url {
            out.push_str(&format!("<{p}{name}><{p}href>"));
            push_text(out, url);
            out.push_str(&format!("</{p}href></{p}{name}>"));
        }
    }
    out.push_str(&format!("</{p}activelock>"));
}

/// The body of a successful LOCK (RFC 4918 section 9.10.1): a whole document.
pub fn lock_answer(lock: &ActiveLock) -> String {
    let mut out = format!("{DECLARATION}<D:prop xmlns:D=\"{DAV}\"><D:lockdiscovery>");
    push_active_lock(&mut out, "D:", lock);
    out.push_str("</D:lockdiscovery></D:prop>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{limits::XmlLimits, reader};

    #[test]
    fn written_whole() {
        // L-9
        let lock = ActiveLock {
            scope: LockScope::Shared,
            infinite: true,
            owner: Some("<owner xmlns=\"DAV:\">ann &amp; co</owner>".into()),
            seconds: Some(600),
            token: Some("urn:a&b".into()),
            root: Some("/files/a%20b".into()),
        };
        assert_eq!(
            lock_answer(&lock),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:prop xmlns:D=\"DAV:\"><D:lockdiscovery><D:activelock>\
             <D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype><D:depth>infinity</D:depth>\
             <owner xmlns=\"DAV:\">ann &amp; co</owner><D:timeout>Second-600</D:timeout>\
             <D:locktoken><D:href>urn:a&amp;b</D:href></D:locktoken><D:lockroot><D:href>/files/a%20b</D:href></D:lockroot>\
             </D:activelock></D:lockdiscovery></D:prop>"
        );
    }

    #[test]
    fn what_is_not_told_is_left_out() {
        // F-6, A-35
        let lock = ActiveLock {
            scope: LockScope::Exclusive,
            infinite: false,
            owner: None,
            seconds: None,
            token: None,
            root: None,
        };
        let text = lock_answer(&lock);
        assert!(reader::read(text.split_once("?>").unwrap().1, &XmlLimits::default()).is_ok());
        assert!(text.contains("<D:depth>0</D:depth><D:timeout>Infinite</D:timeout></D:activelock>"));
    }
}
