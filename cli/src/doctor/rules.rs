//! The deployed rules and the kill switch: whether what they name exists.

use aws::AwsError;
use relay_core::organization::Organization;
use relay_core::problem::Problem;
use remediation::guard::Control;
use remediation::{Mode, RemediationRules};
use sharing::SharingRules;

use super::Finding;
use crate::rules::deployed;
use crate::session::Session;

const CHECK: &str = "rules";
/// Accounts that a document can be shared with, unless AWS raised the quota.
const SHARES: usize = 1_000;

pub(super) async fn check(session: &Session, organization: Option<&Organization>) -> Vec<Finding> {
    let mut findings = vec![switch(session).await];
    let ssm = aws_sdk_ssm::Client::new(&session.config);
    let path = session.stack.rule_path();
    let read = async |kind: &str| aws::parameters::texts(&ssm, &format!("{path}{kind}")).await;
    let (sharing, remediation) = match (read("sharing").await, read("remediation").await) {
        (Ok(sharing), Ok(remediation)) => (sharing, remediation),
        (Err(error), _) | (_, Err(error)) => {
            findings.push(Finding::unseen(CHECK, &format!("read {path}"), &error));
            return findings;
        }
    };
    let count = sharing.len() + remediation.len();
    if count == 0 {
        let remedy = "relay rules apply";
        findings.push(Finding::warning(CHECK, format!("there are none below {path}"), remedy));
        return findings;
    }
    let (sharing, remediation) =
        (SharingRules::parse(sharing), RemediationRules::parse(remediation));
    let before = findings.len();
    let invalid = sharing.problems.iter().chain(&remediation.problems);
    findings.extend(invalid.map(|problem| of(problem, true)));
    if let Some(organization) = organization {
        let units = deployed::unknown_units(organization, &sharing.rules, &remediation.rules);
        findings.extend(units.iter().map(|problem| of(problem, true)));
        findings.extend(reach(organization, &sharing));
    }
    match deployed::refusals(session, &remediation.rules).await {
        Ok(refusals) => findings.extend(refusals.iter().map(|problem| of(problem, true))),
        Err(error) => {
            findings.push(Finding::unseen(CHECK, "look at the runbooks", &format!("{error:#}")));
        }
    }
    let warnings = sharing.warnings.iter().chain(&remediation.warnings);
    findings.extend(warnings.map(|problem| of(problem, false)));
    if findings.len() == before {
        let units = if organization.is_some() { "OUs and runbooks" } else { "runbooks" };
        findings.push(Finding::ok(CHECK, format!("{count}, all valid; their {units} exist")));
    }
    findings.extend(super::quotas::shares(session, &sharing).await);
    findings
}

fn of(problem: &Problem, is_wrong: bool) -> Finding {
    let what = format!("{}: {} [{}]", problem.place, problem.what, problem.code.as_str());
    let make = if is_wrong { Finding::problem } else { Finding::warning };
    make(CHECK, what, format!("{} Then: relay rules apply", problem.hint))
}

/// Rules that select about as many accounts as a document can be shared with.
fn reach(organization: &Organization, rules: &SharingRules) -> Vec<Finding> {
    let rules = rules.rules.iter().map(|rule| (rule, organization.resolve(&rule.selection())));
    let near = rules.filter(|(_, found)| found.accounts.len() * 10 >= SHARES * 9);
    near.map(|(rule, found)| {
        let number = found.accounts.len();
        Finding::warning(
            CHECK,
            format!(
                "{} selects {number} accounts; a document can be shared with {SHARES}",
                rule.name
            ),
            "Select fewer accounts, then: relay rules apply. relay plan --by rule shows whom it means.",
        )
    })
    .collect()
}

#[expect(clippy::disallowed_methods, reason = "the moment in which a person asks")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Whether the suite runs at all.
async fn switch(session: &Session) -> Finding {
    const CHECK: &str = "kill switch";
    let name = match session.stack.installation() {
        Ok(installation) => installation.control_parameter(),
        Err(error) => return Finding::unseen(CHECK, "find it", &error),
    };
    let client = aws_sdk_ssm::Client::new(&session.config);
    let answer = client.get_parameter().name(&name).with_decryption(true).send().await;
    let text = match answer.map_err(AwsError::from) {
        Ok(answer) => answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default(),
        Err(error) if error.is("ParameterNotFound") => {
            return Finding::ok(CHECK, "not set: the suite runs");
        }
        Err(error) => return Finding::unseen(CHECK, &format!("read {name}"), &error),
    };
    let remedy =
        format!("relay resume, or: aws ssm delete-parameter --name {name} (docs/operate.md)");
    match Control::parse(&name, &text) {
        Err(problems) => {
            let what = problems.first().map(|problem| problem.what.clone()).unwrap_or_default();
            let what = format!("{name} is invalid, which counts as off: {what}");
            Finding::problem(CHECK, what, remedy)
        }
        Ok(control) => match control.mode_at(now()) {
            Mode::Active => Finding::ok(CHECK, "the suite runs"),
            mode => {
                let what = format!("the suite is on `{}`: {}", mode.as_str(), control.reason);
                Finding::warning(CHECK, what, remedy)
            }
        },
    }
}
