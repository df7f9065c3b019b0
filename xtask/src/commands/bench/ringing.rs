//! Instances and alarms about them, the runbook that answers, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, StateValue, Statistic};
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::{DocumentFormat, DocumentType, Tag};
use futures::{StreamExt, TryStreamExt};
use harness::{HOME_REGION, HUB, aws};
use jiff::Timestamp;
use regex::Regex;
use relay_core::id::InstallationId;
use run::ALLOWED;
use serde_json::Value;

use super::world::World;

/// Calls at once to prepare what is measured.
const SIDE_BY_SIDE: usize = 8;
/// The namespace of the alarms' metric. Not EC2's: nobody evaluates it, states are set.
pub(super) const NAMESPACE: &str = "Bench";

/// For so long route-alarms keeps what it has read of policy, and a second more.
pub(super) const POLICY_KEPT: Duration = Duration::from_secs(16);

/// An instance and the alarm about it.
#[derive(Clone, Debug)]
pub(super) struct Ringing {
    /// `i-…`.
    pub(super) instance: String,
    pub(super) alarm: String,
}

impl World {
    /// Launches instances, each with an alarm `<prefix>-<instance>`.
    pub(super) async fn alarms(&self, prefix: &str, count: usize) -> Result<Vec<Ringing>> {
        let number = count.to_string();
        let fields = [("ImageId", "ami-12345678"), ("MinCount", &number), ("MaxCount", &number)];
        let endpoint = &self.local.endpoint;
        let answer = aws::ec2(endpoint, HUB, HOME_REGION, "RunInstances", &fields).await?;
        let id = Regex::new("<instanceId>(i-[0-9a-f]+)</instanceId>")?;
        let ids: BTreeSet<String> = id.captures_iter(&answer).map(|id| id[1].to_owned()).collect();
        ensure!(ids.len() == count, "{} of {count} instances were launched", ids.len());
        let client = &aws_sdk_cloudwatch::Client::new(&self.stack.hub);
        futures::stream::iter(ids)
            .map(|instance| async move {
                let alarm = format!("{prefix}-{instance}");
                client
                    .put_metric_alarm()
                    .alarm_name(&alarm)
                    .namespace(NAMESPACE)
                    .metric_name("Failed")
                    .dimensions(Dimension::builder().name("InstanceId").value(&instance).build())
                    .statistic(Statistic::Maximum)
                    .period(60)
                    .evaluation_periods(1)
                    .threshold(0.0)
                    .comparison_operator(ComparisonOperator::GreaterThanThreshold)
                    .send()
                    .await
                    .map_err(aws_sdk_cloudwatch::Error::from)?;
                self.set(&alarm, StateValue::Ok).await?;
                Ok(Ringing { instance, alarm })
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    /// The gateway's time, as its record of calls has it.
    pub(super) async fn now(&self) -> Result<Timestamp> {
        let health = self.local.relay("GET", "health", &Value::Null).await?;
        Ok(health["now"].as_str().context("the gateway's time")?.parse()?)
    }

    /// Sets the state of an alarm.
    pub(super) async fn set(&self, alarm: &str, state: StateValue) -> Result<()> {
        let client = aws_sdk_cloudwatch::Client::new(&self.stack.hub);
        let set = client.set_alarm_state().alarm_name(alarm).state_value(state);
        set.state_reason("bench").send().await.map_err(aws_sdk_cloudwatch::Error::from)?;
        Ok(())
    }

    /// Sets the state of many.
    pub(super) async fn set_all(&self, ringing: &[Ringing], state: StateValue) -> Result<()> {
        futures::stream::iter(ringing)
            .map(|ringing| self.set(&ringing.alarm, state.clone()))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    /// A runbook that only waits, and may be started.
    pub(super) async fn runbook(&self, name: &str, seconds: u32) -> Result<()> {
        let content = format!(
            "schemaVersion: '0.3'\nparameters:\n  InstanceId: {{type: String}}\nmainSteps:\n  - name: \
             Wait\n    action: aws:sleep\n    inputs: {{Duration: PT{seconds}S}}\n"
        );
        let ssm = aws_sdk_ssm::Client::new(&self.stack.hub);
        let tag =
            Tag::builder().key(InstallationId::default().runbook_tag()).value(ALLOWED).build()?;
        let create = ssm.create_document().name(name).content(content).tags(tag);
        let create = create.document_type(DocumentType::Automation);
        let created = create.document_format(DocumentFormat::Yaml).send().await;
        created.map_err(aws_sdk_ssm::Error::from)?;
        Ok(())
    }

    /// A rule about the alarms of a prefix that runs one runbook.
    pub(super) async fn rule(
        &self,
        name: &str,
        prefix: &str,
        runbook: &str,
        guard: &str,
    ) -> Result<()> {
        let text = format!(
            "mode: active\nalarm: {{names: [{prefix}-*]}}\nresource: {{dimension: InstanceId}}\nladder: [{{runbook: \
             {runbook}, parameters: {{InstanceId: [\"{{resource}}\"]}}, recoverWithin: 60s}}]\n{guard}"
        );
        let ssm = aws_sdk_ssm::Client::new(&self.stack.hub);
        harness::stack::put_rule(&ssm, &format!("remediation/{name}"), &text).await?;
        tokio::time::sleep(POLICY_KEPT).await;
        Ok(())
    }

    /// The answered StartAutomationExecutions of the suite: on which instance, and when.
    pub(super) async fn starts(&self) -> Result<Vec<(String, Timestamp)>> {
        let path = "calls?principal=runbook-relay-start-automation/";
        let listed = self.local.relay("GET", path, &Value::Null).await?;
        let calls = listed.as_array().context("calls are a list")?;
        let started = calls.iter().filter(|call| {
            call["operation"] == "StartAutomationExecution" && call["status"] == 200
        });
        started
            .map(|call| {
                let instance = call["input"]["Parameters"]["InstanceId"][0].as_str();
                let at = call["at"].as_str().context("a call has its time")?.parse()?;
                Ok((instance.context("a start names an instance")?.to_owned(), at))
            })
            .collect()
    }

    /// How often each role of the suite called each operation: (role, service, operation).
    pub(super) async fn calls_of_roles(&self) -> Result<RoleCalls> {
        let listed =
            self.local.relay("GET", "calls?principal=:assumed-role/", &Value::Null).await?;
        let mut calls = RoleCalls::default();
        for call in listed.as_array().context("calls are a list")? {
            let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
            let principal = text("principal");
            let role = principal.split('/').nth(1).unwrap_or_default();
            let role = role.trim_start_matches("runbook-relay-").to_owned();
            *calls.entry((role, text("service"), text("operation"))).or_default() += 1;
        }
        Ok(calls)
    }

    /// Messages that wait for the intake of alarms, and those it has in hand; not the delayed ones.
    pub(super) async fn waiting(&self) -> Result<usize> {
        self.messages("AlarmQueueUrl").await
    }

    /// Messages that the intake of alarms failed on five times.
    pub(super) async fn dead_letters(&self) -> Result<usize> {
        self.messages("AlarmDeadLetterQueueUrl").await
    }

    async fn messages(&self, queue: &str) -> Result<usize> {
        let sqs = aws_sdk_sqs::Client::new(&self.stack.hub);
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = sqs.get_queue_attributes().queue_url(self.stack.output(queue)?);
        let told = ask.set_attribute_names(Some(names.to_vec())).send().await?;
        let told = told.attributes.unwrap_or_default();
        Ok(names.iter().filter_map(|name| told.get(name)?.parse::<usize>().ok()).sum())
    }

    /// The executions of `run-automation`, by their state.
    pub(super) async fn runs(&self) -> Result<BTreeMap<ExecutionStatus, Vec<String>>> {
        let sfn = aws_sdk_sfn::Client::new(&self.stack.hub);
        let machine = self.stack.output("RunAutomationStateMachineArn")?;
        let list = sfn.list_executions().state_machine_arn(machine).into_paginator();
        let mut pages = list.items().send();
        let mut runs = BTreeMap::<_, Vec<String>>::new();
        while let Some(execution) = pages.next().await {
            let execution = execution?;
            runs.entry(execution.status).or_default().push(execution.execution_arn);
        }
        Ok(runs)
    }
}

/// (role, service, operation) → how often.
pub(super) type RoleCalls = BTreeMap<(String, String, String), usize>;
