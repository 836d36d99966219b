//! The test of `identity.backend.verify`, at the start and every ten minutes: whether the back end's word can be taken. In: the sources.
//! Out: a gauge; the source itself logs each change, and answers 503 while the test fails.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pingora::{server::ShutdownWatch, services::background::BackgroundService};

use crate::{identity::Authenticator, telemetry::metrics::Metrics};

/// Between two tests.
const PERIOD: Duration = Duration::from_secs(600);
/// After one that failed: the back end may only just be starting.
const AGAIN: Duration = Duration::from_secs(10);

/// Tests the back end as a source of identity for as long as the server runs.
pub struct IdentityTest {
    /// The sources.
    pub authenticator: Arc<Authenticator>,
    /// Where the result is told.
    pub metrics: Arc<Metrics>,
}

#[async_trait]
impl BackgroundService for IdentityTest {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        loop {
            let sound = self.authenticator.self_test().await.is_ok();
            self.metrics.identity_source("backend", sound);
            let pause = if sound { PERIOD } else { AGAIN };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = shutdown.changed() => return,
            }
        }
    }
}
