//! ORDERPATCH (RFC 3648 section 7): shape. An ordering type is an identifier, not a URL to map; segments are checked.

use super::shape::{Content, Shape, dav};

const SEGMENT: Shape = dav("segment", Content::Segment);

pub(super) static ROOTS: [Shape; 1] = [dav(
    "orderpatch",
    Content::Elements(&[
        dav("ordering-type", Content::Elements(&[dav("href", Content::Opaque)])),
        dav(
            "order-member",
            Content::Elements(&[
                SEGMENT,
                dav(
                    "position",
                    Content::Elements(&[
                        dav("first", Content::Empty),
                        dav("last", Content::Empty),
                        dav("before", Content::Elements(&[SEGMENT])),
                        dav("after", Content::Elements(&[SEGMENT])),
                    ]),
                ),
            ]),
        ),
    ]),
)];
