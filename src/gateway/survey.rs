//! The locks that a verdict needs (L-30 to L-36). In: a case. Out: enough of the locks near it to judge it: what a write costs must not grow with
//! all the locks that lie below a folder, when one of them is enough to refuse it.

use crate::{
    decide::locks::LockCase,
    locks::{Lock, LockPath, Reach},
    store::Down,
};

use super::server::Gateway;

/// How many locks are looked at in one go.
const PAGE: usize = 500;

impl Gateway {
    /// The locks on and above what `case` changes or speaks of, those it submits, and of those below the first that bar it.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn locks_near(&self, case: &LockCase) -> Result<Vec<Lock>, Down> {
        let mut near = self.store().survey(&case.near()).await?.locks;
        let changes = case.changes();
        let trees: Vec<&LockPath> = changes
            .iter()
            .filter(|claim| claim.reach == Reach::Tree)
            .map(|claim| &claim.path)
            .collect();
        let Some(first) = trees.first() else { return Ok(near) };
        for token in case.permit().submitted() {
            if near.iter().all(|lock| lock.token != token) {
                let found = self.store().find(&first.back_end, &token).await?;
                near.extend(found.filter(|lock| changes.iter().any(|claim| claim.concerns(lock))));
            }
        }
        for tree in trees {
            let mut after: Option<String> = None;
            loop {
                let page = self.store().list(Some(tree), after.as_deref(), PAGE).await?;
                let mut barring = case.bars(&near, &page.found.locks);
                if !barring.is_empty() {
                    barring.retain(|lock| !near.contains(lock));
                    near.extend(barring);
                    return Ok(near);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(near)
    }
}
