//! The names a file may use for methods. In: a name. Out: the methods it stands for, or why it stands for none.

use super::error::{KeyPath, Problem};
use crate::policy::method::{Method, MethodSet};

/// The class that stands for nothing.
pub const NONE: &str = "none";

/// What a route without `methods:` lets pass: read, write and lock.
pub fn default_methods() -> MethodSet {
    MethodSet::READ.union(MethodSet::WRITE).union(MethodSet::LOCK)
}

/// The classes and what they stand for.
pub fn classes() -> [(&'static str, MethodSet); 7] {
    [
        ("read", MethodSet::READ),
        ("write", MethodSet::WRITE),
        ("lock", MethodSet::LOCK),
        ("acl", MethodSet::ACL),
        ("web", MethodSet::WEB),
        ("dav", default_methods().union(MethodSet::ACL)),
        (NONE, MethodSet::default()),
    ]
}

/// Every name a file may use: the classes, then the methods that can ever pass.
pub fn accepted() -> impl Iterator<Item = &'static str> {
    classes().into_iter().map(|(name, _)| name).chain(methods())
}

/// The methods that can ever pass.
pub fn methods() -> impl Iterator<Item = &'static str> {
    Method::ALL
        .iter()
        .filter(|method| !method.is_off())
        .map(|method| method.as_str())
}

/// The methods that `name` stands for.
pub fn look_up(name: &str, path: &KeyPath) -> Result<MethodSet, Problem> {
    if let Some((_, set)) = classes().into_iter().find(|(class, _)| *class == name) {
        return Ok(set);
    }
    method(name, path)
        .map(|method| MethodSet::of(&[method]))
        .map_err(|problem| match problem {
            Refused::Off(problem) => problem,
            Refused::Unknown => Problem::new(path.clone(), format!("{name:?} is neither a method nor a class"))
                .expected("read, write, lock, acl, web, dav, none or the name of a method")
                .did_you_mean(name, accepted()),
        })
}

/// The one method that `name` is.
pub fn look_up_method(name: &str, path: &KeyPath) -> Result<Method, Problem> {
    method(name, path).map_err(|problem| match problem {
        Refused::Off(problem) => problem,
        Refused::Unknown => Problem::new(path.clone(), format!("{name:?} is no method"))
            .expected("the name of a method")
            .did_you_mean(name, methods()),
    })
}

enum Refused {
    Off(Problem),
    Unknown,
}

fn method(name: &str, path: &KeyPath) -> Result<Method, Refused> {
    match Method::parse(name) {
        Some(method) if method.is_off() => {
            let problem = Problem::new(path.clone(), format!("{name} is never forwarded"));
            Err(Refused::Off(problem.expected("a method that can pass")))
        }
        Some(method) => Ok(method),
        None => Err(Refused::Unknown),
    }
}
