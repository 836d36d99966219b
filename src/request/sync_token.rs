//! Sync tokens as clients see them where the route has epochs (F-9; RFC 6578 section 4): the back end's own in a wrapping that says for
//! which state of the rules it was given. In: a token. Out: the same wrapped; or, of one that a client sends, what it is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{policy::SyncEpoch, xml::is_allowed};

/// What all wrapped tokens begin with.
const PREFIX: &str = "urn:davgate:st:";

/// A token that a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncToken {
    /// It was given in this epoch: this is what the back end calls it.
    Current(String),
    /// It was given in another epoch, or to somebody else.
    Stale,
    /// It looks like a wrapped one, and is none.
    Malformed,
    /// It is none of ours: older than the option, or not a sync token at all.
    Foreign,
}

/// The back end's token `token` for clients.
pub fn wrap(token: &str, epoch: &SyncEpoch) -> String {
    format!("{PREFIX}{epoch}:{}", URL_SAFE_NO_PAD.encode(token))
}

/// Whether the state token `text` is that of a synchronisation, not that of a lock, as far as its form tells: a wrapped one, or a URL, as in
/// practice all others are (L-25).
pub fn may_be(text: &str) -> bool {
    let begins = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    ["http:", "https:", "data:", PREFIX].into_iter().any(begins)
}

impl SyncToken {
    /// What `text` is for somebody who is in `epoch`.
    pub fn read(text: &str, epoch: &SyncEpoch) -> Self {
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Self::Foreign;
        };
        let Some((given, wrapped)) = rest.split_once(':') else {
            return Self::Malformed;
        };
        let own = URL_SAFE_NO_PAD.decode(wrapped).ok();
        let own = own.and_then(|bytes| String::from_utf8(bytes).ok());
        match own.filter(|own| !own.trim().is_empty() && own.chars().all(is_allowed)) {
            None => Self::Malformed,
            Some(own) if given == epoch.to_string() => Self::Current(own),
            Some(_) => Self::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::Acl,
        identity::Principal,
        policy::{MethodFilter, Mode, SyncEpochs},
    };

    // F-9
    #[test]
    fn there_and_back() {
        let epochs = SyncEpochs::of(
            &Acl::new([], false),
            &MethodFilter::new(Vec::new()),
            Mode::Enforce,
            false,
        );
        let epoch = |name| epochs.for_principal(&Principal::user(name, [""; 0]).unwrap());
        let (ann, bob) = (epoch("ann"), epoch("bob"));
        for token in [
            "http://back/ns/sync/5",
            "opaque",
            "sp ace",
            "\u{fc}",
            "a<b>&\"",
            "urn:davgate:st:a:Yg",
        ] {
            let wrapped = wrap(token, &ann);
            assert!(
                wrapped
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b":-_".contains(&byte)),
                "{wrapped}"
            );
            assert_eq!(SyncToken::read(&wrapped, &ann), SyncToken::Current(token.to_owned()));
            assert_eq!(SyncToken::read(&wrapped, &bob), SyncToken::Stale, "{token}");
        }
        for (text, expected) in [
            ("http://back/ns/sync/5", SyncToken::Foreign),
            ("urn:davgate:lock:a:Yg", SyncToken::Foreign),
            ("URN:davgate:st:a:Yg", SyncToken::Foreign),
            ("urn:davgate:st:a:Yg", SyncToken::Stale),
            ("urn:davgate:st::Yg", SyncToken::Stale),
            ("urn:davgate:st:", SyncToken::Malformed),
            ("urn:davgate:st:Yg", SyncToken::Malformed),
            ("urn:davgate:st:a:", SyncToken::Malformed),
            ("urn:davgate:st:a:Yg==", SyncToken::Malformed),
            ("urn:davgate:st:a:Yg:Yg", SyncToken::Malformed),
            ("urn:davgate:st:a:/+8=", SyncToken::Malformed),
            ("urn:davgate:st:a:_w", SyncToken::Malformed),
            ("urn:davgate:st:a:AA", SyncToken::Malformed),
            ("urn:davgate:st:a:IA", SyncToken::Malformed),
        ] {
            assert_eq!(SyncToken::read(text, &ann), expected, "{text}");
        }
    }
}
