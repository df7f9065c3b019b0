//! Who approved or rejected a run: the output `ApproverDecisions` of an `aws:approve` step. Reads, decides nothing.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most characters of a comment in an outcome.
const COMMENT: usize = 1_000;

/// The answer of an approver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApproverAnswer {
    /// The run may go on.
    Approved,
    /// The run ends without having done anything.
    Rejected,
}

/// One approver's decision, as Automation recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalDecision {
    /// The ARN of the approver: of a user, or of a session of a role.
    pub approver: String,
    /// Approval, or rejection: a single one ends the waiting.
    pub answer: ApproverAnswer,
    /// When, as far as Automation says.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
    /// The text that the approver wrote with the answer.
    #[serde(default)]
    pub comment: Option<String>,
}

impl ApprovalDecision {
    /// The decisions in the output `ApproverDecisions`, in its order. Each text is a JSON object with `Approver`, `Decision`,
    /// `ApprovalDecisionTime` and `Comment`, or a list of them (AWS re:Post, "Get result of aws:approve action as output of
    /// custom Document", 2022-04: AWS does not document it). A text of another form is left out.
    #[must_use]
    pub fn read(outputs: &[String]) -> Vec<Self> {
        let parsed = outputs.iter().filter_map(|text| serde_json::from_str(text).ok());
        let objects = parsed.flat_map(|value: Value| match value {
            Value::Array(values) => values,
            one => vec![one],
        });
        objects.filter_map(|object| Self::one(&object)).collect()
    }

    fn one(object: &Value) -> Option<Self> {
        let text = |key: &str| object[key].as_str().filter(|text| !text.is_empty());
        Some(Self {
            approver: text("Approver")?.to_owned(),
            answer: match text("Decision")? {
                "Approve" | "Approved" => ApproverAnswer::Approved,
                "Reject" | "Rejected" => ApproverAnswer::Rejected,
                _ => return None,
            },
            at: text("ApprovalDecisionTime").and_then(|time| time.parse().ok()),
            comment: text("Comment").map(|comment| comment.chars().take(COMMENT).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "arn:aws:sts::111122223333:assumed-role/on-call/alice";

    fn read(outputs: &[&str]) -> Vec<ApprovalDecision> {
        ApprovalDecision::read(&outputs.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_decision_says_who_when_and_why() {
        let text = format!(
            r#"{{"Approver": "{ALICE}", "Decision": "Approve",
                "ApprovalDecisionTime": "2022-04-06T07:22:51.034463Z", "Comment": "It is valid"}}"#
        );
        let expected = ApprovalDecision {
            approver: ALICE.to_owned(),
            answer: ApproverAnswer::Approved,
            at: Some("2022-04-06T07:22:51.034463Z".parse().unwrap()),
            comment: Some("It is valid".to_owned()),
        };
        assert_eq!(read(&[&text]), std::slice::from_ref(&expected));
        assert_eq!(read(&[&format!("[{text}, {text}]")]), [expected.clone(), expected]);
    }

    #[test]
    fn what_is_missing_is_none_and_another_form_is_left_out() {
        let text = format!(r#"{{"Approver": "{ALICE}", "Decision": "Reject", "Comment": ""}}"#);
        let decision = &read(&[&text, "[]", "no JSON", "{}", r#"{"Approver": "a"}"#])[..];
        assert_eq!(decision.len(), 1);
        assert_eq!(decision[0].answer, ApproverAnswer::Rejected);
        assert_eq!((decision[0].at, decision[0].comment.as_ref()), (None, None));
    }

    #[test]
    fn a_comment_is_cut_where_an_outcome_ends_it() {
        let comment = "ä".repeat(COMMENT + 1);
        let text = format!(r#"{{"Approver": "a", "Decision": "Approve", "Comment": "{comment}"}}"#);
        let comment = read(&[&text])[0].comment.clone().unwrap();
        assert_eq!(comment.chars().count(), COMMENT);
    }
}
