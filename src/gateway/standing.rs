//! Whether a lock that the back end keeps is still there (L-6): it may have ended past this gateway. In: a lock of the store. Out: what the back
//! end says of its root. What it does not say leaves the lock in force: nothing that stands there may be forgotten here.

use http::StatusCode;
use pingora::proxy::Session;

use crate::{
    decide::Permit,
    locks::Lock,
    request::State,
    xml::lockdiscovery::{Discovery, FoundLock},
};

use super::{ask::Probed, server::Gateway, upstream_error::UpstreamError};

/// How many folders above a lock are looked at.
const MOST_ABOVE: usize = 16;

/// What a back end says about a lock that the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is there, or the back end does not say.
    Stands,
    /// It is gone.
    Ended,
    /// To this requester nothing is there: it may be gone, or be hidden by the back end from some users.
    Unseen,
}

impl Gateway {
    /// What the back end says, of the root of `lock`, about whether it is still locked by it (L-6).
    ///
    /// # Errors
    /// The back end did not answer, or not in time.
    pub(super) async fn standing(
        &self,
        permit: &Permit,
        lock: &Lock,
        session: &Session,
    ) -> Result<Standing, UpstreamError> {
        let Some(root) = lock.root.upstream(lock.collection) else {
            return Ok(Standing::Stands);
        };
        let (status, mut told) = self.ask_for_locks(permit, &root, session).await?;
        // What is there is not what was locked: a folder in the place of a file, to whose URL mod_dir sends its clients, or a file in that
        // of a folder, below which mod_dav finds no URL.
        let renamed = status.is_redirection() || lock.collection && status == StatusCode::BAD_REQUEST;
        if renamed
            && let Some(other) = lock.root.upstream(!lock.collection)
            && let (_, locks @ Discovery::Locks(_)) = self.ask_for_locks(permit, &other, session).await?
        {
            told = locks;
        }
        if status == StatusCode::BAD_REQUEST
            && told == Discovery::Unsaid
            && self.is_below_a_file(permit, lock, session).await?
        {
            return Ok(Standing::Ended);
        }
        let is_it = |found: &FoundLock| found.lock.token.as_ref().is_none_or(|token| *token == lock.token);
        let verdict = match told {
            Discovery::Locks(found) if !found.iter().any(is_it) => Standing::Ended,
            Discovery::Absent if sees_all(permit, lock) => Standing::Ended,
            Discovery::Absent => Standing::Unseen,
            Discovery::Locks(_) | Discovery::Unsaid => Standing::Stands,
        };
        if verdict != Standing::Stands
            && let Some(other) = lock.root.decomposed(lock.collection)
            && let (_, Discovery::Locks(found)) = self.ask_for_locks(permit, &other, session).await?
            && found.iter().any(is_it)
        {
            return Ok(Standing::Stands);
        }
        Ok(verdict)
    }

    /// Whether a folder that held the root of `lock` has become a file: what it held is gone.
    async fn is_below_a_file(&self, permit: &Permit, lock: &Lock, session: &Session) -> Result<bool, UpstreamError> {
        let top = permit.place(permit.route().map.upstream());
        let within = lock.root.ancestors().take_while(|above| above.is_below(&top));
        for path in within.take(MOST_ABOVE).filter_map(|above| above.upstream(false)) {
            if let Probed::Found(found) = self.probe_in_time(permit, &path, session).await? {
                match found.state {
                    State::Resource => return Ok(true),
                    State::Collection | State::Unmapped => return Ok(false),
                    // A redirect to the folder, or below a file itself.
                    State::Unknown => {}
                }
            }
        }
        Ok(false)
    }
}

/// Whether what the back end hides from this requester is not there at all, as far as `lock` goes: it takes all for one, or the lock is theirs.
pub(super) fn sees_all(permit: &Permit, lock: &Lock) -> bool {
    let own = lock.creator.is_some() && lock.creator.as_deref() == permit.principal().name();
    own || !permit.route().backend.credentials.tells_user()
}
