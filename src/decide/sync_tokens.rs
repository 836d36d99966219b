//! Sync tokens that a client sends back on a route with epochs (F-9). In: the body of a sync-collection report, or an If. Out: the same with
//! the back end's own tokens. RFC 6578 sections 3.2 and 5.

use crate::{
    policy::SyncEpoch,
    request::{If, if_header::State, sync_token::SyncToken},
    xml::body::RequestBody,
};

use super::{Denial, target::Target};

impl Target {
    /// The epoch in which this principal is; `None`: the route has none.
    pub(super) fn sync_epoch(&self) -> Option<SyncEpoch> {
        let epochs = self.route.sync_epochs.as_ref()?;
        Some(epochs.for_principal(&self.asker.principal))
    }
}

/// Unwraps the tokens of a sync-collection report. What changed since any other is not to be told: members that may be seen by now were
/// not told of then.
///
/// # Errors
/// [`Denial::SyncToken`]: a token that is not of this epoch; the client begins anew.
pub(super) fn in_body(read: &mut RequestBody, target: &Target) -> Result<(), Denial> {
    let Some(epoch) = target.sync_epoch() else {
        return Ok(());
    };
    read.map_sync_tokens(|text| match SyncToken::read(text, &epoch) {
        SyncToken::Current(own) => Ok(own),
        SyncToken::Stale | SyncToken::Malformed | SyncToken::Foreign => Err(Denial::SyncToken),
    })
}

/// Unwraps the state tokens of `header` that are sync tokens; the others are somebody else's to know.
///
/// # Errors
/// [`Denial::SyncToken`]: a malformed one. [`Denial::IfFalse`]: nothing is in a state of another epoch, whatever a back end that reads no
/// If would make of it.
pub(super) fn in_if(header: If, target: &Target) -> Result<If, Denial> {
    let Some(epoch) = target.sync_epoch() else {
        return Ok(header);
    };
    let stale = |state: &State| match state {
        State::Token(token) => SyncToken::read(token, &epoch) == SyncToken::Stale,
        State::EntityTag(_) => false,
    };
    let never = header.is_false(stale);
    let header = header.map_tokens(|token| match SyncToken::read(token, &epoch) {
        // What no If can hold was never in one.
        SyncToken::Current(own) if !If::can_hold(&own) => Err(Denial::SyncToken),
        SyncToken::Current(own) => Ok(Some(own)),
        // Where it is one of several, the back end compares it with all it knows, and finds nothing.
        SyncToken::Stale | SyncToken::Foreign => Ok(None),
        SyncToken::Malformed => Err(Denial::SyncToken),
    })?;
    if never { Err(Denial::IfFalse) } else { Ok(header) }
}
