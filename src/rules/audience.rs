//! Whom a rule speaks to, and who asks, as small numbers. In: what a configuration and a principal mean by it. Out: keys by which
//! an index finds the rules that concern somebody, however many others concern others.

/// A kind of askers that a rule speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Audience(u32);

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The audiences it belongs to.
    pub audiences: &'a [Audience],
    /// What `{user}` stands for in a path: a canonical segment; `None`: nothing.
    pub user: Option<&'a str>,
}

impl Audience {
    /// Whoever asks.
    pub const EVERYONE: Self = Self(0);
    /// Whoever is known.
    pub const AUTHENTICATED: Self = Self(1);
    /// Whoever is not.
    pub const ANONYMOUS: Self = Self(2);

    /// Number `number` of the users and groups that rules name. (More than four billion of them do not fit into memory.)
    pub fn named(number: usize) -> Self {
        Self(u32::try_from(number).unwrap_or(u32::MAX).saturating_add(3))
    }

    /// Whether all of `narrower` are in it.
    fn covers(self, narrower: Self) -> bool {
        match self {
            Self::EVERYONE => true,
            Self::AUTHENTICATED => !matches!(narrower, Self::EVERYONE | Self::ANONYMOUS),
            other => other == narrower,
        }
    }
}

impl Asker<'_> {
    /// Somebody of whom nothing is known but that he asks.
    pub const ANYONE: Self = Self {
        audiences: &[Audience::EVERYONE],
        user: None,
    };
}

/// Whether whoever is in one of `narrower` is in one of `wider`. `true` is proved.
pub(super) fn cover(wider: &[Audience], narrower: &[Audience]) -> bool {
    let everyone = [Audience::AUTHENTICATED, Audience::ANONYMOUS]
        .iter()
        .all(|half| wider.contains(half));
    everyone
        || narrower
            .iter()
            .all(|narrow| wider.iter().any(|wide| wide.covers(*narrow)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_whom() {
        const E: Audience = Audience::EVERYONE;
        const K: Audience = Audience::AUTHENTICATED;
        const A: Audience = Audience::ANONYMOUS;
        let [b, c] = [0, 1].map(Audience::named);
        let rows: &[(&[Audience], &[Audience], bool)] = &[
            (&[E], &[E, K, A, b], true),
            (&[K], &[b, c, K], true),
            (&[K], &[A], false),
            (&[K], &[E], false),
            (&[A], &[K], false),
            (&[A], &[E], false),
            (&[K, A], &[E], true),
            (&[b], &[b], true),
            (&[b], &[c], false),
            (&[b], &[K], false),
            (&[b], &[b, c], false),
            (&[b, c], &[c], true),
        ];
        for (wide, narrow, covered) in rows {
            assert_eq!(cover(wide, narrow), *covered, "{narrow:?} in {wide:?}");
        }
    }
}
