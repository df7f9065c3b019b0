//! The quotas of the hub's account that the suite can run into.

use aws::AwsError;
use aws::signed::Signed;
use aws_sdk_ssm::types::{
    AutomationExecutionFilter, AutomationExecutionFilterKey, DocumentFilter, DocumentFilterKey,
    DocumentPermissionType,
};
use relay_core::id::AccountId;
use sharing::SharingRules;

use super::Finding;
use super::hub::read;
use crate::session::Session;

/// AWS runs so many automations of an account and Region at a time; the rest waits.
const RUNNING: usize = 100;
/// So many wait; AWS refuses to start more.
const QUEUED: usize = 5_000;
/// Accounts that a document can be shared with, unless AWS raised the quota.
const SHARES: usize = 1_000;
/// The invocations that one execution of share-runbooks makes at a time, where the stack does not say.
const SHARE_CONCURRENCY: u64 = 10;
/// The documents of the hub that are looked at, at most.
const DOCUMENTS: usize = 500;

/// Whether one join leaves room for alarms. A new account has about ten concurrent invocations.
pub(super) async fn invocations(session: &Session) -> Finding {
    const CHECK: &str = "concurrency";
    const PATH: &str = "2016-08-19/account-settings";
    let lambda = Signed::new(&session.config, "lambda");
    let answer = lambda.get(PATH).await.and_then(|(status, body)| read("lambda", status, &body));
    let settings = match answer {
        Ok(settings) => settings,
        Err(error) => return Finding::unseen(CHECK, "lambda:GetAccountSettings", &error),
    };
    let limit = |name: &str| settings["AccountLimit"][name].as_u64();
    // Functions with a reserve of their own take theirs out of the account's.
    let most = limit("UnreservedConcurrentExecutions").or_else(|| limit("ConcurrentExecutions"));
    let Some(most) = most else {
        return Finding::unseen(CHECK, "lambda:GetAccountSettings", &"no limit in the answer");
    };
    let at_once = session.stack.parameter("ShareMaximumConcurrency").parse();
    let at_once = at_once.unwrap_or(SHARE_CONCURRENCY);
    if at_once * 2 <= most {
        return Finding::ok(
            CHECK,
            format!("{most} concurrent invocations, a join takes {at_once}"),
        );
    }
    Finding::warning(
        CHECK,
        format!(
            "the account has {most} concurrent invocations and a join takes up to {at_once} of them for minutes, which delays alarms"
        ),
        format!(
            "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000\n\
             Until then: {} --parameter-overrides ShareMaximumConcurrency={}",
            session.stack.deploy(),
            (most / 2).max(1)
        ),
    )
}

/// Whether runs are started at once, wait, or are refused.
pub(super) async fn automations(session: &Session) -> Finding {
    const CHECK: &str = "automations";
    let counts =
        tokio::try_join!(count(session, "InProgress", RUNNING), count(session, "Pending", QUEUED));
    match counts {
        Ok((running, queued)) => crowd(running, queued),
        Err(error) => Finding::unseen(CHECK, "ssm:DescribeAutomationExecutions", &error),
    }
}

/// The finding about so many automations.
fn crowd(running: usize, queued: usize) -> Finding {
    const CHECK: &str = "automations";
    const REMEDY: &str = "\
        aws ssm describe-automation-executions --filters Key=ExecutionStatus,Values=InProgress --query 'AutomationExecutionMetadataList[].[AutomationExecutionId,DocumentName,ExecutedBy]' --output text\n\
        Stop what is not needed: aws ssm stop-automation-execution --type Cancel --automation-execution-id ID\n\
        Or run more at once: aws ssm update-service-setting --setting-id /ssm/automation/enable-adaptive-concurrency --setting-value true";
    let what = format!(
        "{running} of {RUNNING} are running in this Region, {queued} of {QUEUED} are waiting"
    );
    if queued * 5 >= QUEUED * 4 {
        return Finding::problem(CHECK, format!("{what}; AWS refuses to start more"), REMEDY);
    }
    // An automation is pending for a moment at its start.
    if running * 5 >= RUNNING * 4 {
        Finding::warning(CHECK, what, REMEDY)
    } else {
        Finding::ok(CHECK, what)
    }
}

/// The automations in a status, counted as far as `most`.
async fn count(session: &Session, status: &str, most: usize) -> Result<usize, AwsError> {
    let client = aws_sdk_ssm::Client::new(&session.config);
    let filter = AutomationExecutionFilter::builder()
        .key(AutomationExecutionFilterKey::ExecutionStatus)
        .values(status)
        .build()
        .map_err(|error| AwsError::invalid_request(&error))?;
    let mut pages = client.describe_automation_executions().filters(filter).into_paginator().send();
    let mut found = 0;
    while let Some(page) = pages.next().await {
        found += page.map_err(AwsError::from)?.automation_execution_metadata_list().len();
        if found >= most {
            break;
        }
    }
    Ok(found.min(most))
}

/// Documents of the hub that are shared with nearly as many accounts as may be. Those of other owners cannot be seen
/// from here.
pub(super) async fn shares(session: &Session, rules: &SharingRules) -> Vec<Finding> {
    const CHECK: &str = "shares";
    let hub: Option<AccountId> = session.caller.account.parse().ok();
    let (own, others): (Vec<_>, Vec<_>) = rules
        .rules
        .iter()
        .partition(|rule| rule.documents.owner.is_none() || rule.documents.owner == hub);
    let mut findings = Vec::new();
    let mut owners: Vec<&AccountId> =
        others.iter().filter_map(|rule| rule.documents.owner.as_ref()).collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        findings.push(Finding::unknown(
            CHECK,
            format!("with how many accounts the documents of {owner} are shared cannot be seen from here"),
            "In that account: aws ssm describe-document-permission --permission-type Share --query 'length(AccountIds)' --name NAME",
        ));
    }
    if own.is_empty() {
        return findings;
    }
    let globs: Vec<_> = own.iter().flat_map(|rule| &rule.documents.selector.names).collect();
    // A rule that selects by tag or type may mean any of them.
    let any = own.iter().any(|rule| rule.documents.selector.names.is_empty());
    match crowded(session, |name| any || globs.iter().any(|glob| glob.matches(name))).await {
        Err(error) => findings.push(Finding::unseen(CHECK, "ssm:DescribeDocumentPermission", &error)),
        Ok((looked_at, crowded)) if crowded.is_empty() => findings.push(Finding::ok(
            CHECK,
            format!("none of the hub's {looked_at} documents is shared with {} accounts", SHARES / 10 * 9),
        )),
        Ok((_, crowded)) => findings.extend(crowded.into_iter().map(|(name, number)| {
            Finding::warning(
                CHECK,
                format!("{name} is shared with {number} accounts of the {SHARES} that a document can be shared with"),
                "relay plan --by document shows whom the rules mean; select fewer accounts, then: relay apply. Or have \
                 the quota raised: aws support create-case --subject 'SSM: accounts per shared document' --communication-body '...'",
            )
        })),
    }
    findings
}

/// How many documents of the hub were looked at, and those that are shared with many accounts.
async fn crowded(
    session: &Session,
    is_meant: impl Fn(&str) -> bool,
) -> Result<(usize, Vec<(String, usize)>), AwsError> {
    let client = aws_sdk_ssm::Client::new(&session.config);
    let own = DocumentFilter::builder()
        .key(DocumentFilterKey::Owner)
        .value("Self")
        .build()
        .map_err(|error| AwsError::invalid_request(&error))?;
    let list = client.list_documents().document_filter_list(own);
    let mut pages = list.into_paginator().items().send();
    let (mut looked_at, mut crowded) = (0, Vec::new());
    while let Some(document) = pages.next().await {
        let name = document.map_err(AwsError::from)?.name.unwrap_or_default();
        if !is_meant(&name) {
            continue;
        }
        looked_at += 1;
        let number = shared_with(&client, &name).await?;
        if number * 10 >= SHARES * 9 {
            crowded.push((name, number));
        }
        if looked_at == DOCUMENTS {
            break;
        }
    }
    Ok((looked_at, crowded))
}

async fn shared_with(client: &aws_sdk_ssm::Client, name: &str) -> Result<usize, AwsError> {
    let (mut number, mut token) = (0, None);
    loop {
        let ask = client.describe_document_permission().name(name).set_next_token(token);
        let answer = ask.permission_type(DocumentPermissionType::Share).send().await;
        let answer = answer.map_err(AwsError::from)?;
        number += answer.account_ids().len();
        token = answer.next_token;
        if token.is_none() {
            return Ok(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn automations_that_wait_are_a_warning_and_a_queue_that_is_nearly_full_a_problem() {
        for (running, queued, verdict) in [
            (0, 0, Verdict::Ok),
            (79, 3, Verdict::Ok),
            (80, 0, Verdict::Warning),
            (100, 3_999, Verdict::Warning),
            (100, 4_000, Verdict::Problem),
        ] {
            assert_eq!(crowd(running, queued).verdict, verdict, "{running} and {queued}");
        }
    }
}
