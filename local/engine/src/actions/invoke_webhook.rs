//! `aws:invokeWebhook`: posts to a webhook that an integration describes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::phrase;
use super::inputs::Inputs;
use super::{Call, Done, Failure, FailureStage, FailureType, outputs};
use crate::ports::{WebhookError, WebhookRequest};

/// Where Systems Manager keeps integrations.
const INTEGRATIONS: &str = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/";

struct Step {
    parameter: String,
    body: Option<String>,
}

/// An integration, as its parameter holds it.
#[derive(Deserialize)]
struct Integration {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    payload: Value,
}

impl Step {
    fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let inputs = Inputs::of(call)?;
        let name = inputs.text("IntegrationName")?;
        let parameter = if name.starts_with('/') { name } else { format!("{INTEGRATIONS}{name}") };
        Ok(Self { parameter, body: inputs.value("Body").map(text) })
    }

    /// The integration's secure parameter, decrypted.
    async fn integration(&self, call: &Call<'_>) -> Result<Integration, Failure> {
        let parameters = json!({"Name": self.parameter, "WithDecryption": true});
        let answer = call
            .read("ssm", "GetParameter", parameters)
            .await
            .map_err(|error| Failure::api(phrase::EXECUTE, &error))?;
        let value = answer["Parameter"]["Value"].as_str().unwrap_or_default();
        // The value holds secrets: the message says what is wrong, but not what the value is.
        serde_json::from_str(value).map_err(|_| {
            let parameter = &self.parameter;
            let error = format!("The integration {parameter} is not JSON with a url and headers");
            Failure::new(
                FailureStage::PreVerification,
                FailureType::Action,
                phrase::EXECUTE,
                &error,
            )
        })
    }
}

/// Posts once: what the other side does cannot be known, so nothing repeats it but `maxAttempts`.
/// An answer of 400 or more fails the step.
pub(super) async fn run(call: &Call<'_>) -> Result<Done, Failure> {
    let step = Step::read(call)?;
    let Integration { url, headers, payload } = step.integration(call).await?;
    let body = match step.body {
        Some(body) => body,
        None if payload.is_null() => String::new(),
        None => text(&payload),
    };
    let headers = headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let request = WebhookRequest { url, headers, body };
    let answer = call.ports.webhooks.post(&request).await.map_err(|error| refused(&error))?;
    let told = json!({"Response": answer.body, "ResponseCode": answer.status});
    if answer.status < 400 {
        return outputs::fixed(call, told);
    }
    let error = format!("The webhook answered {}: {}", answer.status, answer.body);
    Err(Failure::new(FailureStage::Invocation, FailureType::Action, phrase::EXECUTE, &error)
        .with_outputs(outputs::map(told)))
}

fn refused(error: &WebhookError) -> Failure {
    let (stage, kind, why) = match error {
        WebhookError::NotAllowed(why) => {
            (FailureStage::PreVerification, FailureType::Permission, why)
        }
        WebhookError::Invalid(why) => (FailureStage::PreVerification, FailureType::Action, why),
        WebhookError::Lost(why) => (FailureStage::Invocation, FailureType::Internal, why),
    };
    Failure::new(stage, kind, phrase::EXECUTE, why)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use runbook::ActionKind;

    use super::super::testing::{Answer, Attempt, AwsDouble, error, throttled};
    use super::*;
    use crate::ports::WebhookAnswer;

    fn invoke(more: Value) -> Attempt {
        let inputs = json!({"IntegrationName": "chat"});
        Attempt::new(ActionKind::InvokeWebhook, inputs).with(more)
    }

    fn integration(value: &str) -> AwsDouble {
        let answer: Answer = Ok(json!({"Parameter": {"Value": value}}));
        AwsDouble::default().on("ssm", "GetParameter", [answer])
    }

    const CHAT: &str = r#"{"description": "d", "url": "http://127.0.0.1:9/hook",
        "headers": {"Authorization": "Bearer s3cret"}, "payload": "{\"text\": \"default\"}"}"#;

    #[tokio::test(start_paused = true)]
    async fn the_integration_says_where_and_the_step_says_what() {
        for (inputs, body) in [
            (json!({}), r#"{"text": "default"}"#),
            (json!({"Body": "hello"}), "hello"),
            (json!({"Body": {"text": "i-1 is back"}}), r#"{"text":"i-1 is back"}"#),
        ] {
            let aws = integration(CHAT);
            let attempt = invoke(inputs);
            let done = attempt.run(&aws).await.unwrap();
            assert_eq!(done.outputs["Response"], "ok");
            assert_eq!(done.outputs["ResponseCode"], 200);
            let posted = attempt.posted();
            assert_eq!(posted.len(), 1);
            assert_eq!(posted[0].url, "http://127.0.0.1:9/hook");
            assert_eq!(posted[0].headers["Authorization"], "Bearer s3cret");
            assert_eq!(posted[0].body, body);
            assert_eq!(
                aws.requests("GetParameter"),
                [json!({"Name": format!("{INTEGRATIONS}chat"), "WithDecryption": true})]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_400_or_more_fails_the_step_with_it() {
        let answer = WebhookAnswer { status: 503, body: "down".into() };
        let failure =
            invoke(json!({})).webhook(Ok(answer)).run(&integration(CHAT)).await.unwrap_err();
        assert!(failure.message.contains("The webhook answered 503: down"), "{}", failure.message);
        assert_eq!(failure.outputs["ResponseCode"], 503);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_let_out_or_lost_fails_the_step() {
        for (error, stage, kind) in [
            (
                WebhookError::NotAllowed("no".into()),
                FailureStage::PreVerification,
                FailureType::Permission,
            ),
            (
                WebhookError::Invalid("no".into()),
                FailureStage::PreVerification,
                FailureType::Action,
            ),
            (WebhookError::Lost("no".into()), FailureStage::Invocation, FailureType::Internal),
        ] {
            let attempt = invoke(json!({})).webhook(Err(error));
            let failure = attempt.run(&integration(CHAT)).await.unwrap_err();
            assert_eq!((failure.stage, failure.kind), (stage, kind));
            assert_eq!(attempt.posted().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_integration_that_is_none_posts_nothing_and_tells_no_secret() {
        let attempt = invoke(json!({}));
        let failure = attempt.run(&integration("s3cret")).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::PreVerification);
        assert!(!failure.message.contains("s3cret"), "{}", failure.message);
        assert!(attempt.posted().is_empty());

        let missing = error("ParameterNotFound", "GetParameter", "");
        let aws = AwsDouble::default().on("ssm", "GetParameter", [missing]);
        let failure = attempt.run(&aws).await.unwrap_err();
        assert!(failure.message.contains("(ParameterNotFound)"), "{}", failure.message);

        let aws = AwsDouble::default();
        let nameless = Attempt::new(ActionKind::InvokeWebhook, json!({"Body": "x"}));
        let failure = nameless.run(&aws).await.unwrap_err();
        assert_eq!(failure.stage, FailureStage::InputValidation);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_read_is_repeated_and_a_restart_interrupts() {
        let answer: Answer = Ok(json!({"Parameter": {"Value": CHAT}}));
        let aws = AwsDouble::default().on("ssm", "GetParameter", [throttled("x"), answer]);
        let attempt = invoke(json!({}));
        attempt.run(&aws).await.unwrap();
        assert_eq!((aws.count("GetParameter"), attempt.posted().len()), (2, 1));

        let attempt = invoke(json!({})).resumed();
        let failure = attempt.run(&AwsDouble::default()).await.unwrap_err();
        assert!(failure.message.contains("Interrupted"), "{}", failure.message);
        assert!(attempt.posted().is_empty());
    }
}
