//! Changes beside those of accounts: documents of owner accounts, sharing rules, OUs. Read from the events of SSM,
//! Parameter Store and Organizations.

use relay_core::event::{Envelope, lookup};
use relay_core::id::{AccountId, Region};
use serde_json::{Map, Value};

use crate::Touched;

/// The calls that make, change or delete documents. ModifyDocumentPermission is not among them: the suite makes it
/// itself, and what people share by hand is found by the next reconcile.
const DOCUMENT_CALLS: [&str; 6] = [
    "CreateDocument",
    "UpdateDocument",
    "UpdateDocumentDefaultVersion",
    "DeleteDocument",
    "AddTagsToResource",
    "RemoveTagsFromResource",
];

/// The calls that change what the paths in rules mean.
const UNIT_CALLS: [&str; 3] =
    ["CreateOrganizationalUnit", "UpdateOrganizationalUnit", "DeleteOrganizationalUnit"];

/// The expected value where one is missing.
type Expected = &'static str;

/// Whether a call of Organizations changes the tree of OUs.
pub(crate) fn changes_units(name: &str) -> bool {
    UNIT_CALLS.contains(&name)
}

/// The subjects that a call of SSM has touched; `Err` with the reason where that is nothing.
pub(crate) fn document_call(
    name: &str,
    detail: &Map<String, Value>,
    event: &Value,
) -> Result<Result<Touched, String>, Expected> {
    if !DOCUMENT_CALLS.contains(&name) {
        return Ok(Err(format!("{name} of aws.ssm changes no document")));
    }
    let requested = |key| lookup::text(detail, &["requestParameters", key]);
    let document = if name.ends_with("Resource") {
        let kind = requested("resourceType").unwrap_or_default();
        if !kind.eq_ignore_ascii_case("Document") {
            return Ok(Err(format!("{name}: the tags of a {kind}, which is not a document")));
        }
        requested("resourceId").ok_or("the text `detail.requestParameters.resourceId`")?
    } else {
        requested("name").ok_or("the text `detail.requestParameters.name`")?
    };
    // One's own document may be named by its ARN.
    let document = document.rsplit('/').next().unwrap_or(document);
    let document = document.parse().map_err(|_| "the name of a document")?;
    let owner: AccountId = place(event, "account")
        .or_else(|| lookup::text(detail, &["recipientAccountId"]))
        .and_then(|id| id.parse().ok())
        .ok_or("an account id at `account`")?;
    let region: Region = place(event, "region")
        .or_else(|| lookup::text(detail, &["awsRegion"]))
        .and_then(|region| region.parse().ok())
        .ok_or("a Region at `region`")?;
    Ok(Ok(Touched::document(owner, region, document)))
}

/// Which rule a change in Parameter Store is about; `Err` with the reason where it is about none.
pub(crate) fn parameter(detail: &Map<String, Value>) -> Result<Result<Touched, String>, Expected> {
    let name = lookup::text(detail, &["name"]).ok_or("the text `detail.name`")?;
    let operation = lookup::text(detail, &["operation"]).unwrap_or_default();
    if !["Create", "Update", "Delete"].contains(&operation) {
        return Ok(Err(format!("{operation} of parameter {name} changes no rule")));
    }
    let parts: Vec<&str> = name.split('/').collect();
    Ok(match parts[..] {
        ["", _, "sharing", rule] if !rule.is_empty() => Ok(Touched::rule(rule)),
        _ => Err(format!("parameter {name} is not a sharing rule")),
    })
}

fn place<'a>(event: &'a Value, key: &str) -> Option<&'a str> {
    event.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The detail type of Parameter Store's own events, which no trail has to record.
pub(crate) fn is_parameter_change(envelope: &Envelope<'_>) -> bool {
    envelope.source == "aws.ssm" && envelope.detail_type == "Parameter Store Change"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn touched(event: &Value) -> Option<Touched> {
        let detail = event["detail"].as_object().unwrap();
        document_call("UpdateDocument", detail, event).unwrap().ok()
    }

    #[test]
    fn a_document_is_where_its_event_comes_from_and_without_that_where_the_trail_is() {
        let event = |account: &str, region: &str| {
            json!({"account": account, "region": region, "detail": {
                "recipientAccountId": "222233334444", "awsRegion": "eu-west-1",
                "requestParameters": {"name": "Org-Patch"}}})
        };
        let at = |owner: &str, region: &str| {
            let (owner, region) = (owner.parse().unwrap(), region.parse().unwrap());
            Some(Touched::document(owner, region, "Org-Patch".parse().unwrap()))
        };
        let both = touched(&event("333344445555", "us-east-1"));
        assert_eq!(both, at("333344445555", "us-east-1"));
        assert_eq!(touched(&event("", "")), at("222233334444", "eu-west-1"));
    }

    #[test]
    fn a_parameter_is_a_sharing_rule_by_its_place_below_the_installation() {
        let asked = |name: &str| {
            let detail = json!({"name": name, "operation": "Update"});
            parameter(detail.as_object().unwrap()).unwrap().ok()
        };
        assert_eq!(asked("/runbook-relay/sharing/platform"), Some(Touched::rule("platform")));
        for name in ["/runbook-relay/sharing/", "/runbook-relay/remediation/web", "/sharing/web"] {
            assert_eq!(asked(name), None, "{name}");
        }
    }
}
