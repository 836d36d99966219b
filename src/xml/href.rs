//! What a URL in a request body names: the places, told apart so that each can be judged by what it stands for.

/// Why a URL stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HrefUse {
    /// A URL in the value of a live property that is being set.
    PropertyValue,
    /// The principal of an ACE, inverted or not (Q-12; RFC 3744 section 5.5.1).
    AclPrincipal,
    /// Where an ACE says it is inherited from (RFC 3744 section 5.5.4).
    AclInherited,
    /// A member asked for by a multiget report (Q-13; RFC 4791 section 7.9, RFC 6352 section 8.7).
    MultigetMember,
    /// The version of VERSION-CONTROL and UPDATE (Q-13; RFC 3253 sections 6.7 and 7.1).
    Version,
    /// A version history of locate-by-history (Q-13; RFC 3253 section 5.4).
    VersionHistory,
    /// The source of MERGE and merge-preview (Q-13; RFC 3253 sections 11.2 and 11.3).
    MergeSource,
    /// The baseline of BASELINE-CONTROL and compare-baseline (Q-13; RFC 3253 sections 12.6 and 12.7).
    Baseline,
    /// The activity of CHECKOUT and of latest-activity-version (Q-13; RFC 3253 sections 13.10 and 13.6).
    Activity,
    /// A scope of a SEARCH: a reference that is resolved against the request URL first (Q-14; RFC 5323).
    SearchScope,
}
