//! One rung of a ladder: a runbook, its parameters, and how long it may take.

use std::collections::BTreeMap;

use relay_core::id::RunbookName;
use relay_core::period::Period;
use relay_core::rules::OneOrMore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who must approve a rung before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Approval {
    /// The ARNs of the IAM users and roles that may approve.
    #[schemars(length(min = 1, max = 10), inner(length(min = 1)))]
    pub approvers: Vec<String>,
    /// The number of approvers that must approve.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10))]
    pub minimum: u32,
    /// Deadline; when it passes without a decision, neither this rung nor the next is run.
    #[serde(default = "approval_within")]
    #[schemars(extend("x-least" = "1m", "x-most" = "7d"))]
    pub within: Period,
    /// A topic through which SSM itself publishes the request. Its name begins with `Automation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^arn:aws[a-z0-9-]*:sns:[a-z0-9-]+:[0-9]{12}:Automation.*$"),
        extend("x-expected" = "the ARN of a topic whose name begins with `Automation`")
    )]
    pub topic: Option<String>,
}

/// One runbook of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Rung {
    /// The runbook's name, or its ARN if another account shares it.
    pub runbook: RunbookName,
    /// A version number, `$LATEST` or `$DEFAULT`. Without it, the default version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = r"^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$"),
        extend("x-expected" = "a version number, `$LATEST` or `$DEFAULT`")
    )]
    pub document_version: Option<String>,
    /// The runbook's parameters: lists of texts, or single texts. `{resource}`, `{account}`,
    /// `{region}`, `{alarm}`, `{alarmArn}` and `{dimension.<name>}` are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(
        with = "BTreeMap<String, OneOrMore>",
        extend("x-expected" = "a mapping of parameters to lists of texts")
    )]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// How long the alarm may take to return to OK after the run, before the next rung.
    #[serde(default = "recover_within")]
    #[schemars(extend("x-least" = "0s", "x-most" = "1d"))]
    pub recover_within: Period,
    /// How long the run may take before it is stopped and counts as timed out.
    #[serde(default = "timeout")]
    #[schemars(extend("x-least" = "1m", "x-most" = "1d"))]
    pub timeout: Period,
    /// Allows a runbook that may destroy something, by its name or its tag, to run without an approval.
    #[serde(default)]
    pub destructive: bool,
    /// IAM users and roles that SSM asks before the runbook runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

impl Rung {
    /// A runbook with nothing said about it.
    #[must_use]
    pub fn new(runbook: RunbookName) -> Self {
        Self {
            runbook,
            document_version: None,
            parameters: BTreeMap::new(),
            recover_within: recover_within(),
            timeout: timeout(),
            destructive: false,
            approval: None,
        }
    }

    /// The one parameter that is the resource and nothing else, while no other holds it: where SSM
    /// puts each of several.
    #[must_use]
    pub fn target_parameter(&self) -> Option<&str> {
        const RESOURCE: &str = "{resource}";
        let holds = |texts: &&Vec<String>| texts.iter().any(|text| text.contains(RESOURCE));
        let mut holding = self.parameters.iter().filter(|(_, texts)| holds(texts));
        match (holding.next(), holding.next()) {
            (Some((name, texts)), None) if texts.as_slice() == [RESOURCE] => Some(name),
            _ => None,
        }
    }
}

fn approval_within() -> Period {
    Period::minutes(60)
}

fn recover_within() -> Period {
    Period::minutes(10)
}

fn timeout() -> Period {
    Period::minutes(60)
}

fn one() -> u32 {
    1
}
