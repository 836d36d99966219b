//! Failures that were told of an ancestor of what is hidden (F-4), so as not to tell one for every hidden member. In: responses as
//! they would go out. Out: whether one like it went out not long ago. Kept are a few, so a very mixed answer may repeat itself.

use std::collections::VecDeque;

use super::held::Edit;

/// How many are remembered.
const TOLD: usize = 64;
/// The longest that is remembered, in bytes.
const MAX_TOLD: usize = 1024;

/// The last ones, the newest first.
#[derive(Default)]
pub(super) struct Told(VecDeque<String>);

impl Told {
    /// Whether the response that `edits` make was told not long ago; from now on it was.
    pub fn again(&mut self, edits: &[Edit]) -> bool {
        let response: String = edits.iter().map(|edit| String::from_utf8_lossy(&edit.with)).collect();
        if self.0.contains(&response) {
            return true;
        }
        if response.len() <= MAX_TOLD {
            self.0.truncate(TOLD - 1);
            self.0.push_front(response);
        }
        false
    }

    /// The memory that is kept, in bytes.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.0.iter().map(String::capacity).sum()
    }
}
