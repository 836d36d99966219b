//! `auto_home` of a route. In: its text. Out: the pattern of homes; refused where the gateway has no account to make them with (RM-20).

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use crate::identity::BackEndCredentials;
use crate::policy::HomePattern;

/// The pattern that `text` at `path` is, on a route whose back end sees `credentials`.
pub fn compile(
    judge: &mut Judge,
    text: Option<&str>,
    path: &KeyPath,
    credentials: &BackEndCredentials,
) -> Option<HomePattern> {
    let text = text?;
    let pattern = HomePattern::parse(text);
    if pattern.is_none() {
        let problem = Problem::new(path.clone(), format!("{text:?} is no place of homes"));
        judge.refuse(problem.expected("/{user}/, or a path before that, such as /home/{user}/"));
    } else if matches!(credentials, BackEndCredentials::Pass) {
        let what = "davgate has no account at the back end to make homes with";
        let problem = Problem::new(path.clone(), what);
        judge.refuse(problem.expected("backend.credentials with service or header"));
    }
    pattern
}
