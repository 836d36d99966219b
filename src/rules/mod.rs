//! Rules about paths: patterns, and many of them in file order, indexed. What a rule says is the business of the rooms that use
//! it: which methods pass (`policy`), who may do what (`access`).

pub mod audience;
pub mod pattern;
pub mod rule_index;
pub mod wildcard;

pub use audience::{Asker, Audience};
pub use pattern::{PathPattern, PatternError};
pub use rule_index::{IndexedRule, RuleIndex, RuleSet, RulesBelow, Table};
