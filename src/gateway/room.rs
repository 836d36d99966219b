//! How much of clients' heads and bodies is in memory at once, of all of them together (B-101): what must be whole before it is judged costs
//! its client a connection and the gateway its size. In: how much more one takes. Out: that it may, until its request is over; or a refusal.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted in, in bytes.
const UNIT: usize = 1024;
/// What each head or body has without being counted: an ordinary request passes however many large ones there are.
const FREE: usize = 16 * 1024;

/// The room for heads and bodies.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Semaphore>);

/// What one request takes of it, while it lives.
#[derive(Debug, Default)]
pub struct Held(Option<OwnedSemaphorePermit>);

/// There is no more room now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Room {
    /// Room for so many bytes.
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes).unwrap_or(usize::MAX) / UNIT;
        Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))))
    }

    /// Makes `held` what a body of `bytes` needs, if that is more than it is.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn hold(&self, held: &mut Held, bytes: usize) -> Result<(), Full> {
        let has = held.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.saturating_sub(FREE).div_ceil(UNIT).saturating_sub(has);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Full)?;
        let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| Full)?;
        match &mut held.0 {
            Some(held) => held.merge(more),
            None => held.0 = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-101: what is over the free part counts, and is free again
    #[test]
    fn holding() {
        let room = Room::new(10 * 1024);
        let (mut one, mut other, mut small) = (Held::default(), Held::default(), Held::default());
        assert_eq!(room.hold(&mut one, FREE + 6 * 1024), Ok(()));
        assert_eq!(room.hold(&mut other, FREE + 4 * 1024 + 1), Err(Full));
        assert_eq!(room.hold(&mut other, FREE + 4 * 1024), Ok(()));
        assert_eq!(room.hold(&mut other, FREE), Ok(()));
        assert_eq!(room.hold(&mut small, FREE), Ok(()));
        assert_eq!(room.hold(&mut one, FREE + 6 * 1024 + 1), Err(Full));
        drop(other);
        assert_eq!(room.hold(&mut one, FREE + 10 * 1024), Ok(()));
    }
}
