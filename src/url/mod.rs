//! URLs: one path algorithm, one two-way prefix map, one way to tell a URL of ours from anything else. Everything that carries a
//! URL (request line, Destination, If tags, XML, Location) goes through this room, in both directions.

pub mod authority;
pub mod path;
pub mod path_rules;
pub mod prefix;
pub mod reference;

pub use authority::{Authority, Origin, Scheme};
pub use path::{CanonicalPath, PathError};
pub use path_rules::PathRules;
pub use prefix::{PrefixMap, PublicPath, UpstreamPath};
pub use reference::{KnownAs, Reference, Target};
