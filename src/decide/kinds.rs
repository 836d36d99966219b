//! Writes that a back end refuses for the kinds of what is at their ends (B-38): nginx tells a collection by the slash of its URL, and puts
//! no file in the place of a collection. In: a permit, the status that answered it, what is there. Out: the request as that back end can carry
//! it out, and what must be taken away first. The back end did nothing yet, so nothing of this is asked before.

use crate::{policy::Method, request::State, url::UpstreamPath};

use super::{Denial, Found, Permit, state::Question};

/// Why it was refused, and what can be done.
#[derive(Clone, Debug)]
pub enum Fitting {
    /// For other reasons.
    Other,
    /// A collection stands at Destination, and is not to be replaced: that is 412 (RFC 4918 section 9.8.5).
    Taken,
    /// For its kinds.
    Fitted {
        /// The same, permitted for what is there, as the back end can carry it out.
        permit: Box<Permit>,
        /// The collection that stands at Destination and must be deleted first.
        away: Option<UpstreamPath>,
    },
}

impl Permit {
    /// The question what is at both ends of a write, where `status` may mean no more than that the back end takes them for another kind.
    pub fn kinds_in_question(&self, status: u16) -> Option<Question> {
        let habits = self.route().backend.profile;
        let applies = match status {
            400 | 409 => habits.matches_slashes || habits.keeps_kind,
            // The name of a file with a slash.
            404 => habits.matches_slashes && self.upstream().0.slash(),
            _ => false,
        };
        let moves = matches!(self.method(), Method::Delete | Method::Copy | Method::Move);
        (applies && moves).then(|| Question {
            permit: self.clone(),
            target: true,
            destination: self.destination().is_some(),
            judged: None,
        })
    }

    /// The same, with slashes that say whether its target is a collection.
    fn with_slashes(mut self, collection: bool) -> Self {
        let admitted = self.admitted_mut();
        let ends = std::iter::once(&mut admitted.target.upstream);
        for end in ends.chain(admitted.destination.as_mut().map(|found| &mut found.upstream)) {
            end.0 = end.0.clone().with_slash(collection);
        }
        self
    }
}

impl Question {
    /// The write, judged anew for what was `found`, if its kinds are why it was refused.
    ///
    /// # Errors
    /// It is not permitted for what is there.
    pub fn fitted(self, found: &[Found]) -> Result<Fitting, Denial> {
        let habits = self.permit.route().backend.profile;
        let (target, destination) = (found.first(), found.get(1));
        let collection = match target.map(|found| found.state) {
            Some(State::Collection) => true,
            Some(State::Resource) => false,
            Some(State::Unmapped | State::Unknown) | None => return Ok(Fitting::Other),
        };
        let slash = habits.matches_slashes && self.permit.upstream().0.slash() != collection;
        let taken = destination.is_some_and(|found| found.state == State::Collection);
        let taken = habits.keeps_kind && !collection && taken;
        if taken && self.permit.overwrite() == Some(false) {
            return Ok(Fitting::Taken);
        }
        let away = self.permit.destination().filter(|_| taken);
        let away = away.map(|found| UpstreamPath(found.upstream.0.clone().with_slash(true)));
        if !slash && away.is_none() {
            return Ok(Fitting::Other);
        }
        let permit = self.answer(found)?;
        let permit = match habits.matches_slashes {
            true => permit.with_slashes(collection),
            false => permit,
        };
        let permit = Box::new(permit);
        Ok(Fitting::Fitted { permit, away })
    }
}
