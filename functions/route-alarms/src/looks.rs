//! What the deliberation asks for: the world as it is now.

use std::collections::BTreeMap;

use aws::AwsError;
use jiff::Timestamp;
use relay_core::id::arn::Arn;
use relay_core::id::{AccountId, Region};
use relay_core::item::Attribute;
use relay_core::problem::{Problem, ProblemCode};
use remediation::alarm::AlarmTrigger;
use remediation::guard::{CalendarState, Case, Facts, Look};
use remediation::{InstanceVerdict, RemediationRule, Resolution, Subject, is_instance};
use run::Calendar;

use crate::{Deps, Error, alarms, instance};

/// What the judgement of instances adds to a run.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What may be lost.
    pub(crate) warnings: Vec<Problem>,
    /// The group that the instance is taken out of meanwhile.
    pub(crate) standby: Option<String>,
}

/// Performs one look and adds what it shows to the facts.
pub(crate) async fn look(
    deps: &Deps,
    case: &Case<'_>,
    look: Look,
    facts: &mut Facts,
    judged: &mut Judged,
) -> Result<(), Error> {
    let trigger = case.trigger;
    match look {
        // Asked before there was a rule: whoever deliberates knows that nothing stands there.
        Look::Decided => facts.decided = Some(None),
        Look::History => facts.initial = Some(alarms::initial(deps, trigger).await?),
        Look::Alarm => facts.alarm = Some(alarms::now(deps, trigger).await?),
        Look::Calendar(name) => facts.calendar = Some(calendar(deps, &name).await?),
        Look::Subject => facts.subject = Some(subject(deps, case.rule, trigger, judged).await?),
        Look::Breaker => facts.breaker = Some(breaker(deps, case).await?),
    }
    Ok(())
}

async fn breaker(deps: &Deps, case: &Case<'_>) -> Result<Option<Timestamp>, Error> {
    let item = deps.table.get(&case.taker().breaker_key()).await;
    let item = item.map_err(|source| Error::Table { what: "read the storm breaker", source })?;
    let until = item.as_ref().and_then(|item| item.get("until")).and_then(Attribute::as_number);
    Ok(until.and_then(|until| Timestamp::from_second(until).ok()))
}

/// A calendar that is refused counts as closed; one that does not answer now is asked again.
async fn calendar(deps: &Deps, calendar: &Calendar) -> Result<CalendarState, Error> {
    let name = calendar.as_str();
    let region: Option<Region> = name.parse::<Arn>().ok().and_then(|arn| arn.region.parse().ok());
    let client = match region {
        Some(region) => deps.everywhere.at(deps.hub, &region).ssm,
        None => deps.ssm.clone(),
    };
    match client.get_calendar_state().calendar_names(name).send().await.map_err(AwsError::from) {
        Ok(answer) => Ok(match answer.state().map(|state| state.as_str()) {
            Some("OPEN") => CalendarState::Open,
            _ => CalendarState::Closed {
                until: answer.next_transition_time().and_then(|until| until.parse().ok()),
            },
        }),
        Err(source) if source.is_transient() => {
            Err(Error::LookUp { what: format!("read the change calendar {name}"), source })
        }
        Err(error) => Ok(CalendarState::Unreadable { reason: error.to_string() }),
    }
}

async fn subject(
    deps: &Deps,
    rule: &RemediationRule,
    trigger: &AlarmTrigger,
    judged: &mut Judged,
) -> Result<Result<Subject, Problem>, Error> {
    let mut resolution = rule.resolve(trigger);
    if let Resolution::LookUp { account, region, kind, tags } = &resolution {
        let arns = tagged(deps, *account, region, kind, tags).await?;
        resolution = rule.resolve_found(trigger, &arns);
    }
    let subject = match resolution {
        Resolution::Known(subject) => subject,
        Resolution::Refused(problem) => return Ok(Err(problem)),
        Resolution::LookUp { account, region, .. } => {
            return Err(Error::Nonsense(format!("look up resources in {account}/{region} twice")));
        }
    };
    judge(deps, rule, subject, judged).await
}

/// The ARNs of what has all these tags. More than a run can take are no use: reading stops there.
async fn tagged(
    deps: &Deps,
    account: AccountId,
    region: &Region,
    kind: &str,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    const ENOUGH: usize = 100;
    let found = deps.everywhere.at(account, region).tagging.resources(kind, tags, ENOUGH).await;
    found.map_err(|source| Error::LookUp {
        what: format!("look up {kind} by tags in {account}/{region}"),
        source,
    })
}

/// Whether the rule may be run on the instances among the resources.
async fn judge(
    deps: &Deps,
    rule: &RemediationRule,
    subject: Subject,
    judged: &mut Judged,
) -> Result<Result<Subject, Problem>, Error> {
    let instances: Vec<&str> = subject
        .resources
        .iter()
        .map(String::as_str)
        .filter(|resource| is_instance(resource))
        .collect();
    if instances.is_empty() {
        return Ok(Ok(subject));
    }
    let facts = instance::facts(deps, subject.account, &subject.region, &instances).await?;
    for id in instances {
        let Some(facts) = facts.get(id) else {
            let what =
                format!("there is no instance {id} in {}/{}", subject.account, subject.region);
            return Ok(Err(Problem::new(
                ProblemCode::ResourceUnknown,
                rule.place("resource"),
                what,
            )));
        };
        match rule.judge(id, facts) {
            InstanceVerdict::Refused(problem) => return Ok(Err(problem)),
            InstanceVerdict::Run { warnings, standby } => {
                judged.warnings.extend(warnings);
                if judged.standby.is_some() && judged.standby != standby {
                    let what = "the instances belong to several Auto Scaling groups".to_owned();
                    return Ok(Err(Problem::new(
                        ProblemCode::ResourceRefused,
                        rule.place("resource.autoScaling"),
                        what,
                    )));
                }
                judged.standby = standby;
            }
        }
    }
    Ok(Ok(subject))
}
