//! Whose credentials a call is made with, and for how long they are held.

use std::time::Duration;

use engine::ports::{Actor, ApiErrorKind, Assumer, Aws};
use serde_json::json;

use crate::endpoint::Reply;
use crate::world::{ACCOUNT, EXECUTION, REGION, World, call, caller, new_key, role, run};

async fn get_parameter(world: &World, actor: &Actor) -> Result<(), engine::ports::ApiError> {
    world.call(call(actor, "ssm", "GetParameter", json!({"Name": "p"}))).await.map(drop)
}

fn found() -> Reply {
    Reply::json(200, r#"{"Parameter": {"Name": "p"}}"#)
}

#[test]
fn a_role_is_assumed_for_the_service_in_the_name_of_the_execution() {
    run(|world| async move {
        world.endpoint.answer("ASIAplain1", [found()]);
        get_parameter(world, &role("plain")).await.unwrap();
        let asked = world.sessions.asked.lock().unwrap().clone();
        assert!(asked.contains(&(
            format!("arn:aws:iam::{ACCOUNT}:role/plain"),
            "Automation-5a927c4c-3d51-4915-8d7e-82fc4c61e479".into(),
            EXECUTION.into(),
        )));
        let requests = world.endpoint.requests("ASIAplain1");
        assert_eq!(requests[0].headers["x-amz-security-token"], "token-of-plain");
    });
}

#[test]
fn a_session_is_held_until_five_minutes_before_its_end() {
    run(|world| async move {
        world.sessions.last("long", Duration::from_secs(3600));
        world.sessions.last("short", Duration::from_secs(299));
        for key in ["ASIAlong1", "ASIAshort1", "ASIAshort2", "ASIAshort3"] {
            world.endpoint.answer(key, [found()]);
        }
        for _ in 0..3 {
            get_parameter(world, &role("short")).await.unwrap();
        }
        assert_eq!(world.sessions.count("short"), 3);
        futures::future::join_all((0..3).map(|_| async {
            get_parameter(world, &role("long")).await.unwrap();
        }))
        .await;
        assert_eq!(world.sessions.count("long"), 1);
    });
}

#[test]
fn sessions_are_one_execution_s_own() {
    run(|world| async move {
        let of = |execution: &str| Actor::Role {
            role_arn: format!("arn:aws:iam::{ACCOUNT}:role/shared"),
            through: Assumer::Service,
            source_arn: format!("arn:aws:ssm:{REGION}:{ACCOUNT}:automation-execution/{execution}"),
        };
        for key in ["ASIAshared1", "ASIAshared2"] {
            world.endpoint.answer(key, [found()]);
        }
        get_parameter(world, &of("one")).await.unwrap();
        get_parameter(world, &of("two")).await.unwrap();
        get_parameter(world, &of("one")).await.unwrap();
        assert_eq!(world.sessions.count("shared"), 2);
    });
}

#[test]
fn a_session_that_is_over_before_its_time_is_replaced_at_the_next_call() {
    run(|world| async move {
        world
            .endpoint
            .answer("ASIAover1", [Reply::json(400, r#"{"__type": "ExpiredTokenException"}"#)]);
        world.endpoint.answer("ASIAover2", [found()]);
        let error = get_parameter(world, &role("over")).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission);
        get_parameter(world, &role("over")).await.unwrap();
    });
}

#[test]
fn a_role_that_does_not_let_the_service_in_is_a_permission() {
    run(|world| async move {
        let denied = role("untrusting");
        let error = get_parameter(world, &denied).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.kind), ("AccessDenied", ApiErrorKind::Permission));
        let error = world.python.check_actor(&denied, REGION).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission);
    });
}

#[test]
fn whether_a_role_can_be_assumed_now_is_asked_now() {
    run(|world| async move {
        let actor = role("checked");
        for _ in 0..2 {
            world.python.check_actor(&actor, REGION).await.unwrap();
        }
        assert_eq!(world.sessions.count("checked"), 2);
        // The session of the check is the one that calls are made with.
        world.endpoint.answer("ASIAchecked2", [found()]);
        get_parameter(world, &actor).await.unwrap();
        assert_eq!(world.sessions.count("checked"), 2);
    });
}

#[test]
fn an_execution_role_is_assumed_with_the_credentials_of_its_actor() {
    run(|world| async move {
        let key = new_key();
        let assumed = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAremote</AccessKeyId>\
            <SecretAccessKey>s</SecretAccessKey><SessionToken>remote-token</SessionToken>\
            <Expiration>2026-11-25T10:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        world.endpoint.answer(&key, [Reply::xml(200, assumed)]);
        world.endpoint.answer("ASIAremote", [found()]);
        let execution_role = Actor::Role {
            role_arn: "arn:aws:iam::222233334444:role/AWS-SystemsManager-AutomationExecutionRole"
                .into(),
            through: Assumer::Actor(Box::new(caller(&key))),
            source_arn: EXECUTION.into(),
        };
        for _ in 0..2 {
            get_parameter(world, &execution_role).await.unwrap();
        }
        let requests = world.endpoint.requests(&key);
        assert_eq!(requests.len(), 1);
        for part in [
            "Action=AssumeRole",
            "RoleArn=arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2FAWS-SystemsManager-AutomationExecutionRole",
            "RoleSessionName=Automation-5a927c4c-3d51-4915-8d7e-82fc4c61e479",
            "DurationSeconds=3600",
        ] {
            assert!(requests[0].body.contains(part), "{}", requests[0].body);
        }
        let requests = world.endpoint.requests("ASIAremote");
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].headers["x-amz-security-token"], "remote-token");
    });
}

#[test]
fn an_execution_role_that_refuses_its_actor_is_a_permission() {
    run(|world| async move {
        let key = new_key();
        let refusal = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>";
        world.endpoint.answer(&key, [Reply::xml(403, refusal)]);
        let actor = Actor::Role {
            role_arn: "arn:aws:iam::222233334444:role/closed".into(),
            through: Assumer::Actor(Box::new(caller(&key))),
            source_arn: EXECUTION.into(),
        };
        let error = get_parameter(world, &actor).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Permission);
        assert_eq!(
            error.message,
            "An error occurred (AccessDenied) when calling the AssumeRole operation: No."
        );
    });
}
