//! What principals have uploaded (B-96). In: an upload that is about to begin. Out: a charge, which keeps room for it while it lives, and is
//! spent when the back end has taken the body; or the refusal. All of it is in memory: a restart forgets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use http::StatusCode;

use crate::{
    decide::{Denial, Upload},
    policy::Quota,
};

/// With more principals than that, those whose time is over are forgotten.
const MANY: usize = 10_000;

/// A route, and a name; `None` is everybody whose name is not known.
type Whose = (usize, Option<String>);

/// What has been uploaded.
#[derive(Debug, Default)]
pub struct Quotas(Mutex<HashMap<Whose, Spending>>);

/// What one principal has uploaded to one route.
#[derive(Debug)]
struct Spending {
    quota: Quota,
    since: Instant,
    spent: u64,
    /// Of uploads under way.
    reserved: u64,
}

/// An upload under way.
#[derive(Debug)]
pub struct Charge {
    quotas: Arc<Quotas>,
    whose: Whose,
    quota: Quota,
    reserved: u64,
    /// Whether its length was announced, and is reserved.
    announced: bool,
    kept: bool,
}

impl Quotas {
    /// Room for `upload`; as much as it announces.
    ///
    /// # Errors
    /// [`Denial::QuotaExceeded`].
    pub fn charge(self: &Arc<Self>, upload: &Upload, now: Instant) -> Result<Charge, Denial> {
        let mut charge = Charge {
            quotas: Arc::clone(self),
            whose: (upload.route_number, upload.principal.name().map(str::to_owned)),
            quota: upload.quota,
            reserved: 0,
            announced: false,
            kept: false,
        };
        charge.reserve(upload.announced.unwrap_or(0), now)?;
        charge.announced = upload.announced.is_some();
        Ok(charge)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Whose, Spending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spending {
    /// Begins a new time, if the last one is over.
    fn renew(&mut self, now: Instant) {
        if self.is_over(now) {
            (self.since, self.spent) = (now, 0);
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= self.quota.per
    }

    fn left(&self) -> u64 {
        self.quota
            .bytes
            .saturating_sub(self.spent)
            .saturating_sub(self.reserved)
    }
}

impl Charge {
    /// So many bytes more.
    fn reserve(&mut self, bytes: u64, now: Instant) -> Result<(), Denial> {
        let mut known = self.quotas.known();
        if known.len() >= MANY {
            known.retain(|_, spending| spending.reserved > 0 || !spending.is_over(now));
        }
        let quota = self.quota;
        let spending = known.entry(self.whose.clone()).or_insert_with(|| Spending {
            quota,
            since: now,
            spent: 0,
            reserved: 0,
        });
        spending.renew(now);
        if bytes > spending.left() {
            let end = spending.since + quota.per;
            let wait = end.saturating_duration_since(now).as_secs().saturating_add(1);
            // What is more than all of it will never do.
            return Err(Denial::QuotaExceeded((bytes <= quota.bytes).then_some(wait)));
        }
        spending.reserved = spending.reserved.saturating_add(bytes);
        self.reserved = self.reserved.saturating_add(bytes);
        Ok(())
    }

    /// How long the body may be, where nobody has said how long it is.
    pub fn room(&self, now: Instant) -> Option<u64> {
        if self.announced {
            return None;
        }
        let mut known = self.quotas.known();
        let spending = known.get_mut(&self.whose)?;
        spending.renew(now);
        Some(spending.left())
    }

    /// So many bytes of the body have come.
    ///
    /// # Errors
    /// [`Denial::QuotaExceeded`]: they are too many.
    pub fn came(&mut self, bytes: u64, now: Instant) -> Result<(), Denial> {
        if self.announced || bytes == 0 {
            return Ok(());
        }
        self.reserve(bytes, now)
    }

    /// The back end has answered so: what it has not taken is given back. Where something before it has given up, it may have.
    pub fn answered(mut self, status: StatusCode) -> Option<Self> {
        let unsure = matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
        self.kept = unsure || status.is_success();
        self.kept.then_some(self)
    }

    /// Whether it is spent if no answer is seen: the back end may have the body.
    pub fn keep(&mut self, kept: bool) {
        self.kept = kept;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(spending) = self.quotas.known().get_mut(&self.whose) {
            spending.reserved = spending.reserved.saturating_sub(self.reserved);
            if self.kept {
                spending.spent = spending.spent.saturating_add(self.reserved);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::Principal;

    fn upload(name: &str, announced: Option<u64>) -> Upload {
        Upload {
            route_number: 0,
            principal: Arc::new(Principal::user(name, [""; 0]).unwrap()),
            quota: Quota {
                bytes: 100,
                per: Duration::from_secs(60),
            },
            announced,
        }
    }

    fn refused(result: Result<Charge, Denial>) -> Option<Option<u64>> {
        match result {
            Ok(_) => None,
            Err(Denial::QuotaExceeded(wait)) => Some(wait),
            Err(other) => panic!("{other:?}"),
        }
    }

    // B-96: what was taken counts, what is under way is kept free for, and the time ends.
    #[test]
    fn spending() {
        let quotas = Arc::new(Quotas::default());
        let now = Instant::now();
        let first = quotas.charge(&upload("ann", Some(60)), now).unwrap();
        assert_eq!(refused(quotas.charge(&upload("ann", Some(41)), now)), Some(Some(61)));
        assert_eq!(refused(quotas.charge(&upload("ann", Some(101)), now)), Some(None));
        assert_eq!(refused(quotas.charge(&upload("bob", Some(100)), now)), None);
        drop(quotas.charge(&upload("ann", Some(40)), now).unwrap());
        drop(first.answered(StatusCode::CREATED));
        let failed = quotas.charge(&upload("ann", Some(40)), now).unwrap();
        assert!(failed.answered(StatusCode::FORBIDDEN).is_none());
        let unsure = quotas.charge(&upload("ann", Some(30)), now).unwrap();
        drop(unsure.answered(StatusCode::GATEWAY_TIMEOUT));
        assert_eq!(refused(quotas.charge(&upload("ann", Some(10)), now)), None);
        assert_eq!(refused(quotas.charge(&upload("ann", Some(11)), now)), Some(Some(61)));
        let later = now + Duration::from_secs(60);
        assert_eq!(refused(quotas.charge(&upload("ann", Some(100)), later)), None);
    }

    // B-96: a body without a length may be as long as there is room, also beside others.
    #[test]
    fn chunks() {
        let quotas = Arc::new(Quotas::default());
        let now = Instant::now();
        let mut one = quotas.charge(&upload("ann", None), now).unwrap();
        let mut other = quotas.charge(&upload("ann", None), now).unwrap();
        assert_eq!((one.room(now), other.room(now)), (Some(100), Some(100)));
        one.came(60, now).unwrap();
        assert_eq!(other.room(now), Some(40));
        assert!(other.came(41, now).is_err());
        other.came(40, now).unwrap();
        assert!(one.came(1, now).is_err() && one.came(0, now).is_ok());
        drop(other);
        one.came(40, now).unwrap();
        one.keep(true);
        drop(one);
        let announced = quotas.charge(&upload("ann", Some(0)), now).unwrap();
        assert_eq!(announced.room(now), None);
        assert_eq!(refused(quotas.charge(&upload("ann", Some(1)), now)), Some(Some(61)));
    }
}
