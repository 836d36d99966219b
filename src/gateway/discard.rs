//! PROPPATCH where nothing is kept (`dead_properties: discard`). In: a permit that the locks let pass. Out: the answer, which is the gateway's
//! own; the back end is asked what is there, and hears nothing of properties.

use pingora::proxy::Session;

use crate::decide::{Cleared, Permit, discarding};

use super::{
    context::Context,
    passage::{Halt, Onward},
    respond::Reply,
    server::Gateway,
};

impl Gateway {
    /// The answer to a permit for PROPPATCH. Nothing is sent, and so the write is over for the store before the client hears of it.
    ///
    /// # Errors
    /// It may not be told what is there, or the back end failed.
    pub(super) async fn discard(&self, permit: Cleared, session: &Session, ctx: &mut Context) -> Result<Onward, Halt> {
        let state = match self.state_at_target(&permit, session, ctx).await? {
            Ok(state) => state,
            Err(incoming) => return Ok(Onward::Challenge(Box::new(Permit::clone(&permit)), incoming)),
        };
        let answer = discarding::answer(&permit, state)?;
        self.abandon(ctx).await;
        Ok(Onward::Own(answer.map_or_else(Reply::missing, Reply::multistatus)))
    }
}
