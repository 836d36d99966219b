//! Whose doing a refusal by `access` is, for logs: no part of the verdict.

/// Which entry of `access` denies what is missing: its number in the list, and its line in the file; `None`: no entry grants it. That is no
/// part of a verdict, so any two are equal: nothing is asked only to tell which.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeniedBy(pub Option<(usize, usize)>);

impl PartialEq for DeniedBy {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for DeniedBy {}
