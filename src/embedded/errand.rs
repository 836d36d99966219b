//! What the file system must know of a request to keep dead properties right, and dav-server does not tell it.
//!
//! In: a request. Out: the same request, whole, and what it is about:
//! * A PROPFIND that names properties asks for each; the list of all, which dav-server asks for as well, must be empty then, or
//!   they would come twice.
//! * COPY makes folders without saying what they are copies of (RFC 4918 section 9.8.2).

use std::path::{Path, PathBuf};

use bytes::Bytes;
use dav_server::{body::Body, davpath::DavPath};
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use crate::xml::{body, kind::BodyKind, limits::XmlLimits, propfind::Propfind};

/// Bytes of a PROPFIND body; dav-server takes no more either.
const MOST: usize = 64 * 1024;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// Properties that it names.
    Named,
    /// The names of all properties.
    Names,
    /// A COPY, relative paths.
    Copy {
        /// Of this.
        from: PathBuf,
        /// To this place.
        to: PathBuf,
        /// Without what is below.
        shallow: bool,
    },
    /// Anything else.
    Other,
}

impl Errand {
    /// What `request`, a PROPFIND, is about, and the same request to go on with.
    ///
    /// # Errors
    /// 413 or 400: its body is too long or breaks off.
    pub(super) async fn of_propfind(request: Request<Incoming>) -> Result<(Self, Request<Body>), StatusCode> {
        let (head, body) = request.into_parts();
        let read = Limited::new(body, MOST).collect().await;
        let bytes = match read {
            Ok(read) => read.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return Err(StatusCode::BAD_REQUEST),
        };
        let errand = asked(&head.headers, &bytes);
        Ok((errand, Request::from_parts(head, Body::from(bytes))))
    }

    /// What a COPY of `target` is about.
    pub(super) fn of_copy(target: &Uri, headers: &HeaderMap) -> Self {
        let place = |uri: &Uri| Some(DavPath::new(uri.path()).ok()?.as_rel_ospath().to_owned());
        let destination = headers.get("destination").and_then(|value| value.to_str().ok());
        let destination = destination.and_then(|text| place(&text.parse().ok()?));
        match (place(target), destination) {
            (Some(from), Some(to)) => Self::Copy {
                from,
                to,
                shallow: headers.get("depth").is_some_and(|depth| depth == "0"),
            },
            // dav-server refuses it.
            (None, _) | (_, None) => Self::Other,
        }
    }

    /// What `path` becomes a copy of, if this is a COPY that makes it.
    pub(super) fn source_of(&self, path: &Path) -> Option<PathBuf> {
        match self {
            Self::Copy { from, to, .. } => {
                let below = path.strip_prefix(to).ok()?;
                Some(from.iter().chain(below.iter()).collect())
            }
            Self::Named | Self::Names | Self::Other => None,
        }
    }

    /// Whether this is a COPY with Depth 0.
    pub(super) fn is_shallow(&self) -> bool {
        matches!(self, Self::Copy { shallow: true, .. })
    }
}

fn asked(headers: &HeaderMap, bytes: &Bytes) -> Errand {
    let media_type = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let read = body::parse(BodyKind::Propfind, bytes, media_type, &XmlLimits::default()).ok();
    match read.as_ref().and_then(body::RequestBody::propfind) {
        Some(Propfind::Prop(_)) => Errand::Named,
        Some(Propfind::PropName) => Errand::Names,
        Some(Propfind::AllProp { .. }) | None => Errand::Other,
    }
}
