//! Parameter Store's own events. Parameters are the emulator's; what a call has changed is seen from the call.

use api::cloudtrail::iso;
use api::{Emission, Request};
use serde_json::{Value, json};

/// Whether a call may change parameters.
pub(crate) fn may_change(operation: &str) -> bool {
    matches!(operation, "PutParameter" | "DeleteParameter" | "DeleteParameters")
}

/// The events of a call that was answered, as in "Amazon EventBridge event examples for Systems Manager". What AWS says of the
/// type of a parameter that is deleted is not known; it is left out.
pub(crate) fn changes(request: &Request, output: &Value) -> Vec<Emission> {
    let input = &request.body;
    match request.operation.as_str() {
        "PutParameter" => {
            let operation = if output["Version"] == 1 { "Create" } else { "Update" };
            let mut detail = json!({"operation": operation, "name": input["Name"]});
            for (field, key) in [("Type", "type"), ("Description", "description")] {
                if let Some(text) = input[field].as_str() {
                    detail[key] = text.into();
                }
            }
            vec![change(request, 0, &detail)]
        }
        "DeleteParameter" => {
            vec![change(request, 0, &json!({"operation": "Delete", "name": input["Name"]}))]
        }
        "DeleteParameters" => {
            let deleted = output["DeletedParameters"].as_array().into_iter().flatten();
            let change = |(n, name): (u32, &Value)| {
                change(request, n, &json!({"operation": "Delete", "name": name}))
            };
            (0..).zip(deleted).map(change).collect()
        }
        _ => Vec::new(),
    }
}

fn change(request: &Request, number: u32, detail: &Value) -> Emission {
    let Request { account, region, now, .. } = request;
    let name = detail["name"].as_str().unwrap_or_default();
    let slash = if name.starts_with('/') { "" } else { "/" };
    Emission {
        account: account.clone(),
        region: region.clone(),
        envelope: json!({
            "version": "0",
            "id": request.derived_id(200 + number).to_string(),
            "detail-type": "Parameter Store Change",
            "source": "aws.ssm",
            "account": account,
            "time": iso(*now),
            "region": region,
            "resources": [format!("arn:aws:ssm:{region}:{account}:parameter{slash}{name}")],
            "detail": detail,
        }),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn request(operation: &str, body: Value) -> Request {
        Request {
            id: Uuid::nil(),
            account: "123456789012".into(),
            region: "us-east-1".into(),
            principal_arn: "arn:aws:iam::123456789012:root".into(),
            access_key_id: "123456789012".into(),
            user_agent: String::new(),
            operation: operation.into(),
            body,
            now: "2017-05-22T16:43:48.5Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_change_of_a_parameter_is_as_in_awss_sample() {
        let put = json!({"Name": "foo", "Type": "String", "Description": "Sample Parameter"});
        let made = changes(&request("PutParameter", put.clone()), &json!({"Version": 1}));
        let envelope = &made[0].envelope;
        assert_eq!(envelope["detail-type"], "Parameter Store Change");
        assert_eq!(envelope["time"], "2017-05-22T16:43:48Z");
        assert_eq!(
            envelope["resources"],
            json!(["arn:aws:ssm:us-east-1:123456789012:parameter/foo"])
        );
        let detail = json!({"operation": "Create", "name": "foo", "type": "String",
            "description": "Sample Parameter"});
        assert_eq!(envelope["detail"], detail);
        let again = changes(&request("PutParameter", put), &json!({"Version": 2}));
        assert_eq!(again[0].envelope["detail"]["operation"], "Update");
    }

    #[test]
    fn each_parameter_that_was_deleted_has_an_event() {
        let output = json!({"DeletedParameters": ["/a", "/b"], "InvalidParameters": ["/c"]});
        let input = json!({"Names": ["/a", "/b", "/c"]});
        let deleted = changes(&request("DeleteParameters", input), &output);
        let names: Vec<&Value> = deleted.iter().map(|e| &e.envelope["detail"]["name"]).collect();
        assert_eq!(names, ["/a", "/b"]);
        assert_ne!(deleted[0].envelope["id"], deleted[1].envelope["id"]);
    }
}
