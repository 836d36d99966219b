//! What an upload counts for (B-96). In: a request whose head has passed every check. Out: whose quota it is held against, and how much of it
//! is announced.

use std::sync::Arc;

use crate::{identity::Principal, policy::Quota, request::framing::BodyLength};

use super::{Admitted, BodyPlan};

/// A body of the client's own bytes, on a route with a quota.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The number of the route in the policy.
    pub route_number: usize,
    /// Who uploads.
    pub principal: Arc<Principal>,
    /// How much that may be.
    pub quota: Quota,
    /// How long the body is; `None`: it ends with its last chunk.
    pub announced: Option<u64>,
}

impl Admitted {
    /// The request as an upload; `None`: it is none, or nobody counts.
    pub fn upload(&self) -> Option<Upload> {
        let quota = self.target.route.quota?;
        match self.body {
            BodyPlan::Stream(_) | BodyPlan::Spool(_) => {}
            BodyPlan::Nothing | BodyPlan::Empty | BodyPlan::Xml(_) => return None,
        }
        Some(Upload {
            route_number: self.target.number,
            principal: Arc::clone(&self.target.asker.principal),
            quota,
            announced: match self.length {
                BodyLength::None => Some(0),
                BodyLength::Known(bytes) => Some(bytes),
                BodyLength::Chunked => None,
            },
        })
    }
}
