//! The contracts of a look before anything is changed: of an execution for the whole organization, every owner
//! and Region is looked at first, and what was found decides whether it goes on.

use relay_core::execution::{ErrorOutput, ExecutionRef};
use relay_core::id::{AccountId, Region};
use relay_core::storage::S3Object;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::plan::EffectCounts;
use crate::{
    GatherInput, Gathered, PlanSharesInput, PlanSharesOutput, ShareDocumentsInput,
    ShareDocumentsOutput, ShareReport, Verdict, WorkItem,
};

/// Asks `share-documents` what it would do at one owner in one Region. A function of the version before does not
/// take it for work: `owner` is not where it looks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SurveyInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// Where the plan lies.
    pub plan: S3Object,
    /// The owner and Region to look at.
    pub survey: WorkItem,
    /// Where the last call stopped; absent or null at the beginning.
    #[serde(default)]
    pub cursor: Option<String>,
    /// The counts of the calls before this one.
    #[serde(default)]
    pub counts: Option<EffectCounts>,
}

/// The work that `share-documents` would do. Counts are cumulative over the loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SurveyOutput {
    /// Nothing is left to look at.
    pub done: bool,
    /// Where to go on, while not done.
    pub cursor: Option<String>,
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// The counts so far.
    pub counts: EffectCounts,
}

/// How the look at one owner in one Region ended: with counts, with an error, or with an error after counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SurveyReport {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// The work that there would be to do.
    #[serde(default)]
    pub counts: Option<EffectCounts>,
    /// Why it ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOutput>,
}

/// The request to decide about the findings at all owners and Regions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conclude {
    /// Where the plan lies.
    pub plan: S3Object,
    /// One for each pair of owner and Region.
    pub surveys: Vec<SurveyReport>,
    /// Somebody only wants to see it.
    #[serde(default)]
    pub dry_run: bool,
    /// The id of the plan that somebody agreed to.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Asks `plan-shares` what to do about the effect of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConcludeInput {
    /// The execution that calls the function.
    pub execution: ExecutionRef,
    /// The work that there would be to do.
    pub conclude: Conclude,
}

/// The decision, and where the effect lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conclusion {
    /// Whether it goes on.
    pub verdict: Verdict,
    /// Names the plan where somebody confirms it.
    pub id: String,
    /// Where the `SharingEffect` lies.
    pub effect: S3Object,
    /// The counts of all owners and Regions.
    pub totals: EffectCounts,
    /// The pairs of owner and Region to work on.
    pub work: Vec<WorkItem>,
    /// The report of the others.
    pub untouched: Vec<ShareReport>,
}

/// Everything that `plan-shares` is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanRequest {
    /// Whether an execution is to go on, and for whom.
    Gather(GatherInput),
    /// The decision about the effect of a plan.
    Conclude(ConcludeInput),
    /// To make a plan.
    Plan(PlanSharesInput),
}

/// Not derived: serde would try one after the other, and say nothing of what is wrong with a person's input.
impl<'de> Deserialize<'de> for PlanRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let request = Value::deserialize(deserializer)?;
        let has = |field: &str| request.get(field).is_some();
        let read = match (has("gather"), has("conclude")) {
            (true, _) => serde_json::from_value(request).map(Self::Gather),
            (_, true) => serde_json::from_value(request).map(Self::Conclude),
            _ => serde_json::from_value(request).map(Self::Plan),
        };
        read.map_err(serde::de::Error::custom)
    }
}

/// The answer to a [`PlanRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PlanAnswer {
    /// To [`PlanRequest::Gather`].
    Gathered(Gathered),
    /// To [`PlanRequest::Conclude`].
    Conclusion(Conclusion),
    /// To [`PlanRequest::Plan`].
    Plan(PlanSharesOutput),
}

/// Everything that `share-documents` is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum DocumentsRequest {
    /// To look, and change nothing.
    Survey(SurveyInput),
    /// To share and take back.
    Share(ShareDocumentsInput),
}

/// The answer to a [`DocumentsRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DocumentsAnswer {
    /// To [`DocumentsRequest::Survey`].
    Survey(SurveyOutput),
    /// To [`DocumentsRequest::Share`].
    Share(ShareDocumentsOutput),
}
