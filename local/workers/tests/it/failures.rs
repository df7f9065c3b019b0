//! Calls that fail: what kind of failure it is, and that nothing is tried twice.

use engine::ports::{ApiErrorKind, Aws};
use serde_json::{Value, json};

use crate::endpoint::Reply;
use crate::world::{call, caller, new_key, run};

#[test]
fn what_the_service_says_is_told_once_in_botocores_words() {
    run(|world| async move {
        for (status, code, kind) in [
            (400, "RequestLimitExceeded", ApiErrorKind::Throttling),
            (503, "ThrottlingException", ApiErrorKind::Throttling),
            (403, "UnauthorizedOperation", ApiErrorKind::Permission),
            (403, "AccessDenied", ApiErrorKind::Permission),
            (400, "InvalidInstanceID.NotFound", ApiErrorKind::Service),
            (500, "InternalError", ApiErrorKind::Service),
            (503, "Unavailable", ApiErrorKind::Service),
        ] {
            let key = new_key();
            world.endpoint.answer(&key, [Reply::refusal(status, code)]);
            let call = call(&caller(&key), "ec2", "DescribeInstances", json!({}));
            let error = world.call(call).await.unwrap_err();
            assert_eq!((error.code.as_str(), error.kind), (code, kind));
            assert_eq!(
                error.message,
                format!(
                    "An error occurred ({code}) when calling the DescribeInstances operation: Because."
                )
            );
            assert_eq!(world.endpoint.requests(&key).len(), 1, "{code}");
        }
    });
}

#[test]
fn a_reply_that_is_lost_is_not_asked_for_again() {
    run(|world| async move {
        for reply in [Reply::Hang, Reply::xml(200, "<DescribeInst")] {
            let key = new_key();
            world.endpoint.answer(&key, [reply]);
            let call = call(&caller(&key), "ec2", "DescribeInstances", json!({}));
            let error = world.call(call).await.unwrap_err();
            assert_eq!(error.kind, ApiErrorKind::Lost, "{error:?}");
            assert_eq!(world.endpoint.requests(&key).len(), 1);
        }
    });
}

#[test]
fn what_botocore_refuses_is_an_input_and_calls_nothing() {
    run(|world| async move {
        let key = new_key();
        for (service, api, parameters, code, says) in [
            ("nosuch", "Describe", json!({}), "UnknownService", "nosuch"),
            ("ec2", "DescribeInstance", json!({}), "UnknownOperation", "DescribeInstance"),
            (
                "s3",
                "get_object",
                json!({"Bucket": "b", "Key": "k"}),
                "ParamValidation",
                "no streaming operations",
            ),
            (
                "logs",
                "StartLiveTail",
                json!({"logGroupIdentifiers": ["g"]}),
                "ParamValidation",
                "no streaming operations",
            ),
            (
                "ec2",
                "StopInstances",
                json!({}),
                "ParamValidation",
                "Missing required parameter in input: \"InstanceIds\"",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": "i-1"}),
                "ParamValidation",
                "valid types: <class 'list'>",
            ),
            (
                "ec2",
                "StopInstances",
                json!({"InstanceIds": ["i-1"], "Forced": true}),
                "ParamValidation",
                "Unknown parameter in input: \"Forced\"",
            ),
        ] {
            let error =
                world.call(call(&caller(&key), service, api, parameters)).await.unwrap_err();
            assert_eq!((error.code.as_str(), error.kind), (code, ApiErrorKind::Input), "{error:?}");
            assert!(error.message.contains(says), "{}", error.message);
        }
        assert!(world.endpoint.requests(&key).is_empty());
    });
}

#[test]
fn parameters_too_long_for_a_message_fail_that_call_alone() {
    run(|world| async move {
        let key = new_key();
        world.endpoint.answer(&key, [Reply::json(200, r#"{"Parameter": {}}"#)]);
        let name = Value::from("x".repeat(65 << 20));
        let long = call(&caller(&key), "ssm", "GetParameter", json!({"Name": name}));
        assert!(world.python.call(&long).await.is_err());
        let short = call(&caller(&key), "ssm", "GetParameter", json!({"Name": "x"}));
        assert!(world.python.call(&short).await.is_ok());
    });
}
