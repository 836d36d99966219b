//! Decisions: the order of the checks (O-1 to O-15), pure and without I/O. Facts come in; a [`Permit`], an answer of the gateway's
//! own or a [`Denial`] comes out. Only this room can make a `Permit`, and nothing is forwarded without one.

pub mod above;
pub mod account;
pub mod acquired;
pub mod admission;
pub mod body;
mod body_urls;
mod claims;
pub mod cleared;
mod collision;
pub mod dav_headers;
pub mod denial;
mod denial_names;
mod denied_by;
pub mod destination;
pub mod discarding;
pub mod explain;
pub mod gate;
pub mod granting;
pub mod guard;
pub mod home;
pub mod kinds;
mod listing;
pub mod locks;
mod members;
pub mod missing;
mod misread;
pub mod own;
pub mod permit;
pub mod privileges;
mod report;
#[cfg(test)]
mod sample;
pub mod state;
mod sync_tokens;
mod target;
mod target_form;
mod upload;

pub use account::Account;
pub use admission::{Admission, Admitted};
pub use body::BodyPlan;
pub use cleared::Cleared;
pub use denial::Denial;
pub use denied_by::DeniedBy;
pub use gate::{Arrival, Gate, Request};
pub use guard::{Found, Guard};
pub use home::Home;
pub use own::OwnAnswer;
pub use permit::Permit;
pub use state::{Decision, Question};
pub use target_form::unreadable;
pub use upload::Upload;
