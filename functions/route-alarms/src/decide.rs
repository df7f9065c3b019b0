//! From a trigger and the rules to a decision that is recorded: [`remediation::guard::next`] asks,
//! this module answers.

use jiff::Timestamp;
use relay_core::problem::Problem;
use remediation::guard::{
    Case, Decision, DecisionRecord, Facts, GuardVerdict, Step, Suppression, next,
};
use remediation::{Mode, Subject};
use store::Table;

use crate::error::Refusal;
use crate::instance::InstanceAssessment;
use crate::matching::{Matched, Matching};
use crate::messages::IncomingAlarm;
use crate::rules::CurrentRules;
use crate::{Deps, Error, input, matching, questions};

/// The next action about a trigger.
pub(crate) enum FollowUp {
    /// Act on the decision that is recorded now.
    Act(Box<DecisionRecord>),
    /// Look again at this time.
    Later(Timestamp),
    /// Nothing: no rule is about the alarm.
    Unanswered,
    /// Nothing, for this reason.
    Nothing(String),
}

/// Decides about a trigger that was not decided about yet, and records the decision.
pub(crate) async fn decide(
    deps: &Deps,
    current: &CurrentRules,
    alarm: &mut IncomingAlarm,
) -> Result<FollowUp, Error> {
    let now = deps.clock.now();
    let mut facts = Facts { decided: Some(None), ..Facts::default() };
    let mut assessment = InstanceAssessment::default();
    let (rule, looked) = match matching::find(deps, &current.rules, &mut alarm.trigger).await? {
        Matching::Nothing => return Ok(FollowUp::Unanswered),
        Matching::Refused(rule, refusal) => (rule, Err(refusal)),
        Matching::Rule(Matched { rule, children: true }) => (rule, Ok(())),
        Matching::Rule(Matched { rule, children: false }) => {
            match matching::complete(&deps.clients, &mut alarm.trigger).await {
                Ok(()) => (rule, Ok(())),
                Err(error) => (rule, Err(error.refusal().ok_or(error)?)),
            }
        }
    };
    let case = Case { rule, trigger: &alarm.trigger, control: &current.control, now };
    let verdict = match looked {
        Ok(()) => match deliberate(deps, &case, &mut facts, &mut assessment).await {
            Ok(verdict) => verdict,
            Err(error) => match error.refusal().filter(|_| facts.takes.is_empty()) {
                Some(refusal) => refused(&case, refusal),
                None => return Err(error),
            },
        },
        // Guardrails that need no look come first, as always: the kill switch, and a muted alarm.
        Err(refusal) => match next(&case, &facts) {
            Step::Decided(verdict) => *verdict,
            Step::Ask(_) | Step::Take(_) => refused(&case, refusal),
        },
    };
    let version = &current.rules.version;
    let subject = facts.subject.and_then(Result::ok);
    match verdict.decision {
        Decision::Later(until) => Ok(FollowUp::Later(until)),
        Decision::Over => Ok(FollowUp::Nothing("its run ended long ago".to_owned())),
        Decision::Repeat(record) => Ok(FollowUp::Act(record)),
        Decision::Start(_) | Decision::Observe(_) | Decision::Suppress(_) => {
            if let Decision::Start(subject) = &verdict.decision {
                let input = input::input(rule, alarm, subject, version, assessment);
                let input = serde_json::to_string(&input).map_err(Error::Encode)?;
                deps.table.store_input(alarm.trigger.id(), input, now).await?;
            }
            let record = record(&deps.table, &case, version, &verdict, subject).await?;
            Ok(FollowUp::Act(Box::new(record)))
        }
    }
}

async fn deliberate(
    deps: &Deps,
    case: &Case<'_>,
    facts: &mut Facts,
    assessment: &mut InstanceAssessment,
) -> Result<GuardVerdict, Error> {
    loop {
        match next(case, facts) {
            Step::Ask(question) => {
                questions::answer(deps, case, question, facts, assessment).await?;
            }
            Step::Take(take) => {
                let answer = deps.table.take(&case.taker(), &take).await?;
                tracing::debug!(take = take.describe(), ?answer, "guardrail");
                facts.takes.push((take, answer));
            }
            Step::Decided(verdict) => return Ok(*verdict),
        }
    }
}

/// A look that AWS refuses for good is a suppression with an outcome; nothing was taken yet.
fn refused(case: &Case<'_>, refusal: Refusal) -> GuardVerdict {
    let place = format!("{}/{}", case.rule.name, case.trigger.alarm);
    let problem = Problem::new(refusal.code, place, refusal.what);
    let suppression = Suppression::unfit(problem);
    let decision = match case.mode() {
        Mode::Observe => Decision::Observe(Err(suppression)),
        Mode::Active | Mode::Off => Decision::Suppress(suppression),
    };
    GuardVerdict { decision, releases: Vec::new() }
}

/// Records the decision, or finds another one recorded, which then holds; and releases what was taken
/// for nothing.
async fn record(
    table: &Table,
    case: &Case<'_>,
    version: &str,
    verdict: &GuardVerdict,
    subject: Option<Subject>,
) -> Result<DecisionRecord, Error> {
    let own = DecisionRecord::new(&verdict.decision, &case.rule.name, version, case.now, subject)
        .ok_or_else(|| Error::Nonsense("record a decision that is put off".to_owned()))?;
    let record = table.record_decision(case.trigger.id(), own).await?;
    if !record.starts() {
        for release in &verdict.releases {
            table.release(&case.taker(), release).await?;
        }
    }
    Ok(record)
}
