//! The state of the guardrails in words with numbers: `relay show` about a moment that is over, `relay explain` about now.

use relay_core::period::Period;
use remediation::RemediationRule;
use remediation::guard::{Conclusion, DecisionRecord, Guardrail, Take, TakeAnswer, UnlockNote};
use serde::Serialize;
use store::{GuardState, GuardStates};

/// A guardrail and its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GuardNumbers {
    /// `lock`, `budget`, `storm` or `breaker`.
    guard: &'static str,
    /// The numbers in words: `3 of 5 runs this hour`.
    what: String,
    /// Whether it suppresses the trigger.
    suppresses: bool,
}

impl GuardNumbers {
    /// Those of a rule.
    pub(crate) fn of(
        states: &GuardStates,
        rule: &RemediationRule,
        now: jiff::Timestamp,
    ) -> Vec<Self> {
        let mut numbers: Vec<Self> =
            states.states.iter().filter_map(|state| Self::one(state, rule)).collect();
        if let Some(until) = states.breaker.filter(|until| *until >= now) {
            let what = format!("the storm breaker of the rule is open until {until}");
            numbers.push(Self { guard: "breaker", what, suppresses: true });
        }
        numbers
    }

    /// Those of a decision that was made. The table has what they hold now, also by the run itself and by later ones: only what
    /// objected then is said to suppress, and the lock was free where the run was started.
    pub(crate) fn of_decision(
        states: &GuardStates,
        rule: &RemediationRule,
        record: &DecisionRecord,
    ) -> Vec<Self> {
        let (started, objected) = match &record.conclusion {
            Conclusion::Start | Conclusion::WouldStart => (true, None),
            Conclusion::WouldSuppress(suppression) | Conclusion::Suppress(suppression) => {
                (false, suppression.guardrail)
            }
        };
        let mut numbers = Self::of(states, rule, record.at);
        for one in &mut numbers {
            one.suppresses &= objected.is_some_and(|guardrail| one.is_of(guardrail));
        }
        let locks = states.states.iter().filter_map(|state| match &state.take {
            Take::Lock { key, .. } => Some((resource_of(key), state)),
            _ => None,
        });
        let locked = locks.map(|(resource, state)| {
            let note = state.unlocked.as_ref().map(|note| format!("; {}", released(note)));
            format!("{resource} was free, and the run locked it{}", note.unwrap_or_default())
        });
        if !started {
            return numbers;
        }
        let locked = locked.map(|what| Self { guard: "lock", what, suppresses: false });
        numbers.retain(|one| one.guard != "lock");
        locked.chain(numbers).collect()
    }

    /// Whether these are the numbers by which a guardrail objects.
    fn is_of(&self, guardrail: Guardrail) -> bool {
        match guardrail {
            Guardrail::Lock | Guardrail::CoolDown => self.guard == "lock",
            Guardrail::RuleBudget | Guardrail::AccountBudget => self.guard == "budget",
            Guardrail::Storm => self.guard == "storm" || self.guard == "breaker",
            Guardrail::KillSwitch
            | Guardrail::Muted
            | Guardrail::InitialCreation
            | Guardrail::AlreadyOk
            | Guardrail::Calendar => false,
        }
    }

    fn one(state: &GuardState, rule: &RemediationRule) -> Option<Self> {
        let suppresses = state.refused.is_some();
        let (guard, what) = match &state.take {
            Take::Lock { key, .. } => ("lock", lock(state, key, &rule.guard.cool_down)),
            Take::Run { budget, most } => {
                let used = state.used;
                let whose = match budget.split_once('#') {
                    Some(("rule", _)) => "rule".to_owned(),
                    Some((_, account)) => format!("account {account}"),
                    None => budget.clone(),
                };
                ("budget", format!("{whose}: {used} of {most} runs this hour"))
            }
            Take::Storm { most, window, .. } => {
                let used = state.used;
                ("storm", format!("{used} of {most} resources in ALARM within {window}"))
            }
            Take::Breaker { .. } => return None,
        };
        Some(Self { guard, what, suppresses })
    }

    /// A line of a page.
    pub(crate) fn line(&self) -> String {
        let mark = if self.suppresses { "suppresses" } else { "ok" };
        format!("{mark}: {}", self.what)
    }
}

fn lock(state: &GuardState, key: &str, cool_down: &Period) -> String {
    let resource = resource_of(key);
    let note = state.unlocked.as_ref().map(|note| format!("; {}", released(note)));
    let holds = match state.refused {
        Some(TakeAnswer::Held { until, .. }) => {
            let rule = state.holder.as_deref().unwrap_or("unknown");
            format!("{resource} is locked by a run of rule {rule}, until {until} at most")
        }
        Some(TakeAnswer::CoolingDown { until }) => {
            format!("{resource} cools down until {until} ({cool_down} after the last run)")
        }
        Some(TakeAnswer::Ended) => format!("{resource}: the run of this trigger has ended"),
        Some(_) => format!("{resource} is locked"),
        None => format!("{resource} is not locked and does not cool down"),
    };
    holds + &note.unwrap_or_default()
}

fn resource_of(key: &str) -> &str {
    key.splitn(3, '#').nth(2).unwrap_or(key)
}

/// A release by a person, in words.
pub(crate) fn released(note: &UnlockNote) -> String {
    let UnlockNote { by, at, reason, forced, .. } = note;
    let forced = if *forced { " (it was not known that its run had ended)" } else { "" };
    format!("released by {by} at {at:.0}{forced}: {reason}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use relay_core::alarm::TriggerId;
    use relay_core::problem::{Problem, ProblemCode};
    use remediation::guard::Suppression;
    use remediation::{RemediationRules, Subject};

    use super::*;

    fn at() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn rule() -> RemediationRule {
        let text = "alarm: {names: [web]}\nresource: {dimension: InstanceId}\nmode: active\n\
                    ladder: [{runbook: Mine}]\n";
        let text = relay_core::rules::RuleText::parameter("/runbook-relay/remediation/web", text);
        RemediationRules::parse(vec![text]).rules.remove(0)
    }

    fn record(conclusion: Conclusion) -> DecisionRecord {
        let subject = Subject {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            resources: vec!["i-1".to_owned()],
        };
        let (rule, rules_version) = ("web".to_owned(), "sha256:1".to_owned());
        DecisionRecord { rule, rules_version, at: at(), subject: Some(subject), conclusion }
    }

    fn suppressed(guardrail: Guardrail) -> Conclusion {
        let problem = Problem::new(ProblemCode::Locked, "web", "it objects");
        let guardrail = Some(guardrail);
        Conclusion::Suppress(Suppression { guardrail, problem, until: None, held_back: false })
    }

    fn states(lock: Option<TakeAnswer>, budget: Option<TakeAnswer>) -> GuardStates {
        let lease = Period::seconds(60);
        let key = "111122223333#us-east-1#i-1".to_owned();
        let held = GuardState {
            take: Take::Lock { key, lease },
            refused: lock,
            used: 1,
            holder: Some("db".to_owned()),
            unlocked: None,
        };
        let take = Take::Run { budget: "rule#web".to_owned(), most: 5 };
        let run = GuardState { take, refused: budget, used: 5, holder: None, unlocked: None };
        GuardStates { states: vec![held, run], breaker: None }
    }

    fn lines(states: &GuardStates, conclusion: Conclusion) -> Vec<String> {
        let numbers = GuardNumbers::of_decision(states, &rule(), &record(conclusion));
        numbers.iter().map(GuardNumbers::line).collect()
    }

    #[test]
    fn no_guardrail_suppresses_a_run_that_was_started_least_of_all_its_own_lock() {
        let owner = TriggerId(uuid::Uuid::nil());
        let later = TakeAnswer::Held { owner, until: at() };
        for lock in [Some(TakeAnswer::Ended), Some(later), None] {
            let states = states(lock, Some(TakeAnswer::Full));
            assert_eq!(
                lines(&states, Conclusion::Start),
                ["ok: i-1 was free, and the run locked it", "ok: rule: 5 of 5 runs this hour"]
            );
        }
    }

    #[test]
    fn only_the_guardrail_that_objected_is_said_to_suppress() {
        let owner = TriggerId(uuid::Uuid::nil());
        let both = states(Some(TakeAnswer::Held { owner, until: at() }), Some(TakeAnswer::Full));
        let marks = |guardrail| {
            let lines = lines(&both, suppressed(guardrail));
            lines.iter().map(|line| line.starts_with("suppresses: ")).collect::<Vec<_>>()
        };
        assert_eq!(marks(Guardrail::Lock), [true, false]);
        assert_eq!(marks(Guardrail::RuleBudget), [false, true]);
        assert_eq!(marks(Guardrail::KillSwitch), [false, false]);
    }

    #[test]
    fn a_release_by_a_person_is_shown_beside_the_lock() {
        let mut released = states(None, None);
        released.states[0].unlocked = Some(UnlockNote {
            by: "user/me".to_owned(),
            at: at(),
            reason: "lost".to_owned(),
            execution: String::new(),
            forced: false,
        });
        let now = GuardNumbers::of(&released, &rule(), at());
        let note = "released by user/me at 2026-01-02T03:04:05Z: lost";
        assert!(now[0].line().ends_with(note), "{}", now[0].line());
        let then = lines(&released, Conclusion::Start);
        assert!(then[0].ends_with(note), "{then:?}");
    }
}
