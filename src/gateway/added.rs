//! The header fields that a route adds to its answers (RM-16). In: the route, as soon as a request has one. Out: its fields in the answer,
//! whoever wrote that: the back end, davgate itself, or a refusal. A module of pingora, which sees every answer just before it is written.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use pingora::{
    Result,
    http::ResponseHeader,
    modules::http::{HttpModule, HttpModuleBuilder, Module},
    proxy::Session,
};

use crate::policy::Route;

/// Builds an [`Added`] for each request.
pub struct AddedBuilder;

impl HttpModuleBuilder for AddedBuilder {
    fn init(&self) -> Module {
        Box::new(Added { route: None })
    }
}

/// Adds what the route of the request says.
struct Added {
    route: Option<Arc<Route>>,
}

/// From now on the answer on `session` is one of `route`.
pub(super) fn answers_for(session: &mut Session, route: Option<&Arc<Route>>) {
    if let Some(route) = route.filter(|route| !route.added.is_empty())
        && let Some(added) = session.downstream_modules_ctx.get_mut::<Added>()
    {
        added.route = Some(Arc::clone(route));
    }
}

#[async_trait]
impl HttpModule for Added {
    async fn response_header_filter(&mut self, response: &mut ResponseHeader, _end: bool) -> Result<()> {
        let Some(route) = self.route.as_ref().filter(|_| !response.status.is_informational()) else {
            return Ok(());
        };
        for (name, value) in &route.added {
            // In place of the back end's: what the file says is what clients see.
            response.insert_header(name.clone(), value.clone())?;
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
