//! How slowly a body may come from a client, and an answer be taken by it (B-17): at least 1 KiB/s over the time that `clients.pace` says, of
//! the time that the gateway waits for the client. In: what each step brought and how long it took. Out: a verdict. Time in which the gateway
//! itself is busy does not count.

use std::time::Duration;

/// The bytes that each second must bring.
const FLOOR: u128 = 1024;

/// The pace of one body or answer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    window: Duration,
    waited: Duration,
    moved: u64,
}

/// It goes too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Pace {
    /// A pace that is taken over each `window` of waiting.
    pub fn over(window: Duration) -> Self {
        Self {
            window,
            waited: Duration::ZERO,
            moved: 0,
        }
    }

    /// How long the next step may wait until [`Pace::waited`] must be asked again.
    pub fn patience(&self) -> Duration {
        self.window.saturating_sub(self.waited)
    }

    /// Notes `time` spent waiting, and the `bytes` that it brought.
    ///
    /// # Errors
    /// A window is over and brought less than the floor.
    pub fn waited(&mut self, time: Duration, bytes: usize) -> Result<(), TooSlow> {
        self.waited += time;
        self.moved = self.moved.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.waited < self.window {
            return Ok(());
        }
        let floor = self.window.as_millis().saturating_mul(FLOOR) / 1000;
        let enough = u128::from(self.moved) >= floor;
        *self = Self::over(self.window);
        if enough { Ok(()) } else { Err(TooSlow) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-17: seconds waited and bytes moved by each step
    #[test]
    fn floor() {
        const WINDOW: usize = 30 * 1024;
        type Steps = &'static [(u64, usize)];
        let rows: &[(&str, Steps, Result<(), TooSlow>)] = &[
            ("silence", &[(30, 0)], Err(TooSlow)),
            ("a quick small body", &[(1, 10)], Ok(())),
            ("just enough", &[(15, 0), (15, WINDOW)], Ok(())),
            ("one byte less", &[(15, 1), (15, WINDOW - 2)], Err(TooSlow)),
            (
                "a good start does not pay for later",
                &[(30, 10 * WINDOW), (30, 10)],
                Err(TooSlow),
            ),
            ("steady", &[(20, WINDOW), (20, WINDOW), (20, WINDOW)], Ok(())),
        ];
        for (name, steps, expected) in rows {
            let mut pace = Pace::over(Duration::from_secs(30));
            let verdict = steps
                .iter()
                .try_for_each(|(seconds, bytes)| pace.waited(Duration::from_secs(*seconds), *bytes));
            assert_eq!(verdict, *expected, "{name}");
        }
    }
}
