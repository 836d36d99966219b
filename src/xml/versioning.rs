//! The DeltaV bodies (RFC 3253) and OPTIONS with a body: shapes. Their grammars say ANY, so nothing beyond the root is required.

use super::href::HrefUse;
use super::shape::{Content, Shape, dav};

const PROP: Shape = dav("prop", Content::PropertyNames);
const VERSION: Shape = dav(
    "version",
    Content::Elements(&[dav("href", Content::Url(HrefUse::Version))]),
);
const LABEL_NAME: Shape = dav("label-name", Content::Text);
const FORK_OK: Shape = dav("fork-ok", Content::Empty);

/// Section 5.5, 6.4 and 13.8: which collection sets are wanted.
pub(super) static OPTIONS: [Shape; 1] = [dav(
    "options",
    Content::Elements(&[
        dav("version-history-collection-set", Content::Empty),
        dav("workspace-collection-set", Content::Empty),
        dav("activity-collection-set", Content::Empty),
    ]),
)];

/// Sections 3.5 and 6.7.
pub(super) static VERSION_CONTROL: [Shape; 1] = [dav("version-control", Content::Elements(&[VERSION]))];

/// Sections 4.3, 8.8 and 13.10.
pub(super) static CHECKOUT: [Shape; 1] = [dav(
    "checkout",
    Content::Elements(&[
        FORK_OK,
        dav("apply-to-version", Content::Empty),
        dav("unreserved", Content::Empty),
        dav(
            "activity-set",
            Content::Elements(&[dav("href", Content::Url(HrefUse::Activity)), dav("new", Content::Empty)]),
        ),
    ]),
)];

/// Section 4.4.
pub(super) static CHECKIN: [Shape; 1] = [dav(
    "checkin",
    Content::Elements(&[dav("keep-checked-out", Content::Empty), FORK_OK]),
)];

/// Section 4.5.
pub(super) static UNCHECKOUT: [Shape; 1] = [dav("uncheckout", Content::Empty)];

/// Section 6.3.
pub(super) static MKWORKSPACE: [Shape; 1] = [dav("mkworkspace", Content::Empty)];

/// Sections 7.1 and 8.6.
pub(super) static UPDATE: [Shape; 1] = [dav("update", Content::Elements(&[VERSION, LABEL_NAME, PROP]))];

/// Section 8.2.
pub(super) static LABEL: [Shape; 1] = [dav(
    "label",
    Content::Elements(&[
        dav("add", Content::Elements(&[LABEL_NAME])),
        dav("set", Content::Elements(&[LABEL_NAME])),
        dav("remove", Content::Elements(&[LABEL_NAME])),
    ]),
)];

/// Sections 11.2 and 13.12.
pub(super) static MERGE: [Shape; 1] = [dav(
    "merge",
    Content::Elements(&[
        dav(
            "source",
            Content::Elements(&[dav("href", Content::Url(HrefUse::MergeSource))]),
        ),
        dav("no-auto-merge", Content::Empty),
        dav("no-checkout", Content::Empty),
        dav("checkin-activity", Content::Empty),
        FORK_OK,
        PROP,
    ]),
)];

/// Section 12.6.
pub(super) static BASELINE_CONTROL: [Shape; 1] = [dav(
    "baseline-control",
    Content::Elements(&[dav(
        "baseline",
        Content::Elements(&[dav("href", Content::Url(HrefUse::Baseline))]),
    )]),
)];

/// Section 13.5.
pub(super) static MKACTIVITY: [Shape; 1] = [dav("mkactivity", Content::Empty)];
