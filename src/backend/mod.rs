//! Back ends: what each kind needs, and the one that comes in the box.

pub mod embedded;
