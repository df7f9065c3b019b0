//! Whether a call may have had its effect although no answer to it arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Watches the attempts of one call, as its interceptor: `.customize().interceptor(lost.clone())`.
///
/// It distinguishes a service that refuses a repeat, since an earlier attempt had its effect, from one that
/// refuses the call itself.
#[derive(Debug, Clone, Default)]
pub struct LostReply(Arc<AtomicBool>);

impl LostReply {
    /// Whether an attempt ended without an answer, or with a 5xx, which says nothing about the effect.
    #[must_use]
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for LostReply {
    fn name(&self) -> &'static str {
        "LostReply"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        if answer.is_none_or(|answer| answer.status().is_server_error()) {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
