//! What the gateway carries through one request: one field for each finished stage, and the numbers for the log.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    decide::{Account, Denial},
    telemetry::{access::Exchange, metrics::InFlight},
};

use super::{
    ask::Answered,
    fair::Share,
    locking::UnderWay,
    observe::Observed,
    quotas::Charge,
    room::Held,
    state_memory::Writing,
    stream::{Arriving, Streaming},
    turns::Turn,
    upstream_error::UpstreamError,
    watch::Watch,
};

/// One request on its way.
pub struct Context {
    /// When its head had been read.
    pub began: Instant,
    /// The same by the clock.
    pub time: SystemTime,
    /// Counts it while it lives.
    pub _in_flight: InFlight,
    /// The watch on the connection that it came on.
    pub watch: Option<Arc<Watch>>,
    /// What its body takes of the room for all.
    pub held: Held,
    /// Its part of what its principal may have at once, while it lives.
    pub share: Option<Share>,
    /// What its body is held against (B-96), until it is settled what became of it.
    pub charge: Option<Charge>,
    /// What is known of it.
    pub account: Account,
    /// The stages passed so far, for a streaming exchange.
    pub stream: Option<Streaming>,
    /// What a permitted write rests on, if the back end was asked.
    pub answered_question: Option<Box<Answered>>,
    /// Keeps other writes to the same resources off while it lives.
    pub turn: Option<Turn>,
    /// Keeps what its URLs lead through where it is, until the answer begins (Z-10).
    pub ways: Option<Turn>,
    /// A write that the locks let pass, until it is settled what became of it.
    pub write: Option<UnderWay>,
    /// Keeps what it may change from being remembered while it lives (EX-4).
    pub writing: Option<Writing>,
    /// Who answers.
    pub exchange: Exchange,
    /// Why it was refused.
    pub denial: Option<Denial>,
    /// What would have refused it, were the route not in report mode.
    pub reported: Option<Denial>,
    /// How the back end failed.
    pub failure: Option<&'static str>,
    /// What was done before a LOCK or UNLOCK went to a back end that keeps locks.
    pub observed: Observed,
    /// The whole answer went out before the request came to its end.
    pub answered: bool,
    /// When the back end was first asked, and how long it was worked with.
    pub upstream: Upstreaming,
}

/// Time spent on the back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Upstreaming {
    since: Option<Instant>,
    spent: Option<Duration>,
}

impl Upstreaming {
    /// The back end is being worked with from now on.
    pub fn begin(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// It is not any more.
    pub fn end(&mut self) {
        if let Some(since) = self.since.take() {
            self.spent = Some(self.spent.unwrap_or_default().saturating_add(since.elapsed()));
        }
    }

    /// Whether it is being worked with.
    pub fn runs(&self) -> bool {
        self.since.is_some()
    }

    /// How long it was, if it was.
    pub fn spent(&self) -> Option<Duration> {
        let running = self.since.map(|since| since.elapsed());
        match (self.spent, running) {
            (None, None) => None,
            (spent, running) => Some(spent.unwrap_or_default().saturating_add(running.unwrap_or_default())),
        }
    }
}

impl Context {
    /// Whether the request ends because its client sends, or takes, too slowly (B-17).
    pub fn client_is_slow(&self) -> bool {
        let late = |stream: &Streaming| !stream.whole && stream.arriving.as_ref().is_some_and(Arriving::is_late);
        self.watch.as_ref().is_some_and(|watch| watch.slow()) || self.stream.as_ref().is_some_and(late)
    }

    /// A request that has just come.
    pub fn new(in_flight: InFlight) -> Self {
        Self {
            began: Instant::now(),
            time: SystemTime::now(),
            _in_flight: in_flight,
            watch: None,
            held: Held::default(),
            share: None,
            charge: None,
            account: Account::default(),
            stream: None,
            answered_question: None,
            turn: None,
            ways: None,
            write: None,
            writing: None,
            exchange: Exchange::Own,
            denial: None,
            reported: None,
            failure: None,
            observed: Observed::default(),
            answered: false,
            upstream: Upstreaming::default(),
        }
    }

    /// So many bytes of a body that streams have come.
    ///
    /// # Errors
    /// They are more than its principal may upload (B-96).
    pub fn charged(&mut self, bytes: usize) -> Result<(), Denial> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.charge
            .as_mut()
            .map_or(Ok(()), |charge| charge.came(bytes, Instant::now()))
    }

    /// Remembers how the back end failed.
    pub fn failed(&mut self, error: UpstreamError) {
        self.failure = Some(error.name());
    }
}
