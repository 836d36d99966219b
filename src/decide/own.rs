//! Answers that the gateway gives itself: `OPTIONS *` (P-1), OPTIONS on a route without WebDAV (Z-1) or open to everybody (PV-2), and
//! OPTIONS and PROPFIND Depth 0 on the collections above a route, which no back end has and clients climb to (P-11); and where a well-known
//! URL leads (RM-15).

use crate::{
    policy::{Method, MethodSet},
    url::{CanonicalPath, PublicPath},
    xml::{body, kind::BodyKind, limits::XmlLimits, multistatus::collection_answer, propfind::Propfind},
};

use super::Denial;

/// An answer without the back end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnAnswer {
    /// 200 with this `Allow`, and nothing that tells of WebDAV.
    Options(MethodSet),
    /// OPTIONS on a route that answers it to everybody (`public_options`, PV-2): 200, this `Allow`, and the classes of RFC 4918 that it
    /// makes possible.
    DavOptions(MethodSet),
    /// OPTIONS on an ancestor of a route: 200, `DAV: 1`.
    AncestorOptions,
    /// PROPFIND Depth 0 on an ancestor of a route, which may have a body: see [`Ancestor::answer`].
    AncestorPropfind(Ancestor),
    /// 301 to this place, for which a well-known URL stands (RM-15).
    Moved(PublicPath),
}

/// The `Allow` of `OPTIONS *`: deliberately no more than any web server has, since no route's rules apply to it (P-1, Z-1).
pub const ON_EVERYTHING: MethodSet = MethodSet::of(&[Method::Options, Method::Get, Method::Head]);

/// What works on an ancestor of a route.
pub const ON_ANCESTORS: MethodSet = MethodSet::of(&[Method::Options, Method::Propfind]);

/// A collection above a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    path: CanonicalPath,
    /// The places below it for which well-known URLs stand.
    services: Vec<PublicPath>,
}

/// What a PROPFIND of an ancestor is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A 207 with this body.
    Properties(String),
    /// 307 to this place.
    SentOn(PublicPath),
}

impl Ancestor {
    pub(super) fn new(path: CanonicalPath, services: Vec<PublicPath>) -> Self {
        Self {
            path: path.with_slash(true),
            services,
        }
    }

    /// Bytes that a body may have.
    pub fn body_limit() -> u64 {
        u64::try_from(XmlLimits::default().bytes).unwrap_or(u64::MAX)
    }

    /// The answer to the request's body (empty: all properties).
    ///
    /// # Errors
    /// A body that any route would refuse as well. P-11: there are services, and not all begin at one place.
    pub fn answer(&self, request: &[u8], content_type: Option<&[u8]>) -> Result<Told, Denial> {
        let href = self.path.to_string();
        if request.is_empty() {
            return Ok(Told::Properties(collection_answer(&href, &Propfind::without_body())));
        }
        let read =
            body::parse(BodyKind::Propfind, request, content_type, &XmlLimits::default()).map_err(Denial::Xml)?;
        let asked = read
            .propfind()
            .unwrap_or_else(|| Propfind::AllProp { include: Vec::new() });
        match self.services.split_first().filter(|_| seeks_principal(&asked)) {
            None => Ok(Told::Properties(collection_answer(&href, &asked))),
            Some((place, others)) if others.iter().all(|other| other == place) => Ok(Told::SentOn(place.clone())),
            Some(_) => Err(Denial::Outside),
        }
    }
}

/// Whether it names the property by which a client finds where its user's collections are (RFC 5397). A 207 that says the property is
/// missing ends the search of some clients, so that they never ask the well-known URLs.
fn seeks_principal(asked: &Propfind<'_>) -> bool {
    match asked {
        Propfind::Prop(names) | Propfind::AllProp { include: names } => {
            names.iter().any(|name| name.is_dav("current-user-principal"))
        }
        Propfind::PropName => false,
    }
}
