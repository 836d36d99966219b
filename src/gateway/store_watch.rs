//! The lock store is asked every few seconds whether it answers, so that what is wrong with it is told before a write needs it, and that
//! it is reached again without one. In: the store. Out: nothing but its own log and numbers.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pingora::{server::ShutdownWatch, services::background::BackgroundService};

use crate::store::LockStore;

/// Between two questions.
const PERIOD: Duration = Duration::from_secs(5);

/// Asks the store for as long as the server runs.
pub struct StoreWatch(pub Arc<dyn LockStore>);

#[async_trait]
impl BackgroundService for StoreWatch {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        loop {
            // The store tells of itself.
            self.0.ping().await.ok();
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                _ = shutdown.changed() => return,
            }
        }
    }
}
