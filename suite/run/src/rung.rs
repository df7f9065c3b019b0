//! One rung of a ladder: a runbook, its parameters, and how long it may take.

use std::collections::BTreeMap;

use relay_core::id::RunbookName;
use relay_core::period::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody has to agree before a rung is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// IAM users and roles, by ARN; IAM proves who they are.
    #[schemars(length(min = 1, max = 10))]
    pub approvers: Vec<String>,
    /// How many of them.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 10))]
    pub minimum: u32,
    /// In which time; after it the rung counts as refused.
    #[serde(default = "approval_within")]
    pub within: Period,
    /// A topic that SSM itself tells of the request, beside the outcome. Its name begins with
    /// `Automation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        regex(pattern = r"^arn:aws[a-z0-9-]*:sns:[a-z0-9-]+:[0-9]{12}:Automation.*$")
    )]
    pub topic: Option<String>,
}

/// One runbook of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rung {
    /// Its name, or its ARN where another account shares it.
    pub runbook: RunbookName,
    /// A version's number, `$LATEST` or `$DEFAULT`; default: the default version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = r"^(\$LATEST|\$DEFAULT|[1-9][0-9]*)$"))]
    pub document_version: Option<String>,
    /// Its parameters, lists of texts. `{resource}`, `{account}`, `{region}`, `{alarm}` and
    /// `{dimension.<name>}` are filled in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// How long after its end the alarm may take to clear, before the next rung.
    #[serde(default = "recover_within")]
    pub recover_within: Period,
    /// How long it may run before it is stopped and counts as timed out.
    #[serde(default = "timeout")]
    pub timeout: Period,
    /// It destroys something, and that is meant.
    #[serde(default)]
    pub destructive: bool,
    /// Who has to agree first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Approval")]
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

pub(crate) fn approval_within() -> Period {
    Period::minutes(60)
}

pub(crate) fn recover_within() -> Period {
    Period::minutes(10)
}

pub(crate) fn timeout() -> Period {
    Period::minutes(60)
}

fn one() -> u32 {
    1
}
