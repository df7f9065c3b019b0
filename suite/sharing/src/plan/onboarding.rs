//! From a plan to the onboarding runbooks that it starts.

use std::time::Duration;

use jiff::Timestamp;
use relay_core::execution::{Trigger, TriggerKind};
use relay_core::id::{AccountId, Region, RunbookName, arn};
use relay_core::name::ExecutionName;
use relay_core::organization::Organization;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::AccountSelector;
use run::{Locations, RuleRef, RunAutomationInput, RunOptions, Rung, all_at_a_time, any_errors};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::OnboardingRunbook;
use crate::plan::{PlannedRule, SharePlan};

/// How long after its joining an account counts as new. Shorter than the 90 days for which Step
/// Functions remembers the names of executions: that name is why nothing starts twice.
pub const NEW_FOR: Duration = Duration::from_secs(30 * 86_400);

/// The inputs of all starts together, in bytes: they travel through states of 256 KiB.
const MOST_BYTES: usize = 60_000;

/// One execution of `run-automation` for a new account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingStart {
    /// The name, the key: one for each account, membership, rule and runbook.
    pub name: String,
    /// The input of the execution.
    pub input: RunAutomationInput,
}

/// The start of one, and its error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnboardingReport {
    /// The name of the execution.
    pub name: String,
    /// Why it was not started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<relay_core::execution::ErrorOutput>,
}

/// The facts that starts depend on beside the plan.
#[derive(Debug, Clone, Copy)]
pub struct OnboardingInput<'a> {
    /// The cause for which the plan was made.
    pub trigger: &'a Trigger,
    /// The ARN of the execution that plans.
    pub execution: &'a str,
    /// When each account joined.
    pub organization: &'a Organization,
    /// The account everything is started from.
    pub hub: AccountId,
    /// The Region everything is started in.
    pub region: &'a Region,
    /// The moment of the plan.
    pub now: Timestamp,
}

impl SharePlan {
    /// The onboarding runbooks of accounts that are new: one run for each account, rule and runbook,
    /// in every Region of the rule. Joins start them, and moves within [`NEW_FOR`]: an account is
    /// born in the root, and its OU's rule means it only later. What does not fit into the machine
    /// becomes a problem of the plan.
    #[must_use]
    pub fn onboarding(&mut self, input: OnboardingInput<'_>) -> Vec<OnboardingStart> {
        let OnboardingInput { trigger, organization, hub, now, .. } = input;
        if !matches!(trigger.kind, TriggerKind::Join | TriggerKind::Move | TriggerKind::Recheck) {
            return Vec::new();
        }
        let joined = |account: AccountId| {
            let at = organization.account(account)?.joined_at?;
            (now.duration_since(at).unsigned_abs() < NEW_FOR && account != hub).then_some(at)
        };
        let (mut starts, mut bytes, mut left) = (Vec::new(), 0, Vec::new());
        for rule in &self.rules {
            for (account, joined) in rule.accounts.iter().filter_map(|a| Some((*a, joined(*a)?))) {
                for onboarding in &rule.onboarding {
                    let start = self.start(rule, onboarding, account, joined, input);
                    let size = |start| serde_json::to_string(start).map_or(0, |text| text.len());
                    bytes += start.as_ref().map_or(0, size);
                    let fits = if bytes <= MOST_BYTES {
                        start
                    } else {
                        Err("more than can be started at once".to_owned())
                    };
                    match fits {
                        Ok(start) => starts.push(start),
                        Err(what) => left.push(Problem::new(
                            ProblemCode::OnboardingNotStarted,
                            format!("{account}/{}", onboarding.runbook),
                            what,
                        )),
                    }
                }
            }
        }
        self.problems.extend(left);
        starts
    }

    fn start(
        &self,
        rule: &PlannedRule,
        onboarding: &OnboardingRunbook,
        account: AccountId,
        joined: Timestamp,
        input: OnboardingInput<'_>,
    ) -> Result<OnboardingStart, String> {
        let OnboardingRunbook { runbook, parameters } = onboarding;
        // Amazon's runbooks have their names everywhere, an account's own only at home.
        let whole = if rule.owner == input.hub || runbook.is_amazons() {
            runbook.to_string()
        } else {
            arn::document(input.region, rule.owner, runbook)
        };
        let runbook: RunbookName =
            whole.parse().map_err(|_| format!("{whole} is longer than SSM takes"))?;
        let rung = Rung { parameters: parameters.clone(), ..Rung::new(runbook) };
        let locations = Locations {
            accounts: vec![AccountSelector::Account(account)],
            include_child_units: false,
            exclude: Vec::new(),
            regions: rule.regions.clone(),
            // Regions have nothing to do with each other: all are tried.
            max_concurrency: all_at_a_time(),
            max_errors: any_errors(),
        };
        Ok(OnboardingStart {
            name: ExecutionName::onboarding(account, joined, &onboarding.runbook, &rule.name)
                .to_string(),
            input: RunAutomationInput {
                account: Some(account),
                run: RunOptions { locations: Some(locations), ..RunOptions::default() },
                rule: Some(RuleRef {
                    name: rule.name.clone(),
                    rules_version: self.rules_version.clone(),
                }),
                trigger: Trigger {
                    arn: Some(input.execution.to_owned()),
                    event_ids: input.trigger.event_ids.clone(),
                    ..Trigger::without_event(TriggerKind::Onboarding)
                },
                ..RunAutomationInput::of(vec![rung])
            },
        })
    }
}
