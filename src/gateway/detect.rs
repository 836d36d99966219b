//! What a back end is like, found by looking: `davgate detect`. In: where it is. Out: what it answered to OPTIONS, PROPFIND and GET, and the kinds
//! of back end that this speaks for. Nothing is changed there.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use super::{
    transact::{HeldBody, Outgoing, Transactor},
    upstream::Upstream,
};
use crate::{
    backend,
    policy::{Method, Profile, Route, sign::Sign},
    rewrite::request::probe_headers,
    xml::probe::PROBE_BODY,
};

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(10);
/// How much of a page is looked at.
const PAGE: usize = 256 * 1024;
/// What is asked, in this order.
const ASKED: [Method; 3] = [Method::Options, Method::Propfind, Method::Get];

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The heads of the answers, each with its method and its status.
    pub heads: Vec<(Method, u16, HeaderMap)>,
    /// The beginning of what GET shows.
    pub page: Vec<u8>,
}

/// A kind of back end, and what speaks for it.
#[derive(Clone, Debug)]
pub struct Likely {
    /// The kind.
    pub profile: &'static Profile,
    /// What was found of it.
    pub signs: Vec<&'static Sign>,
}

impl Likely {
    fn weight(&self) -> u32 {
        self.signs.iter().map(|sign| u32::from(sign.weight)).sum()
    }
}

impl Seen {
    /// The kinds that this speaks for, the likeliest first.
    pub fn kinds(&self) -> Vec<Likely> {
        let heads: Vec<&HeaderMap> = self.heads.iter().map(|(_, _, head)| head).collect();
        let found = |profile: &'static Profile| Likely {
            profile,
            signs: profile
                .signs
                .iter()
                .filter(|sign| sign.is_in(&heads, &self.page))
                .collect(),
        };
        let mut kinds: Vec<Likely> = backend::ALL.into_iter().map(found).collect();
        kinds.retain(|likely| !likely.signs.is_empty());
        // Of two that are as likely, the one that is named first.
        kinds.sort_by_key(|likely| std::cmp::Reverse(likely.weight()));
        kinds
    }

    /// The compliance classes of RFC 4918 section 18 that OPTIONS tells; empty where it tells none.
    pub fn classes(&self) -> String {
        let options = self.heads.iter().filter(|(method, ..)| *method == Method::Options);
        let values = options.flat_map(|(_, _, head)| head.get_all("dav"));
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        values.join(", ")
    }

    /// Whether it asks everybody for a password: GET and PROPFIND are answered with a challenge for Basic.
    pub fn asks_for_passwords(&self) -> bool {
        let asks = |(_, status, head): &(Method, u16, HeaderMap)| {
            let mut values = head.get_all(header::WWW_AUTHENTICATE).iter();
            let scheme = |value: &HeaderValue| value.as_bytes().get(..5).map(<[u8]>::to_ascii_lowercase);
            *status == 401 && values.any(|value| scheme(value).as_deref() == Some(b"basic"))
        };
        self.heads
            .iter()
            .filter(|(method, ..)| *method != Method::Options)
            .all(asks)
    }

    /// The challenges of a back end that asks who is there.
    pub fn challenge(&self) -> Option<&str> {
        let asks = self.heads.iter().filter(|(_, status, _)| *status == 401);
        let mut values = asks.flat_map(|(_, _, head)| head.get_all(header::WWW_AUTHENTICATE));
        values.find_map(|value| value.to_str().ok())
    }
}

/// Looks at the back end of `route`, with this Authorization if there is one.
///
/// # Errors
/// It cannot be asked: in words.
pub fn look(route: &Route, authorization: Option<&HeaderValue>) -> io::Result<Result<Seen, String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(async {
        let transactor = Transactor::new();
        let upstream = Upstream::new(&route.backend, 0, None);
        let mut seen = Seen::default();
        for method in ASKED {
            let asked = ask(&transactor, &upstream, route, method, authorization, &mut seen);
            match tokio::time::timeout(TIME, asked).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => return Err(cause),
                Err(_) => {
                    return Err(format!(
                        "takes longer than {} s to answer {}",
                        TIME.as_secs(),
                        method.as_str()
                    ));
                }
            }
        }
        Ok(seen)
    }))
}

async fn ask(
    transactor: &Transactor,
    upstream: &Upstream,
    route: &Route,
    method: Method,
    authorization: Option<&HeaderValue>,
    seen: &mut Seen,
) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    let mut body = HeldBody::None;
    if method == Method::Propfind {
        headers = probe_headers(&headers);
        body = HeldBody::Bytes(Bytes::from_static(PROBE_BODY.as_bytes()));
    }
    headers.extend(authorization.map(|value| (header::AUTHORIZATION, value.clone())));
    let request = Outgoing {
        method,
        target: route.map.upstream().to_string(),
        headers,
        host: route.backend.location.origin().authority.to_string(),
        body,
    };
    let answer = transactor.send(upstream, &request).await;
    let mut answer = answer.map_err(|error| format!("cannot be asked: {error}"))?;
    seen.heads
        .push((method, answer.status.as_u16(), answer.headers.clone()));
    if method == Method::Get {
        while seen.page.len() < PAGE {
            match answer.read_body().await {
                Ok(Some(piece)) => seen.page.extend_from_slice(&piece),
                // What came so far is enough to look at.
                Ok(None) | Err(_) => break,
            }
        }
    }
    answer.release().await;
    Ok(())
}
