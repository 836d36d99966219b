//! Asks whether what a request names is where its URL says, at back ends that find things in other folders as well (Z-10). In: a permit.
//! Out: nothing, or a refusal, or the back end's wish to know who asks.

use std::time::Instant;

use http::{HeaderMap, StatusCode, header};
use pingora::proxy::Session;

use crate::{
    decide::{
        Denial, Permit,
        acquired::{ANSWER_BYTES, ASKED, AtHome, Home, Next, home, ways},
    },
    policy::Method,
    request::State,
    url::UpstreamPath,
};

use super::{
    ask::probe_fields,
    context::Context,
    incoming::Incoming,
    passage::Halt,
    server::Gateway,
    state_memory::Place,
    transact::{HeldBody, Outgoing},
    upstream_error::UpstreamError,
};

/// What a question came to.
enum Told {
    /// This.
    Home(Home),
    /// The back end wants credentials first.
    Challenge(Box<Incoming>),
}

impl Gateway {
    /// As [`Self::at_home`], and until the answer begins nothing of it is taken away through this gateway: what is above would be found in its place.
    pub(super) async fn held_at_home(
        &self,
        permit: &Permit,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Option<Box<Incoming>>, Halt> {
        // One's own must be let go before they can be had again.
        ctx.ways = None;
        let ways = ways(permit);
        if !ways.is_empty() {
            let held = self.turns().take(ways.into_iter().collect()).await;
            ctx.ways = Some(held.ok_or(Denial::Busy)?);
        }
        self.at_home(permit, session, ctx).await
    }

    /// Whether all that `permit` names is at home; `Some` is the back end's wish to know who asks. Of reads that is remembered for a
    /// moment, like other answers (EX-4).
    ///
    /// # Errors
    /// [`Denial::Acquired`]: something is not, or that cannot be told; the back end did not answer.
    pub(super) async fn at_home(
        &self,
        permit: &Permit,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Option<Box<Incoming>>, Halt> {
        for asked in AtHome::of(permit) {
            let mut next = Next::Ask(asked);
            ctx.upstream.begin();
            while let Next::Ask(asked) = next {
                let home = match self.home_of(permit, &asked.resource, session).await? {
                    Told::Home(home) => home,
                    Told::Challenge(incoming) => return Ok(Some(incoming)),
                };
                next = asked.found(home, permit.route().map.upstream());
            }
            ctx.upstream.end();
            if matches!(next, Next::Acquired) {
                return Err(Denial::Acquired.into());
            }
        }
        Ok(None)
    }

    async fn home_of(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<Told, UpstreamError> {
        let headers = probe_fields(Method::Post, permit, session);
        let words = match permit.method().is_safe() {
            true => self.states().words(permit, &format!("{resource} {ASKED}"), &headers),
            false => None,
        };
        if words
            .and_then(|words| self.states().recall(&words, Instant::now()))
            .is_some()
        {
            return Ok(Told::Home(Home::Here));
        }
        let asking = words.and_then(|words| {
            let asking = self.states().ask(Place::of(permit, resource), Instant::now());
            asking.map(|asking| (asking, words))
        });
        let deadline = self.upstream(permit)?.timeouts().read;
        let told = tokio::time::timeout(deadline, self.ask_home(permit, resource, headers)).await;
        let told = told.map_err(|_| UpstreamError::Timeout)??;
        if let (Some((asking, words)), Told::Home(Home::Here)) = (asking, &told) {
            asking.answered(words, State::Resource);
        }
        Ok(told)
    }

    async fn ask_home(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        headers: HeaderMap,
    ) -> Result<Told, UpstreamError> {
        // POST, since GET on a port for sources asks for the source of what it names; and without a word of virtual hosts, in whose paths
        // a folder beside the site looks like one in it.
        let request = Outgoing {
            method: Method::Post,
            target: format!("{}/{ASKED}", resource.to_string().trim_end_matches('/')),
            headers,
            host: permit.route().backend.location.origin().authority.to_string(),
            body: HeldBody::None,
        };
        let mut incoming = self.transactor().send(self.upstream(permit)?, &request).await?;
        if incoming.status == StatusCode::UNAUTHORIZED {
            // It becomes the answer to another method, where its length would be taken at its word.
            incoming.headers.insert(header::CONTENT_LENGTH, 0.into());
            return Ok(Told::Challenge(Box::new(incoming)));
        }
        let body = match incoming.read_all(ANSWER_BYTES).await {
            Ok(body) => body,
            Err(UpstreamError::TooLong) => return Ok(Told::Home(Home::Elsewhere)),
            Err(error) => return Err(error),
        };
        let status = incoming.status.as_u16();
        incoming.release().await;
        Ok(Told::Home(home(status, &body, &resource.0)))
    }
}
