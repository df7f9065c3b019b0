//! Outcomes about the remediation rules and the kill switch themselves: what is wrong with them, and that it is mended.

use jiff::Timestamp;
use relay_core::flow::{Flow, Severity};
use relay_core::id::outcome_id;
use relay_core::problem::{Problem, ProblemCode};

use crate::{Outcome, OutcomeStatus};

/// The problems of the remediation rules and the kill switch, beside those when an outcome said so last.
#[derive(Debug, Clone, Copy)]
pub struct RuleProblems<'a> {
    /// The version of the rules that were read now: `sha256:…`.
    pub rules_version: &'a str,
    /// The problems that outcomes have named.
    pub before: &'a [Problem],
    /// When these were seen. It makes outcomes about the same fault, mended and made again, different ones.
    pub before_at: Option<Timestamp>,
    /// The problems as they are.
    pub now: &'a [Problem],
    /// Whether the kill switch is among what cannot be read.
    pub switch_unreadable: bool,
    /// When the rules were read.
    pub at: Timestamp,
}

/// The outcome about problems that appeared, changed or are gone; `None` where nothing changed. Instances of the
/// function that notice one change at the same time make one id.
#[must_use]
pub fn rules_problems_changed(problems: RuleProblems<'_>) -> Option<Outcome> {
    let RuleProblems { rules_version, before, now, at, .. } = problems;
    if before == now {
        return None;
    }
    let solved: Vec<Problem> =
        before.iter().filter(|known| !now.contains(known)).cloned().collect();
    let texts: Vec<String> = now.iter().map(ToString::to_string).collect();
    let since = problems.before_at.map_or_else(String::new, |at| at.to_string());
    let id = outcome_id(&format!("{since}/{rules_version}/{}", texts.join("\n")), "rules");
    let (severity, left) = if problems.switch_unreadable {
        (Severity::High, "the kill switch cannot be read, so nothing is run until it can be")
    } else {
        (Severity::Medium, "invalid rules are left out")
    };
    let (status, severity, summary) = match now {
        [] => {
            let mended = match &solved[..] {
                [one] => {
                    format!("The remediation rules have no problem any more; solved: {}.", one.what)
                }
                all => format!(
                    "The remediation rules have no problem any more; {} are solved.",
                    all.len()
                ),
            };
            (OutcomeStatus::Succeeded, Severity::Info, mended)
        }
        [one] => {
            let summary = format!("A problem in the remediation rules; {left}: {}.", one.what);
            (OutcomeStatus::Failed, severity, summary)
        }
        all => {
            let summary = format!("{} problems in the remediation rules; {left}.", all.len());
            (OutcomeStatus::Failed, severity, summary)
        }
    };
    let outcome = Outcome {
        severity,
        summary,
        rules_version: Some(rules_version.to_owned()),
        solved,
        ..Outcome::new(id, Flow::Remediation, status, at)
    };
    Some(outcome.with_problems(now.to_vec()))
}

/// The outcome about rules that AWS does not let the suite read; one a day for one error.
#[must_use]
pub fn rules_unreadable(path: &str, error: &str, at: Timestamp) -> Outcome {
    let day = at.as_second().div_euclid(24 * 60 * 60);
    let id = outcome_id(&format!("{path}/{error}/{day}"), "rules");
    let problem = Problem::new(ProblemCode::RulesUnreadable, path, error).with_hint(
        "Allow route-alarms ssm:GetParametersByPath on this path, then send the dead letters again: relay replay.",
    );
    let outcome = Outcome {
        severity: Severity::High,
        summary: format!("The remediation rules cannot be read, so no alarm is answered: {error}."),
        ..Outcome::new(id, Flow::Remediation, OutcomeStatus::Failed, at)
    };
    outcome.with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-11-02T03:04:05Z".parse().unwrap()
    }

    fn problem(what: &str) -> Problem {
        Problem::new(ProblemCode::InvalidField, "web:3:1 (guard)", what)
    }

    fn changed(before: &[Problem], now: &[Problem]) -> Option<Outcome> {
        rules_problems_changed(RuleProblems {
            rules_version: "sha256:1",
            before,
            before_at: (!before.is_empty()).then(at),
            now,
            switch_unreadable: false,
            at: at(),
        })
    }

    #[test]
    fn a_problem_of_the_rules_is_an_outcome_when_it_appears_when_it_changes_and_when_it_is_gone() {
        let (three, four) = (problem("found 3"), problem("found 4"));
        let one = changed(&[], std::slice::from_ref(&three)).unwrap();
        assert_eq!((one.outcome, one.severity), (OutcomeStatus::Failed, Severity::Medium));
        assert_eq!(
            one.summary,
            "A problem in the remediation rules; invalid rules are left out: found 3."
        );
        assert_eq!((one.rules_version.as_deref(), one.problems_total), (Some("sha256:1"), 1));
        assert_eq!(changed(&[], std::slice::from_ref(&three)).unwrap().id, one.id, "a repeat");
        assert_eq!(changed(std::slice::from_ref(&three), std::slice::from_ref(&three)), None);

        let other = changed(std::slice::from_ref(&three), std::slice::from_ref(&four)).unwrap();
        assert_ne!(other.id, one.id);
        assert_eq!((other.problems, other.solved), (vec![four.clone()], vec![three.clone()]));

        let more = changed(std::slice::from_ref(&three), &[three.clone(), four.clone()]).unwrap();
        assert_eq!(
            more.summary,
            "2 problems in the remediation rules; invalid rules are left out."
        );
        assert_eq!(more.solved, []);

        let gone = changed(std::slice::from_ref(&four), &[]).unwrap();
        assert_eq!((gone.outcome, gone.severity), (OutcomeStatus::Succeeded, Severity::Info));
        assert_eq!(
            gone.summary,
            "The remediation rules have no problem any more; solved: found 4."
        );
        assert_eq!((gone.problems, gone.solved), (vec![], vec![four]));
        assert_eq!(changed(&[], &[]), None);
    }

    #[test]
    fn a_fault_that_is_made_again_is_another_outcome() {
        let fault = [problem("found 3")];
        let first = changed(&[], &fault).unwrap();
        let again = rules_problems_changed(RuleProblems {
            rules_version: "sha256:1",
            before: &[],
            before_at: Some(at()),
            now: &fault,
            switch_unreadable: true,
            at: at(),
        });
        let again = again.unwrap();
        assert_ne!(again.id, first.id);
        assert_eq!(again.severity, Severity::High, "a kill switch that cannot be read");
    }
}
