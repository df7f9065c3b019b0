//! Findings about rules that need no AWS: faults that make a rule invalid, and rules that
//! are valid and yet perhaps not meant so.

use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::AccountSelector;
use run::Rung;

use crate::{AlarmSelector, Mode, RemediationRule};

/// Words in a runbook's name that promise something will be gone.
const DESTRUCTIVE: &[&str] = &["Terminate", "Delete", "Destroy", "Purge", "Wipe", "Replace"];

/// Problems that make a rule invalid although it parses.
pub(super) fn faults(rule: &RemediationRule) -> Vec<Problem> {
    let mut faults = Vec::new();
    for (index, rung) in rule.ladder.iter().enumerate() {
        if let Some(word) = sounds_destructive(rung)
            && !rung.destructive
            && rung.approval.is_none()
        {
            faults.push(Problem::new(
                ProblemCode::DestructiveWithoutApproval,
                rule.place(&format!("ladder[{index}].runbook")),
                format!("`{}` sounds destructive ({word}), and nobody has to agree", rung.runbook),
            ));
        }
        faults.extend(target_parameter_fault(rule, index, rung));
    }
    faults
}

fn sounds_destructive(rung: &Rung) -> Option<&'static str> {
    let name = rung.runbook.document();
    DESTRUCTIVE.iter().copied().find(|word| {
        name.match_indices(word).any(|(at, _)| {
            // A word of its own in camel case: no `Deleted`, but `DeleteVolume`.
            !name[at + word.len()..].starts_with(|c: char| c.is_ascii_lowercase())
        })
    })
}

/// With rate controls and several resources, SSM puts each into one parameter: which one must be
/// clear.
fn target_parameter_fault(rule: &RemediationRule, index: usize, rung: &Rung) -> Option<Problem> {
    let several = rule.run.has_rate_control() && rule.run.targets.is_none();
    if !several || rule.resource.is_none() || rung.target_parameter().is_some() {
        return None;
    }
    Some(
        Problem::new(
            ProblemCode::InvalidField,
            rule.place(&format!("ladder[{index}].parameters")),
            "with rate controls one parameter must be `[\"{resource}\"]` and no other may hold it",
        )
        .with_hint("SSM puts each resource into that one; or name it in `run.targets.parameter`."),
    )
}

/// Words about a valid set, in the order in which its rules are tried.
pub(super) fn warnings(rules: &[RemediationRule]) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        if rule.mode == Mode::Off {
            continue;
        }
        for other in rules[..index].iter().filter(|other| other.mode != Mode::Off) {
            if may_meet(&rule.alarm, &other.alarm) {
                warnings.push(Problem::new(
                    ProblemCode::RulesOverlap,
                    rule.place("alarm"),
                    format!(
                        "an alarm may be a case of `{}` and of `{}`; `{}` is tried first",
                        other.name, rule.name, other.name
                    ),
                ));
            }
        }
        let mut say = |path: &str, what: String, hint: &str| {
            let problem = Problem::new(ProblemCode::GuardLoose, rule.place(path), what);
            warnings.push(problem.with_hint(hint));
        };
        let guard = &rule.guard;
        if guard.cool_down.is_zero() {
            let what = "no cool-down: a runbook that does not help is started again at once";
            say("guard.coolDown", what.into(), "Give it some minutes.");
        }
        if guard.per_hour > guard.per_account_hour {
            let what = format!(
                "{} runs an hour are allowed, and only {} in an account",
                guard.per_hour, guard.per_account_hour
            );
            say("guard.perHour", what, "In one account the smaller number holds.");
        }
        let instances =
            rule.resource.as_ref().is_some_and(|r| r.dimension.as_deref() == Some("InstanceId"));
        for (index, rung) in rule.ladder.iter().enumerate() {
            if instances && rung.runbook.document() == "AWS-RestartEC2Instance" {
                say(
                    &format!("ladder[{index}].runbook"),
                    "AWS-RestartEC2Instance stops and starts: instance-store data and a public \
                     address without an Elastic IP are lost"
                        .into(),
                    "`Relay-RebootInstance` reboots.",
                );
            }
        }
    }
    warnings
}

/// Whether some alarm may be a case of both. What is not known here counts as possible.
fn may_meet(a: &AlarmSelector, b: &AlarmSelector) -> bool {
    fn any<T>(a: &[T], b: &[T], meets: impl Fn(&T, &T) -> bool) -> bool {
        a.is_empty() || b.is_empty() || a.iter().any(|x| b.iter().any(|y| meets(x, y)))
    }
    let globs = |a: &Option<relay_core::rules::Glob>, b: &Option<relay_core::rules::Glob>| {
        a.as_ref().zip(b.as_ref()).is_none_or(|(a, b)| a.meets(b))
    };
    let accounts = |a: &AccountSelector, b: &AccountSelector| match (a, b) {
        (AccountSelector::Account(a), AccountSelector::Account(b)) => a == b,
        _ => true,
    };
    let tags =
        a.tags.iter().all(|(key, glob)| b.tags.get(key).is_none_or(|other| glob.meets(other)));
    a.contributors == b.contributors
        && any(&a.names, &b.names, relay_core::rules::Glob::meets)
        && globs(&a.namespace, &b.namespace)
        && globs(&a.metric, &b.metric)
        && any(&a.regions, &b.regions, |a, b| a == b)
        && any(&a.accounts, &b.accounts, accounts)
        && tags
}
