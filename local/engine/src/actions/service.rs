//! The API that a generic step names: `Service` and `Api` as boto3 or the AWS CLI spell them.

use std::time::Duration;

use serde_json::Value;

use super::failure::phrase;
use super::inputs::Inputs;
use super::request::Lost;
use super::{Call, Failure};

/// How long a call of `aws:executeAwsApi` may take, whatever the step's time-out is.
const LIMIT: Duration = Duration::from_secs(25);

/// Services that have another name in the AWS CLI than in botocore.
const CLI_NAMES: [(&str, &str); 4] = [
    ("configservice", "config"),
    ("deploy", "codedeploy"),
    ("s3api", "s3"),
    ("sfn", "stepfunctions"),
];

/// How the names of operations that change nothing begin.
pub(super) const READS: [&str; 8] =
    ["describe", "get", "list", "head", "batchget", "batchdescribe", "lookup", "search"];

/// The parameters by which services know a repeated call.
const TOKENS: [&str; 4] =
    ["ClientToken", "ClientRequestToken", "clientToken", "clientRequestToken"];

/// An operation of a service.
#[derive(Debug)]
pub(super) struct Operation {
    service: String,
    api: String,
}

impl Operation {
    /// `Service` and `Api` of a step's inputs.
    pub(super) fn read(inputs: &Inputs<'_>) -> Result<Self, Failure> {
        let service = inputs.text("Service")?.to_ascii_lowercase();
        let service = CLI_NAMES
            .iter()
            .find(|(cli, _)| *cli == service)
            .map_or(service.as_str(), |(_, botocore)| botocore)
            .to_owned();
        Ok(Self { service, api: inputs.text("Api")? })
    }

    /// Makes the call, each try in 25 seconds.
    pub(super) async fn call(
        &self,
        call: &Call<'_>,
        parameters: Value,
        lost: Lost,
    ) -> Result<Value, Failure> {
        call.request_within(Some(LIMIT), &self.service, &self.api, parameters, lost)
            .await
            .map_err(|error| Failure::api(phrase::EXECUTE, &error))
    }

    /// Whether a second call does no more than the first: it reads, or says by a token that it is
    /// the same.
    pub(super) fn repeatable(&self, parameters: &Value) -> bool {
        let name = plain(&self.api);
        READS.iter().any(|read| name.starts_with(read))
            || TOKENS.iter().any(|token| parameters.get(token).is_some_and(Value::is_string))
    }
}

/// A name without what its spellings differ in: `describe-instances` is `DescribeInstances`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;
    use serde_json::json;

    use super::*;
    use crate::actions::testing::{Attempt, AwsDouble};

    fn operation(service: &str, api: &str) -> Operation {
        Operation { service: service.into(), api: api.into() }
    }

    #[test]
    fn a_call_that_reads_or_carries_a_token_may_be_made_twice() {
        for api in ["DescribeInstances", "describe_instances", "list-buckets", "GetParameter"] {
            assert!(operation("x", api).repeatable(&json!({})), "{api}");
        }
        for api in ["RunInstances", "create-snapshot", "ModifyInstanceAttribute", "PutItem"] {
            assert!(!operation("x", api).repeatable(&json!({})), "{api}");
            assert!(operation("x", api).repeatable(&json!({"ClientToken": "t"})), "{api}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn names_of_the_cli_reach_botocore_as_its_own() {
        for (given, expected) in
            [("configservice", "config"), ("deploy", "codedeploy"), ("EC2", "ec2"), ("s3api", "s3")]
        {
            let aws = AwsDouble::default().on(expected, "ListThings", [Ok(json!({}))]);
            let inputs = json!({"Service": given, "Api": "ListThings"});
            Attempt::new(ActionKind::ExecuteAwsApi, inputs).run(&aws).await.unwrap();
            assert_eq!(aws.calls()[0].service, expected);
        }
    }
}
