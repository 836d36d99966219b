//! Routes in report mode: what their rules would refuse is told, and passes. In: such a route and who asks. Out: the same decisions as
//! ever, taken twice: by the route as it is, for the verdict that is told, and by the route without rules, for what happens.
//!
//! So the verdict that is told comes from the code that enforces it, and what stays refused is exactly what no rule of `methods` or
//! `access` has a part in: framing, paths, headers, bodies, limits, other servers and other routes.

use std::sync::Arc;

use http::HeaderMap;

use crate::policy::{Mode, Route};

use super::{
    Account, Admission, Admitted, Denial, Permit, Question, gate::Arrived, privileges::Asker, state::Decision,
};

/// What the rules of a route in report mode say of a request that goes on without them.
#[derive(Clone, Debug)]
pub(super) enum Judged {
    /// Nothing against it so far: this is what they judge next.
    Passes(Box<Admitted>),
    /// They refuse it.
    Refuses(Denial),
}

/// The route as requests meet it whose refusals are only told; `None`: it enforces its rules.
pub(super) fn opened(route: &Route) -> Option<Arc<Route>> {
    match route.mode {
        Mode::Enforce => None,
        Mode::Report => Some(Arc::new(route.opened())),
    }
}

impl Asker {
    /// Whether refusals may be told only: somebody else than nobody asks, or it is the back end that asks who it is. Else a trial run of
    /// the rules would open the route to everybody.
    pub(super) fn is_answered_for(&self) -> bool {
        !self.principal.is_anonymous() || !self.gateway_asks
    }
}

impl Arrived {
    /// Judges everything else that the head decides (O-6 to O-10), for `asker`. In report mode only what no rule has a part in is refused.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn admit(self, headers: &HeaderMap, asker: Asker, account: &mut Account) -> Result<Admission, Denial> {
        let Some(open) = self.as_opened().filter(|_| asker.is_answered_for()) else {
            return self.enforce(headers, asker, account);
        };
        let judged = self.enforce(headers, asker.clone(), account);
        let rule = account.rule;
        let admission = open.enforce(headers, asker, account);
        // What is told is the rule of the file.
        account.rule = rule;
        Ok(match (admission?, judged) {
            (Admission::Forward(mut admitted), Ok(Admission::Forward(judged))) => {
                admitted.judged = Some(Judged::Passes(judged));
                Admission::Forward(admitted)
            }
            (Admission::Forward(mut admitted), Err(denial)) => {
                admitted.judged = Some(Judged::Refuses(denial));
                Admission::Forward(admitted)
            }
            (admission, _) => admission,
        })
    }
}

impl Admitted {
    /// Judges the body (O-10, O-11), and says what must be asked of the back end first (O-12). `bytes` is what was held of it for
    /// [`BodyPlan::Empty`] and [`BodyPlan::Xml`], else empty; the two fields are the request's.
    ///
    /// # Errors
    /// The first check that fails; in report mode, the first that no rule has a part in.
    ///
    /// [`BodyPlan::Empty`]: super::BodyPlan::Empty
    /// [`BodyPlan::Xml`]: super::BodyPlan::Xml
    pub fn decide(
        mut self,
        bytes: &[u8],
        content_type: Option<&[u8]>,
        content_encoding: Option<&[u8]>,
    ) -> Result<Decision, Denial> {
        let judged = self.judged.take();
        let decision = self.enforce(bytes, content_type, content_encoding)?;
        Ok(match judged {
            None => decision,
            Some(Judged::Refuses(denial)) => decision.reporting(denial),
            Some(Judged::Passes(judged)) => match judged.enforce(bytes, content_type, content_encoding) {
                Ok(judged) => decision.beside(judged),
                Err(denial) => decision.reporting(denial),
            },
        })
    }
}

impl Decision {
    fn reporting(self, denial: Denial) -> Self {
        match self {
            Self::Permit(permit) => Self::Permit(permit.reporting(denial)),
            Self::Ask(question) => Self::Ask(question.reporting(denial)),
        }
    }

    /// The decision where the rules' own, `judged`, may wait for an answer of the back end too.
    fn beside(self, judged: Self) -> Self {
        match (self, judged) {
            (decision, Self::Permit(_)) => decision,
            (Self::Permit(permit), Self::Ask(judged)) => Self::Ask(judged.acting_on(permit)),
            (Self::Ask(question), Self::Ask(judged)) => Self::Ask(question.and(judged)),
        }
    }
}

impl Permit {
    /// The same, let through though the rules refuse it.
    pub(super) fn reporting(mut self, denial: Denial) -> Self {
        self.reported = Some(denial);
        self
    }

    /// What would have refused it, were the route not in report mode: the first check that fails.
    pub fn reported(&self) -> Option<&Denial> {
        self.reported.as_ref()
    }
}

impl Question {
    fn reporting(mut self, denial: Denial) -> Self {
        self.permit = self.permit.reporting(denial);
        self
    }

    /// The rules' own question, for a permit that needs no answer.
    fn acting_on(self, permit: Permit) -> Self {
        Self {
            judged: Some(Box::new(self.permit)),
            permit,
            target: self.target,
            destination: self.destination,
        }
    }

    /// Both questions at once.
    fn and(self, judged: Self) -> Self {
        Self {
            target: self.target || judged.target,
            destination: self.destination || judged.destination,
            judged: Some(Box::new(judged.permit)),
            permit: self.permit,
        }
    }
}
