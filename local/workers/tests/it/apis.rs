//! Calls that go through: any spelling of any operation, answers in JSON's types.

use std::sync::Arc;

use engine::ports::{Aws, Scripts};
use futures::future::join_all;
use serde_json::json;
use tokio::sync::Barrier;

use crate::endpoint::Reply;
use crate::world::{call, caller, new_key, role, run, script};

const INSTANCES: &str = "<DescribeInstancesResponse><requestId>r</requestId><reservationSet><item><instancesSet><item>\
    <instanceId>i-1</instanceId><launchTime>2026-11-25T10:00:00.000Z</launchTime><ebsOptimized>true</ebsOptimized>\
    <instanceState><code>16</code><name>running</name></instanceState>\
    </item></instancesSet></item></reservationSet></DescribeInstancesResponse>";

#[test]
fn an_operation_is_known_in_every_spelling() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::xml(200, INSTANCES)]);
        for api in ["DescribeInstances", "describe_instances", "describe-instances"] {
            let call = call(&caller(&key), "ec2", api, json!({"InstanceIds": ["i-1"]}));
            let answer = world.call(call).await.unwrap();
            let instance = &answer["Reservations"][0]["Instances"][0];
            assert_eq!(
                *instance,
                json!({
                    "InstanceId": "i-1",
                    "LaunchTime": "2026-11-25T10:00:00+00:00",
                    "EbsOptimized": true,
                    "State": {"Code": 16, "Name": "running"},
                }),
                "{api}"
            );
            assert_eq!(answer["ResponseMetadata"]["HTTPStatusCode"], 200);
        }
        let requests = world.endpoint.requests(&key);
        assert_eq!(requests.len(), 3);
        assert!(requests.iter().all(|it| it.body.contains("Action=DescribeInstances&")));
        assert!(requests.iter().all(|it| it.body.contains("InstanceId.1=i-1")));
    });
}

#[test]
fn operations_with_abbreviations_in_their_names_are_found() {
    run(|world| async move {
        let key = new_key();
        let answer = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
        world.endpoint.answer(&key, [Reply::xml(200, answer)]);
        for api in ["DescribeDBInstances", "describe_db_instances", "describe-db-instances"] {
            let answer = world.call(call(&caller(&key), "rds", api, json!({}))).await.unwrap();
            assert_eq!(answer["DBInstances"], json!([]));
        }
    });
}

#[test]
fn times_of_json_services_are_text_too() {
    run(|world| async move {
        let key = new_key();
        let answer =
            r#"{"Parameter": {"Name": "p", "Version": 3, "LastModifiedDate": 1764064800.5}}"#;
        world.endpoint.answer(&key, [Reply::json(200, answer)]);
        let call = call(&caller(&key), "ssm", "GetParameter", json!({"Name": "p"}));
        let answer = world.call(call).await.unwrap();
        assert_eq!(
            answer["Parameter"],
            json!({"Name": "p", "Version": 3, "LastModifiedDate": "2025-11-25T10:00:00.500000+00:00"})
        );
        let requests = world.endpoint.requests(&key);
        assert_eq!(requests[0].headers["x-amz-target"], "AmazonSSM.GetParameter");
    });
}

#[test]
fn bytes_are_text_or_base64_where_they_are_none() {
    run(|world| async move {
        let key = new_key();
        // "text", and the octets ff 00.
        let answers = ["dGV4dA==", "/wA="].map(|blob| {
            Reply::json(200, &format!(r#"{{"CiphertextBlob": "{blob}", "KeyId": "k"}}"#))
        });
        world.endpoint.answer(&key, answers);
        let call =
            call(&caller(&key), "kms", "Encrypt", json!({"KeyId": "k", "Plaintext": "secret"}));
        assert_eq!(world.call(call.clone()).await.unwrap()["CiphertextBlob"], "text");
        assert_eq!(world.call(call).await.unwrap()["CiphertextBlob"], "/wA=");
    });
}

/// `CloudWatchOutputEnabled: "true"` is in AWS's own samples.
#[test]
fn scalars_written_as_text_get_the_types_of_the_api_at_any_depth() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::json(200, "{}"), Reply::xml(200, INSTANCES)]);
        let command = json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"],
            "TimeoutSeconds": "60", "MaxErrors": 0,
            "CloudWatchOutputConfig": {"CloudWatchOutputEnabled": "True"},
            "Parameters": {"commands": [3, true, "true"]},
        });
        world.call(call(&caller(&key), "ssm", "SendCommand", command)).await.unwrap();
        let mappings = json!([{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": " 20", "Encrypted": "false"}}]);
        let instance = json!({"MinCount": "1", "MaxCount": 2.0, "BlockDeviceMappings": mappings});
        world.call(call(&caller(&key), "ec2", "RunInstances", instance)).await.unwrap();
        let requests = world.endpoint.requests(&key);
        let sent: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
        assert_eq!(
            sent,
            json!({
                "DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-0123456789abcdef0"],
                "TimeoutSeconds": 60, "MaxErrors": "0",
                "CloudWatchOutputConfig": {"CloudWatchOutputEnabled": true},
                "Parameters": {"commands": ["3", "true", "true"]},
            })
        );
        for part in ["MinCount=1", "MaxCount=2", "Ebs.VolumeSize=20", "Ebs.Encrypted=false"] {
            assert!(requests[1].body.contains(part), "{part} in {}", requests[1].body);
        }
    });
}

#[test]
fn a_text_that_spells_no_value_of_the_type_is_refused_before_it_leaves() {
    run(|world| async move {
        let key = new_key();
        for (parameters, says) in [
            (json!({"MinCount": "many", "MaxCount": 1}), "parameter MinCount, value: many"),
            (json!({"MinCount": 1.5, "MaxCount": 1}), "parameter MinCount, value: 1.5"),
            (
                json!({"MinCount": 1, "MaxCount": 1, "DryRun": "yes"}),
                "parameter DryRun, value: yes",
            ),
        ] {
            let error = world
                .call(call(&caller(&key), "ec2", "RunInstances", parameters))
                .await
                .unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
        }
        assert!(world.endpoint.requests(&key).is_empty());
    });
}

#[test]
fn what_a_lambda_function_returns_is_text() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::json(200, r#"{"ok": true}"#)]);
        let invoke = json!({"FunctionName": "f", "Payload": "{\"a\": 1}"});
        let answer = world.call(call(&caller(&key), "lambda", "Invoke", invoke)).await.unwrap();
        assert_eq!(answer["Payload"], r#"{"ok": true}"#);
        assert_eq!(world.endpoint.requests(&key)[0].body, r#"{"a": 1}"#);
    });
}

#[test]
fn a_service_that_puts_the_account_before_its_host_is_reached_all_the_same() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::xml(200, "")]);
        world.endpoint.answer("ASIAprefixed1", [Reply::xml(200, "")]);
        let parameters = json!({"AccountId": "111122223333"});
        let call = call(&caller(&key), "s3control", "DeletePublicAccessBlock", parameters);
        world.call(call).await.unwrap();
        let source = "\
import boto3
def handler(events, context):
    boto3.client('s3control').delete_public_access_block(AccountId='111122223333')
";
        let mut script = script(source, json!({}));
        script.actor = role("prefixed");
        assert_eq!(world.python.run(&script).await.result, Ok(json!(null)));
        for key in [key.as_str(), "ASIAprefixed1"] {
            let requests = world.endpoint.requests(key);
            assert_eq!(requests[0].headers["x-amz-account-id"], "111122223333");
            assert_eq!(requests[0].headers["host"], format!("127.0.0.1:{}", world.endpoint.port));
        }
    });
}

#[test]
fn a_call_is_signed_for_its_region_with_the_actors_key() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::xml(200, INSTANCES)]);
        let mut call = call(&caller(&key), "ec2", "DescribeInstances", json!({}));
        call.region = "ap-southeast-2".into();
        world.call(call).await.unwrap();
        let signed = &world.endpoint.requests(&key)[0].headers["authorization"];
        assert!(signed.starts_with(&format!("AWS4-HMAC-SHA256 Credential={key}/")), "{signed}");
        assert!(signed.contains("/ap-southeast-2/ec2/aws4_request"), "{signed}");
    });
}

#[test]
fn many_calls_are_under_way_at_once_each_with_its_own_key() {
    run(|world| async move {
        // Nobody is answered before all have called.
        let all = Arc::new(Barrier::new(100));
        let keys: Vec<String> = (0..100).map(|_| new_key()).collect();
        for key in &keys {
            let answer = Reply::json(200, &format!(r#"{{"Parameter": {{"Name": "{key}"}}}}"#));
            world.endpoint.answer(key, [Reply::Meet(Arc::clone(&all)), answer]);
        }
        let calls: Vec<_> = keys
            .iter()
            .map(|key| call(&caller(key), "ssm", "GetParameter", json!({"Name": key})))
            .collect();
        let answers = join_all(calls.iter().map(|call| world.python.call(call))).await;
        for (key, answer) in keys.iter().zip(answers) {
            assert_eq!(answer.unwrap()["Parameter"]["Name"], key.as_str());
            assert_eq!(world.endpoint.requests(key).len(), 1);
        }
    });
}
