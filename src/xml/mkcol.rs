//! Extended MKCOL (RFC 5689) and MKCALENDAR (RFC 4791 section 9.2): properties that are set while the collection is made.

use super::propertyupdate::SET;
use super::shape::{Content, Shape, caldav, dav};

pub(super) static MKCOL: [Shape; 1] = [dav("mkcol", Content::Elements(&[SET]))];

pub(super) static MKCALENDAR: [Shape; 1] = [caldav("mkcalendar", Content::Elements(&[SET]))];
