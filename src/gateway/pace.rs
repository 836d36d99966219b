//! How slow a client's body may come (B-17): at least 1 KiB/s over every 30 s that the gateway waits for it. In: what each read
//! brought and how long it took. Out: a verdict. Time in which the gateway itself is busy does not count.

use std::time::Duration;

/// The time over which the rate is taken.
const WINDOW: Duration = Duration::from_secs(30);
/// The bytes that a window must bring: 1 KiB for each of its seconds.
const FLOOR: usize = 30 * 1024;

/// The pace of one body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    waited: Duration,
    received: usize,
}

/// The body comes too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Pace {
    /// How long the next read may wait until [`Pace::waited`] must be asked again.
    pub fn patience(&self) -> Duration {
        WINDOW.saturating_sub(self.waited)
    }

    /// Notes `time` spent waiting, and the `bytes` that it brought.
    ///
    /// # Errors
    /// A window is over and brought less than the floor.
    pub fn waited(&mut self, time: Duration, bytes: usize) -> Result<(), TooSlow> {
        self.waited += time;
        self.received = self.received.saturating_add(bytes);
        if self.waited < WINDOW {
            return Ok(());
        }
        let enough = self.received >= FLOOR;
        *self = Self::default();
        if enough { Ok(()) } else { Err(TooSlow) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-17: seconds waited and bytes received by each read
    #[test]
    fn floor() {
        type Reads = &'static [(u64, usize)];
        let rows: &[(&str, Reads, Result<(), TooSlow>)] = &[
            ("silence", &[(30, 0)], Err(TooSlow)),
            ("a quick small body", &[(1, 10)], Ok(())),
            ("just enough", &[(15, 0), (15, FLOOR)], Ok(())),
            ("one byte less", &[(15, 1), (15, FLOOR - 2)], Err(TooSlow)),
            (
                "a good start does not pay for later",
                &[(30, 10 * FLOOR), (30, 10)],
                Err(TooSlow),
            ),
            ("steady", &[(20, FLOOR), (20, FLOOR), (20, FLOOR)], Ok(())),
        ];
        for (name, reads, expected) in rows {
            let mut pace = Pace::default();
            let verdict = reads
                .iter()
                .try_for_each(|(seconds, bytes)| pace.waited(Duration::from_secs(*seconds), *bytes));
            assert_eq!(verdict, *expected, "{name}");
        }
    }
}
