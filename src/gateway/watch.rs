//! How far the requests of one HTTP/1 connection have come, and how long the next step may take (B-17). In: what the stream sees and what
//! the gateway says. Out: until when to wait, and what to do where the time is over. An answer that is not taken is [`Taking`]'s affair.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use memchr::memmem;

use crate::{
    decide::{Denial, unreadable},
    policy::ClientBounds,
    request::framing::{FramingError, Head},
};

use super::{
    pace::Pace,
    respond::plain,
    room::{Held, Room},
};

/// How many header lines pingora reads.
const LINES: u64 = 256;

/// How far the requests of a connection have come; shared by the stream and the gateway.
#[derive(Debug)]
pub struct Watch {
    bounds: WatchBounds,
    room: Room,
    state: Mutex<State>,
}

/// What a connection is held to.
#[derive(Clone, Copy, Debug)]
pub struct WatchBounds {
    head: Duration,
    head_size: usize,
    idle: Duration,
    pace: Duration,
}

impl WatchBounds {
    /// Those of `bounds`, where no head needs more than `head_size` bytes.
    pub fn new(bounds: &ClientBounds, head_size: usize) -> Self {
        Self {
            head: bounds.head,
            head_size,
            idle: bounds.idle,
            pace: bounds.pace,
        }
    }
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// What came of the head.
    head: Vec<u8>,
    /// What it takes of the room.
    held: Held,
    /// What was said to a client whose request the gateway never saw.
    refused: Option<Denial>,
    /// Whether a body came too slowly.
    slow: bool,
    /// Whether an answer was taken too slowly.
    untaken: bool,
}

impl State {
    /// More of the head has come. It takes four times its length: pingora has it once more, and buffers that grow are up to twice as large.
    fn extend_head(&mut self, bytes: &[u8], room: &Room) -> Result<(), Denial> {
        let size = self.head.len().saturating_add(bytes.len()).saturating_mul(4);
        if room.hold(&mut self.held, size).is_err() {
            self.refused = Some(Denial::TooMuchHeld);
            return Err(Denial::TooMuchHeld);
        }
        self.head.extend_from_slice(bytes);
        Ok(())
    }

    fn forget_head(&mut self) {
        self.head = Vec::new();
        self.held = Held::default();
    }
}

#[derive(Debug)]
enum Phase {
    /// Nothing of the next request has come, but for what came with the one before; it may until then.
    Idle(Instant),
    /// Its head comes, until then.
    Head(Instant),
    /// The gateway has the head; of HTTP/2, all requests.
    Request,
    /// So many bytes of what HTTP/2 begins with are missing; they may come until then.
    Opening(Instant, usize),
    /// Its body is waited for, since then.
    Body(Pace, Option<Instant>),
}

/// What to do where the time for waiting is over.
pub enum Over {
    /// It begins anew.
    Again,
    /// The connection ends without a word, as the client said none.
    Silently,
    /// The client hears why.
    Told,
    /// The client hears why from the gateway, which knows its request.
    Slow,
}

impl Watch {
    /// A new connection: its first byte may take as long as a head. pingora lets a client say how long it may be idle, or lets it be for
    /// ever.
    pub(super) fn new(bounds: WatchBounds, room: Room) -> Self {
        let state = State {
            phase: Phase::Head(Instant::now() + bounds.head),
            head: Vec::new(),
            held: Held::default(),
            refused: None,
            slow: false,
            untaken: false,
        };
        Self {
            bounds,
            room,
            state: Mutex::new(state),
        }
    }

    /// How long it is waited until the client has taken some of an answer.
    pub fn taking(&self) -> Taking {
        // What the client takes shows here in steps, of what the buffers between can hold: so it has twice the time.
        Taking {
            pace: Pace::over(self.bounds.pace.saturating_mul(2)),
            since: None,
            written: 0,
            acknowledged: 0,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request of the connection is waited for.
    pub fn next(&self) {
        let mut state = self.state();
        state.phase = Phase::Idle(Instant::now() + self.bounds.idle);
        state.forget_head();
    }

    /// The connection speaks HTTP/2, and this much of its opening is missing, which may take as long as a head in all.
    pub fn opens(&self, missing: usize) {
        let mut state = self.state();
        if let Phase::Head(until) = state.phase {
            state.phase = match missing {
                0 => Phase::Request,
                missing => Phase::Opening(until, missing),
            };
            state.forget_head();
        }
    }

    /// The gateway has read a head.
    pub fn head_read(&self) {
        let mut state = self.state();
        state.phase = Phase::Request;
        state.forget_head();
    }

    /// The body of a request is streamed from now on, if it is not already.
    pub fn body_begins(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Request) {
            state.phase = Phase::Body(Pace::over(self.bounds.pace), None);
        }
    }

    /// It has ended.
    pub fn body_ended(&self) {
        self.state().phase = Phase::Request;
    }

    /// Why the connection was ended before the gateway saw its last request.
    pub fn unheard(&self) -> Option<Denial> {
        self.state().refused.clone()
    }

    /// Whether the connection was ended because a body came, or an answer was taken, too slowly.
    pub fn slow(&self) -> bool {
        let state = self.state();
        state.slow || state.untaken
    }

    /// Whether it was ended because an answer was taken too slowly.
    pub fn is_untaken(&self) -> bool {
        self.state().untaken
    }

    /// An answer was taken too slowly.
    pub fn untaken(&self) {
        self.state().untaken = true;
    }

    /// What of the head has come.
    pub fn head(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().head)
    }

    /// The client sent these bytes, or its end.
    ///
    /// # Errors
    /// The head was as long as any may be already, or there is no room for it now: what the client hears then.
    pub fn came(&self, bytes: &[u8]) -> Result<(), Denial> {
        let mut state = self.state();
        let full = state.head.len() >= self.bounds.head_size;
        match &mut state.phase {
            Phase::Request => {}
            Phase::Opening(_, missing) => {
                *missing = missing.saturating_sub(bytes.len());
                if *missing == 0 {
                    state.phase = Phase::Request;
                }
            }
            // Old clients send a line end after a body: it is not the begin of a request (RFC 9112 section 2.2).
            Phase::Idle(_) if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => {}
            Phase::Idle(_) => {
                state.phase = Phase::Head(Instant::now() + self.bounds.head);
                state.extend_head(bytes, &self.room)?;
            }
            // What comes with the end of a head may be longer; after it, the gateway has the request.
            Phase::Head(_) if full && !bytes.is_empty() => {
                let denial = too_long(&state.head);
                state.refused = Some(denial.clone());
                return Err(denial);
            }
            Phase::Head(_) => state.extend_head(bytes, &self.room)?,
            Phase::Body(pace, since) => {
                if let Some(since) = since.take() {
                    // A longer time was the gateway's own: it did not ask for more.
                    let waited = since.elapsed().min(pace.patience() / 2);
                    pace.waited(waited, bytes.len()).ok();
                }
            }
        }
        Ok(())
    }

    /// Until when may be waited for the next bytes; `None`: for ever.
    pub fn until(&self) -> Option<Instant> {
        let mut state = self.state();
        match &mut state.phase {
            Phase::Request => None,
            Phase::Idle(until) | Phase::Head(until) | Phase::Opening(until, _) => Some(*until),
            Phase::Body(pace, since) => Some(*since.get_or_insert_with(Instant::now) + pace.patience()),
        }
    }

    /// That time is over.
    pub fn over(&self) -> Over {
        let mut state = self.state();
        let unsaid = state.head.is_empty();
        let over = match &mut state.phase {
            Phase::Request => Over::Again,
            Phase::Idle(_) | Phase::Opening(..) => Over::Silently,
            Phase::Head(_) if unsaid => Over::Silently,
            Phase::Head(_) => Over::Told,
            Phase::Body(pace, since) => {
                let waited = since.take().map_or(Duration::ZERO, |since| since.elapsed());
                match pace.waited(waited, 0) {
                    Ok(()) => Over::Again,
                    Err(_) => Over::Slow,
                }
            }
        };
        match over {
            Over::Again | Over::Silently => {}
            Over::Told => state.refused = Some(Denial::Slow),
            Over::Slow => state.slow = true,
        }
        over
    }

    /// Whether the gateway has a request of the connection.
    pub fn is_request(&self) -> bool {
        matches!(
            self.state().phase,
            Phase::Request | Phase::Body(..) | Phase::Opening(..)
        )
    }

    /// What is said in place of pingora's own answer to a head; `None`: what is written is the gateway's.
    pub fn own_words(&self) -> Option<Vec<u8>> {
        let mut state = self.state();
        if matches!(state.phase, Phase::Request | Phase::Body(..) | Phase::Opening(..)) {
            return None;
        }
        let denial = unread(&state.head);
        let mut words = plain(&denial);
        let begins = state.head.iter().position(u8::is_ascii_alphabetic);
        let begun = begins.and_then(|at| state.head.get(at..)).unwrap_or_default();
        if begun.starts_with(b"HEAD ") {
            // ERR-1: it has no body, whatever strays before it.
            words.truncate(memmem::find(&words, b"\r\n\r\n").map_or(0, |end| end.saturating_add(4)));
        }
        state.refused = Some(denial);
        Some(words)
    }
}

/// What is wrong with a head that pingora cannot read, as far as it has come.
fn unread(head: &[u8]) -> Denial {
    use FramingError as Bad;

    let ended = memmem::find(head, b"\r\n\r\n").is_some();
    let begun = head.strip_suffix(b"\r").unwrap_or(head);
    let whole = if ended {
        head.to_vec()
    } else {
        [begun, b"\r\n\r\n"].concat()
    };
    match Head::read(&whole) {
        // All of it came with the request before it.
        Err(_) if head.is_empty() => Denial::Framing(Bad::HeaderLine),
        // Of a head that has not ended, only a line can be wrong.
        Err(Bad::ContentLength | Bad::BothLengths | Bad::ChunkedOn10 | Bad::TransferCoding | Bad::Host) if !ended => {
            Denial::Framing(Bad::HeaderLine)
        }
        Err(error) => Denial::Framing(error),
        Ok(head) if head.size.count > LINES => Denial::HeaderTooLarge,
        Ok(head) if ended => unreadable(head.target),
        Ok(_) => Denial::Framing(Bad::HeaderLine),
    }
}

/// What is wrong with a head that does not end.
fn too_long(head: &[u8]) -> Denial {
    let begins = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let line = begins.and_then(|at| head.get(at..)).unwrap_or_default();
    if line.contains(&b'\n') {
        Denial::HeaderTooLarge
    } else {
        Denial::TargetTooLong
    }
}

/// How an answer is taken by its client.
#[derive(Debug)]
pub struct Taking {
    pace: Pace,
    since: Option<Instant>,
    /// What the system took for the client since the pace was asked.
    written: usize,
    /// What the client had acknowledged of its connection then.
    acknowledged: u64,
}

impl Taking {
    /// The client has taken so many bytes, or the system has, for it.
    pub fn took(&mut self, bytes: usize) {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.written = self.written.saturating_add(bytes);
        // Too slow is who takes nothing now: this one has.
        self.pace.waited(waited.min(self.pace.patience() / 2), 0).ok();
    }

    /// Until when may be waited for it to take more.
    pub fn until(&mut self) -> Instant {
        *self.since.get_or_insert_with(Instant::now) + self.pace.patience()
    }

    /// That time is over: whether it takes too slowly. `acknowledged` is how many bytes of the connection the client has, if the system
    /// tells: it makes room for more only in steps of a third of what it holds, which can be more than a slow client takes in that time.
    pub fn over(&mut self, acknowledged: Option<u64>) -> bool {
        let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let written = std::mem::take(&mut self.written);
        let bytes = acknowledged.map_or(written, |now| {
            let before = std::mem::replace(&mut self.acknowledged, now);
            usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
        });
        self.pace.waited(waited, bytes).is_err()
    }
}
