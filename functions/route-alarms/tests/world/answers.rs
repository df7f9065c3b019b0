//! What each service answers when nothing is in its way.

use serde_json::{Value, json};

use super::{Alarm, Answer, Call, Instance, State, cbor};

pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let body = &call.body;
    match (call.service.as_str(), call.operation.as_str()) {
        ("dynamodb", operation) => state.table.serve(operation, body),
        ("ssm", "GetParametersByPath") => {
            assert_eq!(body["Path"], "/runbook-relay/remediation");
            let parameters: Vec<Value> = state
                .rules
                .iter()
                .map(|(name, text)| {
                    let name = format!("/runbook-relay/remediation/{name}");
                    json!({ "Name": name, "Value": text })
                })
                .collect();
            Answer::json(&json!({ "Parameters": parameters }))
        }
        ("ssm", "GetParameter") => match &state.control {
            Some(text) => {
                Answer::json(&json!({ "Parameter": { "Name": body["Name"], "Value": text } }))
            }
            None => Answer::error("ParameterNotFound"),
        },
        ("ssm", "GetCalendarState") => Answer::json(&json!({
            "State": "CLOSED", "AtTime": "2026-01-02T03:04:05Z",
            "NextTransitionTime": "2026-01-03T00:00:00Z",
        })),
        ("sqs", "SendMessage") => {
            assert_eq!(body["QueueUrl"], super::QUEUE);
            let message = serde_json::from_str(body["MessageBody"].as_str().unwrap()).unwrap();
            let delay = body["DelaySeconds"].as_i64().unwrap_or(0);
            assert!((0..=900).contains(&delay), "{delay}");
            state.queue.push((message, delay));
            Answer::json(&json!({ "MessageId": "m", "MD5OfMessageBody": "" }))
        }
        ("states", "StartExecution") => {
            assert_eq!(body["stateMachineArn"], super::MACHINE);
            let name = body["name"].as_str().unwrap().to_owned();
            if state.executions.contains_key(&name) {
                return Answer::error("ExecutionAlreadyExists");
            }
            let input = serde_json::from_str(body["input"].as_str().unwrap()).unwrap();
            state.executions.insert(name, input);
            Answer::json(&json!({ "executionArn": "arn", "startDate": 0 }))
        }
        ("sns", "Publish") => {
            let message: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
            let outcome = message["default"].as_str().unwrap();
            state.outcomes.push(serde_json::from_str(outcome).unwrap());
            xml("Publish", "<MessageId>m</MessageId>")
        }
        ("sts", "AssumeRole") => {
            let account = body["RoleArn"].as_str().unwrap().split(':').nth(4).unwrap();
            assert!(body["RoleArn"].as_str().unwrap().ends_with(":role/runbook-relay-read"));
            xml(
                "AssumeRole",
                &format!(
                    "<Credentials><AccessKeyId>{account}</AccessKeyId>\
                     <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
                ),
            )
        }
        ("monitoring", "DescribeAlarms") => describe_alarms(state, body),
        ("monitoring", "DescribeAlarmHistory") => {
            let item = |(kind, at, summary): &(&str, f64, &str)| json!({ "HistoryItemType": kind, "Timestamp": { "$at": at }, "HistorySummary": summary });
            let items: Vec<Value> = state.history.iter().map(item).collect();
            cbor(&json!({ "AlarmHistoryItems": items }))
        }
        ("monitoring", "ListTagsForResource") => {
            cbor(&json!({ "Tags": [{ "Key": "team", "Value": "web" }] }))
        }
        ("ec2", "DescribeInstances") => match state
            .instances
            .get(body["InstanceId.1"].as_str().unwrap())
        {
            Some(instance) => describe_instance(body["InstanceId.1"].as_str().unwrap(), instance),
            None => Answer::Reply(
                400,
                b"<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>\
                  <Message>no</Message></Error></Errors></Response>"
                    .to_vec(),
            ),
        },
        ("ec2", "DescribeInstanceTypes") => Answer::Reply(
            200,
            b"<DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>m5d.large\
              </instanceType><instanceStorageInfo><disks><item><count>1</count></item></disks>\
              </instanceStorageInfo></item></instanceTypeSet></DescribeInstanceTypesResponse>"
                .to_vec(),
        ),
        ("organizations", "ListParents") => {
            let parent = if body["ChildId"].as_str().unwrap().starts_with("ou-") {
                json!({ "Id": "r-root", "Type": "ROOT" })
            } else {
                json!({ "Id": "ou-root-workload", "Type": "ORGANIZATIONAL_UNIT" })
            };
            Answer::json(&json!({ "Parents": [parent] }))
        }
        ("organizations", "DescribeOrganizationalUnit") => Answer::json(&json!({
            "OrganizationalUnit": { "Id": "ou-root-workload", "Name": "Workloads" }
        })),
        ("tagging", "GetResources") => Answer::json(&json!({ "ResourceTagMappingList": [{
            "ResourceARN": "arn:aws:ec2:us-east-1:111122223333:instance/i-12345678901234567"
        }] })),
        (service, operation) => panic!("no answer to {service} {operation}"),
    }
}

fn cbor(body: &Value) -> Answer {
    Answer::Reply(200, cbor::encode(body))
}

fn xml(operation: &str, result: &str) -> Answer {
    let text = format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    );
    Answer::Reply(200, text.into_bytes())
}

fn describe_alarms(state: &State, body: &Value) -> Answer {
    let names = body["AlarmNames"].as_array().unwrap().iter();
    let (mut metric, mut composite) = (Vec::new(), Vec::new());
    for name in names.filter_map(Value::as_str) {
        let Some(alarm) = state.alarms.get(name) else { continue };
        let Alarm { state, actions_enabled, metric: of } = alarm;
        let mut described = json!({
            "AlarmName": name, "StateValue": state, "ActionsEnabled": actions_enabled,
            "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:{}:alarm:{name}", super::HUB),
        });
        match of {
            Some((namespace, metric_name, instance)) => {
                described["Namespace"] = json!(namespace);
                described["MetricName"] = json!(metric_name);
                described["Dimensions"] = json!([{ "Name": "InstanceId", "Value": instance }]);
                metric.push(described);
            }
            None => composite.push(described),
        }
    }
    cbor(&json!({ "MetricAlarms": metric, "CompositeAlarms": composite }))
}

fn describe_instance(id: &str, instance: &Instance) -> Answer {
    let tags = instance.group.map_or_else(String::new, |group| {
        format!(
            "<tagSet><item><key>aws:autoscaling:groupName</key><value>{group}</value></item></tagSet>"
        )
    });
    let root = if instance.instance_store { "instance-store" } else { "ebs" };
    let owner = if instance.loose_address { "amazon" } else { super::HUB };
    let text = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
         <instanceId>{id}</instanceId><instanceType>m5d.large</instanceType>\
         <rootDeviceType>{root}</rootDeviceType>{tags}<networkInterfaceSet><item><association>\
         <ipOwnerId>{owner}</ipOwnerId></association></item></networkInterfaceSet>\
         </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    );
    Answer::Reply(200, text.into_bytes())
}
