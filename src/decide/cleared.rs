//! A permit that the locks let pass, too: what both exchanges demand. Nothing outside this room can make one, so that a write past the
//! locks does not compile. With it comes what the store must hear of the write before it goes on and when it is over.

use std::{ops::Deref, time::Duration};

use crate::{
    locks::{
        Claim, LockPath,
        table::{Effect, NewWrite},
    },
    policy::Method,
    request::If,
};

use super::{Denial, Guard, Permit};

/// A request that may be forwarded as far as locks go.
#[derive(Clone, Debug)]
pub struct Cleared {
    permit: Permit,
    instead: Option<Instead>,
    reported: Option<Denial>,
    write: Option<NewWrite>,
}

/// What goes on in place of the client's If.
#[derive(Clone, Debug, Default)]
pub(super) struct Instead {
    /// What only the back end can judge (L-25).
    pub if_header: Option<If>,
    /// What holds the back end to what was found (L-26, A-12).
    pub guards: Vec<Guard>,
}

/// What the answer to a write means for locks (L-4, L-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// This; mostly nothing.
    Known(Vec<Effect>),
    /// It was done in part: at and below these, only what the back end says is there is still locked.
    Look(Vec<Claim>),
}

impl Deref for Cleared {
    type Target = Permit;

    fn deref(&self) -> &Permit {
        &self.permit
    }
}

impl Cleared {
    /// What no lock has a part in.
    pub(super) fn free(permit: Permit) -> Self {
        Self {
            permit,
            instead: None,
            reported: None,
            write: None,
        }
    }

    /// What was judged; `instead`: what goes on in place of If, if it is not the header itself; `write`: what the store must hear of it
    /// before it goes on.
    pub(super) fn judged(permit: Permit, instead: Option<Instead>, write: Option<NewWrite>) -> Self {
        let permit = match &instead {
            Some(Instead { if_header, guards }) => permit.conditioned(if_header.clone(), guards),
            None => permit,
        };
        Self {
            permit,
            instead,
            write,
            reported: None,
        }
    }

    /// The same, let through though a lock is in the way (report mode).
    pub(super) fn reporting(mut self, denial: Denial) -> Self {
        self.reported = Some(denial);
        self
    }

    /// The same request, permitted anew for what is there now: what the locks said of it holds on.
    pub fn again(&self, permit: Permit) -> Self {
        Self {
            reported: self.reported.clone(),
            ..Self::judged(permit, self.instead.clone(), self.write.clone())
        }
    }

    /// What would have refused it, were the route not in report mode: the first check that fails.
    pub fn reported(&self) -> Option<&Denial> {
        self.permit.reported().or(self.reported.as_ref())
    }

    /// What the store must hear before it goes on (L-84), if it may take `time`; `None`: nothing.
    pub fn write(&self, time: Duration) -> Option<NewWrite> {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.write.clone().map(|write| NewWrite { time, ..write })
    }

    /// What an answer with this status means for locks.
    pub fn aftermath(&self, status: u16) -> Aftermath {
        let target = || self.place(self.upstream());
        let destination = self.destination().map(|found| self.place(&found.upstream));
        let places = |with_target: bool| -> Vec<LockPath> {
            let target = with_target.then(target);
            target.into_iter().chain(destination.clone()).collect()
        };
        let replaces = self.route().backend.profile.put_replaces;
        match (self.method(), status) {
            (Method::Delete | Method::Move, 207 | 424) => Aftermath::Look(trees(places(true))),
            (Method::Copy, 207 | 424) => Aftermath::Look(trees(places(false))),
            (_, 207) => Aftermath::Known(Vec::new()),
            (Method::Delete | Method::Move, 200..=299) => {
                Aftermath::Known(places(true).into_iter().map(Effect::Gone).collect())
            }
            // What was at Destination is another now, and a lock on it was satisfied; of what was below nothing is left.
            (Method::Copy, 200..=299) => Aftermath::Known(places(false).into_iter().map(Effect::GoneBelow).collect()),
            (Method::Put, 200..=299) if replaces => Aftermath::Known(vec![Effect::GoneBelow(target())]),
            _ => Aftermath::Known(Vec::new()),
        }
    }
}

fn trees(places: Vec<LockPath>) -> Vec<Claim> {
    places.into_iter().map(Claim::tree).collect()
}
