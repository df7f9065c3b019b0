//! Starts: inputs, refusals, tokens.

use serde_json::json;

use super::rig::{HERE, REGION, Rig, act, runbook};
use crate::ports::{Actor, Assumer};
use crate::{StartError, StartRequest, Status, Tag, Target};

const ROLE: &str = "arn:aws:iam::111122223333:role/Automation";

fn with_role() -> String {
    let top = "assumeRole: '{{ AutomationAssumeRole }}'\nparameters:\n  AutomationAssumeRole: {type: String, default: ''}\n  Level: {type: String, allowedValues: [low, high], default: low}\n";
    runbook(top, &act("a", "", "Level: '{{ Level }}'"))
}

fn given(request: &mut StartRequest, name: &str, value: &str) {
    request.parameters.insert(name.to_owned(), vec![value.to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_with_the_same_token_meets_the_first_execution() {
    let rig = Rig::with(&with_role()).await;
    let request = |level: &str| {
        let mut request = rig.request("Main");
        request.client_token = Some("0b0ed6f6-3e1e-4a3b-9f0b-4c4f2bb1e7a1".to_owned());
        given(&mut request, "Level", level);
        request
    };
    let first = rig.engine.start(request("low")).await.unwrap();
    let mut again = request("low");
    again.client_token = again.client_token.map(|token| token.to_uppercase());
    assert_eq!(rig.engine.start(again).await.unwrap(), first);
    rig.end(&first).await;
    assert_eq!(rig.engine.start(request("low")).await.unwrap(), first, "also after its end");
    let other = rig.engine.start(request("high")).await;
    assert!(matches!(other, Err(StartError::IdempotentParameterMismatch(_))));
    assert_eq!(rig.engine.executions(HERE, REGION).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_refused() {
    let rig = Rig::with(&with_role()).await;
    type Change = fn(&mut StartRequest);
    type Is = fn(&StartError) -> bool;
    let cases: [(&str, Change, Is); 11] = [
        (
            "no document",
            |r| r.document_name = "None".into(),
            |e| matches!(e, StartError::DefinitionNotFound(_)),
        ),
        (
            "no version",
            |r| r.document_version = Some("7".into()),
            |e| matches!(e, StartError::VersionNotFound(_)),
        ),
        (
            "unknown parameter",
            |r| given(r, "Colour", "red"),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "value not allowed",
            |r| given(r, "Level", "middle"),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "no role's ARN",
            |r| given(r, "AutomationAssumeRole", "Automation"),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "six tags",
            |r| r.tags = (0..6).map(|n| Tag { key: n.to_string(), value: String::new() }).collect(),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "targets without a parameter",
            |r| r.targets = vec![Target { key: "tag:A".into(), values: vec!["b".into()] }],
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "targets with a parameter in the wrong case",
            |r| {
                r.targets = vec![Target { key: "tag:A".into(), values: vec!["b".into()] }];
                r.target_parameter_name = Some("level".into());
            },
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "an unknown kind of target",
            |r| {
                r.targets = vec![Target { key: "Colour".into(), values: vec!["b".into()] }];
                r.target_parameter_name = Some("Level".into());
            },
            |e| matches!(e, StartError::InvalidTarget(_)),
        ),
        (
            "a concurrency of none",
            |r| r.max_concurrency = Some("0".into()),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
        (
            "errors of 101 %",
            |r| r.max_errors = Some("101%".into()),
            |e| matches!(e, StartError::InvalidParameters(_)),
        ),
    ];
    for (name, change, is) in cases {
        let mut request = rig.request("Main");
        change(&mut request);
        let refused = rig.engine.start(request).await.expect_err(name);
        assert!(is(&refused), "{name}: {refused:?}");
    }
    assert!(rig.engine.executions(HERE, REGION).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_documents_role_is_assumed_and_acts() {
    let rig = Rig::with(&with_role()).await;
    let mut request = rig.request("Main");
    given(&mut request, "AutomationAssumeRole", ROLE);
    assert_eq!(rig.engine.assume_role(&request), Ok(Some(ROLE.to_owned())));
    let id = rig.engine.start(request).await.unwrap();
    let expected = Actor::Role {
        role_arn: ROLE.to_owned(),
        through: Assumer::Service,
        source_arn: format!("arn:aws:ssm:eu-west-1:111122223333:automation-execution/{id}"),
    };
    assert_eq!(rig.world.aws.checked(), [expected]);
    assert_eq!(rig.engine.assume_role(&rig.request("Main")), Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_starts_nothing() {
    let rig = Rig::with(&with_role()).await;
    rig.world.aws.close_role(ROLE);
    let mut request = rig.request("Main");
    given(&mut request, "AutomationAssumeRole", ROLE);
    assert_eq!(
        rig.engine.start(request).await,
        Err(StartError::InvalidParameters(
            "The defined assume role is unable to be assumed.".to_owned()
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn defaults_are_resolved_when_they_are_read() {
    let top = "parameters:\n  Image: {type: String, default: '{{ ssm:/images/latest }}'}\n  Source: {type: String, default: ami-1}\n  Name: {type: String, default: 'from_{{Source}}_on_{{global:DATE}}'}\n";
    let rig =
        Rig::with(&runbook(top, &act("a", "", "Image: '{{ Image }}', As: '{{ Name }}'"))).await;
    rig.world.aws.answer(|call| {
        assert_eq!((call.service.as_str(), call.api.as_str()), ("ssm", "GetParameter"));
        Ok(json!({"Parameter": {"Name": call.parameters["Name"], "Type": "String", "Value": "ami-9"}}))
    });
    let view = rig.run().await;
    assert_eq!(view.status, Status::Success);
    assert_eq!(view.steps[0].inputs["Image"], "ami-9");
    assert_eq!(view.steps[0].inputs["As"], "from_ami-1_on_2026-01-01");
    assert_eq!(view.parameters["Image"], "ami-9");
}

#[tokio::test(start_paused = true)]
async fn what_is_given_is_not_substituted() {
    let rig =
        Rig::with(&runbook("parameters:\n  P: {type: String}\n", &act("a", "", "P: '{{ P }}'")))
            .await;
    let mut request = rig.request("Main");
    given(&mut request, "P", "{{ global:REGION }}");
    let id = rig.engine.start(request).await.unwrap();
    assert_eq!(rig.end(&id).await.steps[0].inputs["P"], "{{ global:REGION }}");
}

#[tokio::test(start_paused = true)]
async fn executions_are_listed_newest_first_where_they_are() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    let (first, second) = (rig.start().await, rig.start().await);
    let listed: Vec<_> =
        rig.engine.executions(HERE, REGION).iter().map(|view| view.id.clone()).collect();
    assert_eq!(listed, [second, first.clone()]);
    assert!(rig.engine.executions(HERE, "us-east-1").is_empty());
    assert!(rig.engine.execution("444455556666", REGION, &first).is_none());
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_changed_and_removed() {
    let rig = Rig::with_steps(&act("a", "", "")).await;
    let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
    let mut request = rig.request("Main");
    request.tags = vec![tag("a", "1"), tag("b", "1")];
    let id = rig.engine.start(request).await.unwrap();
    assert!(
        rig.engine
            .tag(HERE, REGION, &id, vec![tag("b", "2"), tag("c", "1")], vec!["a".into()])
            .await
    );
    assert_eq!(rig.view(&id).tags, [tag("b", "2"), tag("c", "1")]);
    assert!(!rig.engine.tag(HERE, REGION, "none", Vec::new(), Vec::new()).await);
}
