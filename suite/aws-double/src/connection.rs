//! The HTTP client that the SDK is given: it calls this AWS instead of the network.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::{
    Aws, Call, Fault, Reply, Served, State, cloudwatch, dynamodb, ec2, fault, messages,
    organizations, rates, s3, ssm, states, sts,
};

impl Aws {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Call::read(&request);
        let _gauge = Gauge::new(&self, &call.operation);
        let (fault, served, latency) = {
            let mut state = self.state();
            let refused = state.rates.refuse(&call);
            rates::count(&mut state.tallies, &call, refused);
            if !state.only_counts {
                state.calls.push(call.clone());
            }
            let fault = if refused {
                Some(Fault::Throttled)
            } else {
                fault::of(&mut state.disturbances, &call)
            };
            let served = match &fault {
                None | Some(Fault::LostReply | Fault::Slow(_)) => {
                    Some(self.serve(&mut state, &call))
                }
                Some(fault) => fault.answer(&call),
            };
            let latency = state.latencies.get(call.service.as_str()).copied();
            (fault, served, latency.unwrap_or(state.latency))
        };
        let latency = match &fault {
            Some(Fault::Slow(duration)) => *duration,
            _ => latency,
        };
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match (fault, served) {
            (Some(Fault::Silent), _) => std::future::pending().await,
            (Some(Fault::LostReply), _) | (_, None) => {
                Err(ConnectorError::io("connection reset".into()))
            }
            (_, Some(served)) => Ok(call.respond(served)),
        }
    }

    fn serve(&self, state: &mut State, call: &Call) -> Served {
        match call.service.as_str() {
            // A file's content is its name.
            "attachments" => {
                Ok(Reply::Bytes(call.path.trim_start_matches('/').as_bytes().to_vec()))
            }
            "dynamodb" => dynamodb::serve(&mut state.table, call),
            "ec2" | "tagging" => ec2::serve(state.at(&call.account, &call.region), call),
            "monitoring" => cloudwatch::serve(state.at(&call.account, &call.region), call),
            "organizations" => organizations::serve(&state.organization, state.pages, call),
            "s3" => s3::serve(state, call),
            "events" | "sns" | "sqs" => messages::serve(state, call),
            "ssm" => ssm::serve(state, call, self.now()),
            "states" => states::serve(&mut state.states, call, self.now()),
            "sts" => sts::serve(state, call),
            _ => call.unknown(),
        }
    }
}

/// Counts the calls of an operation that are in flight.
struct Gauge(Aws, String);

impl Gauge {
    fn new(aws: &Aws, operation: &str) -> Self {
        let mut state = aws.state();
        let (now, most) = state.in_flight.entry(operation.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        drop(state);
        Self(aws.clone(), operation.to_owned())
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        if let Some((now, _)) = self.0.state().in_flight.get_mut(&self.1) {
            *now = now.saturating_sub(1);
        }
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for Aws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
