//! A trigger from its rule to a decision that stands: [`remediation::guard::next`] asks, this answers.

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use remediation::alarm::AlarmTrigger;
use remediation::guard::{
    Case, Decided, Decision, Facts, HeldBack, Recorded, Step, Take, TakeAnswer, Verdict, next,
};
use remediation::{Mode, RemediationRule, Subject};

use crate::looks::{Judged, look};
use crate::messages::Rang;
use crate::rules::Policy;
use crate::{Deps, Error, input, matching};

/// What is to be done about a trigger.
pub(crate) enum Doing {
    /// Act on what stands in the table now.
    Act(Box<Recorded>, Option<Subject>),
    /// Look again at this time.
    Later(Timestamp),
    Nothing(String),
}

/// Decides about a trigger that was not decided about yet, and records what is decided.
pub(crate) async fn decide(deps: &Deps, policy: &Policy, rang: &mut Rang) -> Result<Doing, Error> {
    let Some(matched) = matching::find(deps, &policy.rules, &mut rang.trigger).await? else {
        let reason = format!("no rule is about the alarm {}", rang.trigger.alarm);
        return Ok(Doing::Nothing(reason));
    };
    let (rule, now) = (matched.rule, deps.clock.now());
    let mut facts = Facts { decided: Some(None), ..Facts::default() };
    let mut judged = Judged::default();
    let completed = match matched.children {
        true => Ok(()),
        false => matching::complete(deps, &mut rang.trigger).await,
    };
    let case = Case { rule, trigger: &rang.trigger, control: &policy.control, now };
    let deliberated = match completed {
        Ok(()) => deliberate(deps, &case, &mut facts, &mut judged).await,
        Err(error) => Err(error),
    };
    let verdict = match deliberated {
        Ok(verdict) => verdict,
        Err(error) => unlooked(&case, &facts, error)?,
    };
    let subject = facts.subject.and_then(Result::ok);
    match verdict.decision {
        Decision::Later(until) => Ok(Doing::Later(until)),
        Decision::Over => Ok(Doing::Nothing("its run has ended long ago".to_owned())),
        Decision::Repeat(recorded) => Ok(Doing::Act(recorded, subject)),
        ref decision => {
            if let Decision::Start(subject) = decision {
                let version = &policy.rules.version;
                keep_input(deps, rule, rang, subject, version, judged, now).await?;
            }
            let recorded = record(deps, &case, &policy.rules.version, &verdict).await?;
            Ok(Doing::Act(Box::new(recorded), subject))
        }
    }
}

async fn deliberate(
    deps: &Deps,
    case: &Case<'_>,
    facts: &mut Facts,
    judged: &mut Judged,
) -> Result<Verdict, Error> {
    loop {
        match next(case, facts) {
            Step::Look(wanted) => look(deps, case, wanted, facts, judged).await?,
            Step::Take(take, write) => {
                let answer = deps.table.write(&write).await;
                let answer = answer.map_err(|source| Error::Table { what: name(&take), source })?;
                tracing::debug!(?take, taken = answer == TakeAnswer::Taken, "brake");
                facts.takes.push((take, answer));
            }
            Step::Decided(verdict) => return Ok(*verdict),
        }
    }
}

/// An account that does not let the suite look is held back, and somebody hears of it; nothing was
/// taken yet. Whatever else kept a look from being answered is tried again.
fn unlooked(case: &Case<'_>, facts: &Facts, error: Error) -> Result<Verdict, Error> {
    let Some(role) = error.role().filter(|_| facts.takes.is_empty()) else { return Err(error) };
    let place = format!("{}/{}", case.rule.name, case.trigger.alarm);
    let problem = Problem::new(ProblemCode::RoleNotAssumable, place, role.to_string());
    let held = HeldBack { brake: None, problem, until: None };
    let decision = match case.mode() {
        Mode::Observe => Decision::Observe(Err(held)),
        Mode::Active | Mode::Off => Decision::Hold(held),
    };
    Ok(Verdict { decision, returns: Vec::new() })
}

/// Records the decision, or finds another one standing there, which then holds; and gives back what
/// was taken for nothing.
async fn record(
    deps: &Deps,
    case: &Case<'_>,
    version: &str,
    verdict: &Verdict,
) -> Result<Recorded, Error> {
    let failed = |what| move |source| Error::Table { what, source };
    let trigger = case.trigger.id();
    let own = Recorded::new(&verdict.decision, &case.rule.name, version, case.now)
        .ok_or_else(|| Error::Nonsense("record a decision that is none".to_owned()))?;
    let standing = match deps.table.write(&own.write(trigger)).await {
        Ok(TakeAnswer::Taken) => own,
        Ok(TakeAnswer::Refused(item)) => Recorded::read(&item).ok_or_else(|| {
            Error::Nonsense(format!("the decision about trigger {trigger} cannot be read"))
        })?,
        Err(source) => return Err(failed("record the decision")(source)),
    };
    if !matches!(standing.decided, Decided::Start(_)) {
        for write in &verdict.returns {
            deps.table.write(write).await.map_err(failed("give back what was taken"))?;
        }
    }
    Ok(standing)
}

async fn keep_input(
    deps: &Deps,
    rule: &RemediationRule,
    rang: &Rang,
    subject: &Subject,
    version: &str,
    judged: Judged,
    now: Timestamp,
) -> Result<(), Error> {
    let input = input::input(rule, rang, subject, version, judged);
    let input = serde_json::to_string(&input).map_err(Error::Encode)?;
    let write = Recorded::input_write(rang.trigger.id(), &input, now);
    let kept = deps.table.write(&write).await;
    kept.map_err(|source| Error::Table { what: "keep the input of the run", source })?;
    Ok(())
}

/// The decision about a trigger that stands in the table.
pub(crate) async fn standing(
    deps: &Deps,
    trigger: &AlarmTrigger,
) -> Result<Option<Recorded>, Error> {
    let id = trigger.id();
    let item = deps.table.get(&Recorded::key(id)).await;
    let item =
        item.map_err(|source| Error::Table { what: "look for an earlier decision", source })?;
    let Some(item) = item else { return Ok(None) };
    let recorded = Recorded::read(&item);
    let unreadable = || Error::Nonsense(format!("the decision about trigger {id} cannot be read"));
    recorded.map(Some).ok_or_else(unreadable)
}

fn name(take: &Take) -> &'static str {
    match take {
        Take::Lock(_) => "take the lock",
        Take::RuleBudget => "take a run from the rule's budget",
        Take::AccountBudget => "take a run from the account's budget",
        Take::Storm => "count for the storm",
        Take::Breaker => "open the storm breaker",
    }
}
