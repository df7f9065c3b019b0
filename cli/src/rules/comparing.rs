//! The deployed remediation rules, and how an alarm fits each of them, in words.

use anyhow::{Context, Result};
use relay_core::rules::Glob;
use remediation::alarm::AlarmTrigger;
use remediation::{
    AlarmSelector, Criterion, Known, Lookup, RemediationRules, RuleVerdict, compare_rules,
};
use serde::Serialize;

use crate::session::Session;

/// How an alarm fits a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleLine {
    pub rule: String,
    /// `observe`, `active` or `off`.
    pub mode: &'static str,
    /// `answers`, `later`, `differs`, `off` or `unknown`.
    pub verdict: &'static str,
    /// The reason of the verdict for people.
    pub why: String,
}

impl RuleLine {
    /// A line of a page.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.rule, self.why)
    }
}

/// The deployed remediation rules.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn deployed(session: &Session) -> Result<RemediationRules> {
    let client = aws_sdk_ssm::Client::new(&session.config);
    let path = format!("{}remediation", session.stack.rule_path());
    let texts = aws::parameters::texts(&client, &path).await;
    Ok(RemediationRules::parse(texts.with_context(|| format!("read the rules at {path}"))?))
}

/// Every rule against an alarm, in the order in which they are tried.
pub(crate) fn lines(
    rules: &RemediationRules,
    trigger: &AlarmTrigger,
    known: &Known<'_>,
) -> Vec<RuleLine> {
    let mut answered: Option<String> = None;
    let compared = compare_rules(&rules.rules, trigger, known);
    let line = |comparison: remediation::RuleComparison<'_>| {
        let rule = comparison.rule;
        let (verdict, why) = match (comparison.verdict, &answered) {
            (RuleVerdict::Fits, None) => {
                answered = Some(rule.name.clone());
                ("answers", "answers the alarm".to_owned())
            }
            (RuleVerdict::Fits, Some(first)) => ("later", format!("fits, and {first} comes first")),
            (RuleVerdict::Off, _) => ("off", "is off".to_owned()),
            (RuleVerdict::Differs(criteria), _) => {
                let why: Vec<String> =
                    criteria.iter().map(|one| differs(*one, &rule.alarm, trigger)).collect();
                ("differs", why.join("; "))
            }
            (RuleVerdict::Needs(lookups), _) => {
                let needs: Vec<&str> = lookups.iter().map(|lookup| needs(*lookup)).collect();
                ("unknown", format!("depends on {}, not looked up here", needs.join(" and ")))
            }
            (RuleVerdict::Unclear(problem), _) => ("unknown", problem.what),
        };
        RuleLine { rule: rule.name.clone(), mode: rule.mode.as_str(), verdict, why }
    };
    compared.into_iter().map(line).collect()
}

fn needs(lookup: Lookup) -> &'static str {
    match lookup {
        Lookup::Tags => "the alarm's tags",
        Lookup::Place => "the place of the alarm's account in the organization",
        Lookup::Children => "the metrics of the alarms below the composite alarm",
    }
}

/// The criteria of a rule that the alarm does not meet.
fn differs(criterion: Criterion, selector: &AlarmSelector, trigger: &AlarmTrigger) -> String {
    let globs = |globs: &[Glob]| {
        globs.iter().map(|glob| format!("`{glob}`")).collect::<Vec<_>>().join(", ")
    };
    match criterion {
        Criterion::Contributors if selector.contributors => {
            "is about contributors, and this is an alarm as a whole".to_owned()
        }
        Criterion::Contributors => {
            "is about alarms as a whole, and this is a contributor".to_owned()
        }
        Criterion::Names => {
            format!("the name {} is not {}", trigger.alarm.name(), globs(&selector.names))
        }
        Criterion::Regions => {
            let regions: Vec<&str> =
                selector.regions.iter().map(|region| region.as_str()).collect();
            format!("the Region {} is not {}", trigger.alarm.region(), regions.join(", "))
        }
        Criterion::Metric => {
            let watched = trigger.watched();
            let watched: Vec<String> = watched
                .iter()
                .map(|(namespace, name)| {
                    let text =
                        |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
                    format!("{}/{}", text(namespace), text(name))
                })
                .collect();
            let wanted =
                |glob: &Option<Glob>| glob.as_ref().map_or("*".to_owned(), ToString::to_string);
            let wanted = format!("{}/{}", wanted(&selector.namespace), wanted(&selector.metric));
            match watched.as_slice() {
                [] => format!("the alarm names no metric, and the rule asks for {wanted}"),
                all => format!("the metric {} is not {wanted}", all.join(", ")),
            }
        }
        Criterion::Accounts => {
            format!("the account {} is not among the rule's", trigger.alarm.account())
        }
        Criterion::Tags => "the alarm's tags are not the rule's".to_owned(),
    }
}
