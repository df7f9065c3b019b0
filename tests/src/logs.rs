//! The log of the functions, as CloudWatch Logs has it, and the metrics that CloudWatch made of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::World;
use crate::probe::call;

/// A series of a metric: its name and its dimensions.
pub type Series = (String, BTreeMap<String, String>);

impl World {
    /// The lines that a function has logged so far, in their order. What the platform writes around them is left out.
    ///
    /// # Errors
    /// When CloudWatch Logs refuses.
    pub async fn log(&self, function: &str) -> Result<Vec<Value>> {
        let group = format!("/aws/lambda/runbook-relay-{function}");
        let mut lines = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut body = json!({"logGroupName": group, "limit": 10_000});
            if token.is_string() {
                body["nextToken"] = token;
            }
            let target = Some("Logs_20140328.FilterLogEvents");
            let answer = call(&self.local.endpoint, "logs", "", target, body.to_string()).await?;
            let answer: Value = serde_json::from_slice(&answer)?;
            for event in answer["events"].as_array().context("events are a list")? {
                let message = event["message"].as_str().unwrap_or_default();
                lines.extend(serde_json::from_str::<Value>(message).ok());
            }
            token = answer["nextToken"].clone();
            if !token.is_string() {
                return Ok(lines);
            }
        }
    }

    /// The series that CloudWatch has of the suite's metrics.
    ///
    /// # Errors
    /// When CloudWatch refuses.
    pub async fn series(&self) -> Result<BTreeSet<Series>> {
        let client = aws_sdk_cloudwatch::Client::new(&self.stack.hub);
        let mut pages = client.list_metrics().namespace(metrics::NAMESPACE).into_paginator().send();
        let mut found = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for metric in page.map_err(aws_sdk_cloudwatch::Error::from)?.metrics() {
                let dimensions = metric.dimensions().iter().filter_map(|dimension| {
                    Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()))
                });
                let name = metric.metric_name().unwrap_or_default();
                found.insert((name.to_owned(), dimensions.collect()));
            }
        }
        Ok(found)
    }
}
