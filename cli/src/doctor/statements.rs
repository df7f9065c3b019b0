//! A resource's policy about a service of AWS that acts for an account.

use relay_core::rules::Glob;
use serde_json::{Value, json};

/// On whose behalf a service calls.
#[derive(Clone, Copy)]
pub(super) struct OnBehalf<'a> {
    pub(super) account: &'a str,
    pub(super) organization: &'a str,
}

/// The statement of a policy about one action of a service.
#[derive(Debug, PartialEq)]
pub(super) enum Permission {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// The first statement that denies it, by its `Sid` or its place.
    Denied(String),
}

/// Weighs the statements of a policy. A condition on something that only a call knows, such as the ARN of a rule, is
/// taken as kept by an allowing statement and as not kept by a denying one: a finding here is never a guess.
pub(super) fn weigh(policy: &Value, service: &str, action: &str, on: OnBehalf<'_>) -> Permission {
    let statements = list(&policy["Statement"]);
    if let Some(place) = statements.iter().position(|it| denies(it, service, action, on)) {
        let named = statements[place]["Sid"].as_str().map(str::to_owned);
        return Permission::Denied(named.unwrap_or_else(|| format!("number {}", place + 1)));
    }
    let allowed = statements.iter().any(|statement| {
        statement["Effect"] == "Allow"
            && names(&statement["Principal"]["Service"], service)
            && is_about(statement, action)
            && keeps(&statement["Condition"], on) != Some(false)
    });
    if allowed { Permission::Allowed } else { Permission::NotAllowed }
}

/// The policy without the statements that deny a service something.
pub(super) fn without_denials(
    policy: &Value,
    service: &str,
    action: &str,
    on: OnBehalf<'_>,
) -> Value {
    let kept = list(&policy["Statement"]).into_iter().filter(|it| !denies(it, service, action, on));
    json!({"Version": "2012-10-17", "Statement": kept.collect::<Vec<_>>()})
}

/// The policy with a statement that lets a service in, for this account.
pub(super) fn with_statement(
    policy: &Value,
    service: &str,
    actions: &[&str],
    (resource, account): (&str, &str),
) -> Value {
    let name = service.split('.').next().unwrap_or(service);
    let mut statements = list(&policy["Statement"]);
    statements.push(json!({
        "Sid": format!("Let{}{}In", name[..1].to_uppercase(), &name[1..]),
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }));
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn denies(statement: &Value, service: &str, action: &str, on: OnBehalf<'_>) -> bool {
    let principal = &statement["Principal"];
    statement["Effect"] == "Deny"
        && (names(principal, "*")
            || names(&principal["Service"], service)
            || names(&principal["AWS"], "*"))
        && is_about(statement, action)
        && keeps(&statement["Condition"], on) == Some(true)
}

fn is_about(statement: &Value, action: &str) -> bool {
    let action = action.to_lowercase();
    let is_meant = |pattern: &str| Glob::new(pattern.to_lowercase()).matches(&action);
    list(&statement["Action"]).iter().filter_map(Value::as_str).any(is_meant)
}

/// Whether the call keeps the conditions of a statement; nothing where one of them cannot be known from here.
fn keeps(conditions: &Value, on: OnBehalf<'_>) -> Option<bool> {
    let mut is_known = true;
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            match keeps_one(operator, key, &list(values), on) {
                Some(false) => return Some(false),
                Some(true) => {}
                None => is_known = false,
            }
        }
    }
    is_known.then_some(true)
}

fn keeps_one(operator: &str, key: &str, values: &[Value], on: OnBehalf<'_>) -> Option<bool> {
    let value = match key.to_lowercase().as_str() {
        "aws:sourceaccount" => on.account,
        "aws:sourceorgid" => on.organization,
        // Services of AWS call over TLS, and as themselves.
        "aws:securetransport" | "aws:principalisawsservice" => "true",
        _ => return None,
    };
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let expected = values.iter().filter_map(|it| match it {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    });
    let found = |like: bool| {
        expected.into_iter().any(|it| if like { Glob::new(it).matches(value) } else { it == value })
    };
    match operator {
        "StringEquals" | "Bool" => Some(found(false)),
        "StringLike" => Some(found(true)),
        "StringNotEquals" => Some(!found(false)),
        "StringNotLike" => Some(!found(true)),
        _ => None,
    }
}

fn names(value: &Value, name: &str) -> bool {
    list(value).iter().any(|one| one.as_str() == Some(name))
}

/// A policy has one or a list in many places.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = "events.amazonaws.com";
    const HERE: OnBehalf<'_> = OnBehalf { account: "111122223333", organization: "o-exampleorgid" };

    fn asked(policy: &Value, service: &str, action: &str) -> Permission {
        weigh(policy, service, action, HERE)
    }

    #[test]
    fn a_policy_lets_in_whom_an_allowing_statement_names_for_the_action() {
        let policy = json!({"Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "cloudwatch.amazonaws.com"]},
             "Action": ["sns:Pub*", "kms:Decrypt"]},
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"},
        ]});
        assert_eq!(asked(&policy, "cloudwatch.amazonaws.com", "sns:Publish"), Permission::Allowed);
        assert_eq!(asked(&policy, "sns.amazonaws.com", "kms:Decrypt"), Permission::Allowed);
        let other = asked(&policy, "sns.amazonaws.com", "kms:GenerateDataKey");
        assert_eq!(other, Permission::NotAllowed, "another action");
        assert_eq!(asked(&policy, EVENTS, "sns:Publish"), Permission::NotAllowed, "not a service");
        assert_eq!(asked(&Value::Null, EVENTS, "sns:Publish"), Permission::NotAllowed);
        let one = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "SQS:*"}});
        assert_eq!(asked(&one, EVENTS, "sqs:SendMessage"), Permission::Allowed);
    }

    #[test]
    fn a_denial_stands_above_what_is_allowed_where_it_is_known_to_be_about_the_call() {
        let with = |denial: Value| {
            let allowed = json!({"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sqs:SendMessage"});
            json!({"Statement": [allowed, denial]})
        };
        let denial = |principal: Value, condition: Value| {
            with(
                json!({"Sid": "Closed", "Effect": "Deny", "Principal": principal, "Action": "sqs:*", "Condition": condition}),
            )
        };
        let closed = Permission::Denied("Closed".to_owned());
        for (policy, expected) in [
            (denial(json!("*"), Value::Null), &closed),
            (denial(json!({"AWS": "*"}), Value::Null), &closed),
            (denial(json!({"Service": EVENTS}), Value::Null), &closed),
            (denial(json!({"Service": "sns.amazonaws.com"}), Value::Null), &Permission::Allowed),
            (
                denial(json!("*"), json!({"Bool": {"aws:SecureTransport": "false"}})),
                &Permission::Allowed,
            ),
            (
                denial(
                    json!("*"),
                    json!({"StringNotEquals": {"aws:SourceAccount": "444455556666"}}),
                ),
                &closed,
            ),
            (
                denial(
                    json!("*"),
                    json!({"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-exampleorgid"}}),
                ),
                &Permission::Allowed,
            ),
            (
                denial(json!("*"), json!({"ArnNotLike": {"aws:SourceArn": "arn:aws:events:*"}})),
                &Permission::Allowed,
            ),
        ] {
            assert_eq!(asked(&policy, EVENTS, "sqs:SendMessage"), *expected, "{policy}");
        }
        let nameless = with(json!({"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}));
        let found = asked(&nameless, EVENTS, "sqs:SendMessage");
        assert_eq!(found, Permission::Denied("number 2".to_owned()));
        let mended = without_denials(&nameless, EVENTS, "sqs:SendMessage", HERE);
        assert_eq!(asked(&mended, EVENTS, "sqs:SendMessage"), Permission::Allowed);
    }

    #[test]
    fn a_statement_for_another_account_or_organization_lets_nobody_in() {
        let with = |condition: Value| {
            json!({"Statement": {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sqs:SendMessage",
                "Condition": condition}})
        };
        for (condition, expected) in [
            (json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}), Permission::Allowed),
            (
                json!({"StringEquals": {"AWS:SourceAccount": ["1", "111122223333"]}}),
                Permission::Allowed,
            ),
            (
                json!({"StringEquals": {"aws:SourceAccount": "444455556666"}}),
                Permission::NotAllowed,
            ),
            (json!({"StringEquals": {"aws:SourceOrgID": "o-otherorgid"}}), Permission::NotAllowed),
            (json!({"StringLike": {"aws:SourceAccount": "1111*"}}), Permission::Allowed),
            (
                json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:111122223333:*"}}),
                Permission::Allowed,
            ),
        ] {
            let policy = with(condition);
            assert_eq!(asked(&policy, EVENTS, "sqs:SendMessage"), expected, "{policy}");
        }
    }

    #[test]
    fn a_policy_that_is_mended_lets_the_service_in_and_keeps_its_statements() {
        let policy = json!({"Statement": {"Sid": "Mine", "Effect": "Deny", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:*"}});
        let resource = ("arn:aws:sqs:us-east-1:1:q", "111122223333");
        let mended = with_statement(&policy, EVENTS, &["sqs:SendMessage"], resource);
        assert_eq!(asked(&mended, EVENTS, "sqs:SendMessage"), Permission::Allowed);
        assert_eq!(mended["Statement"][0]["Sid"], "Mine");
        assert_eq!(mended["Statement"][1]["Sid"], "LetEventsIn");
    }
}
