//! The answers to what a deliberation has to know: alarm, calendar, resources as they are now.

use std::collections::BTreeMap;

use aws::AwsError;
use relay_core::id::arn::Arn;
use relay_core::id::{AccountId, Region};
use relay_core::problem::Problem;
use remediation::guard::{CalendarState, Case, Facts, Question};
use remediation::{Resolution, Subject};
use run::Calendar;

use crate::clients::ClientPool;
use crate::instance::{self, InstanceAssessment};
use crate::{Deps, Error, alarms};

/// Answers one question: adds the answer to the facts.
pub(crate) async fn answer(
    deps: &Deps,
    case: &Case<'_>,
    question: Question,
    facts: &mut Facts,
    assessment: &mut InstanceAssessment,
) -> Result<(), Error> {
    let (clients, trigger) = (&deps.clients, case.trigger);
    match question {
        // Asked before there was a rule: no decision is recorded, or there would be no deliberation.
        Question::Decided => facts.decided = Some(None),
        Question::History => facts.initial = Some(alarms::initial(clients, trigger).await?),
        Question::Alarm => facts.alarm = Some(alarms::now(clients, &deps.alarms, trigger).await?),
        Question::Calendar(name) => {
            facts.calendar = Some(calendar(&deps.ssm, clients, deps.hub, &name).await?);
        }
        Question::Subject => facts.subject = Some(subject(deps, case).await?),
        Question::Memory(takes) => {
            facts.memory = Some(deps.table.look(&case.taker(), &takes).await?);
        }
        Question::Fitness => {
            let Some(Ok(subject)) = &facts.subject else {
                return Err(Error::Nonsense("assess resources that are not known".to_owned()));
            };
            facts.fitness = Some(instance::assess(deps, case.rule, subject, assessment).await?);
        }
    }
    Ok(())
}

/// A calendar that is refused counts as closed; one that does not answer now is asked again.
async fn calendar(
    own: &aws_sdk_ssm::Client,
    clients: &ClientPool,
    hub: AccountId,
    calendar: &Calendar,
) -> Result<CalendarState, Error> {
    let name = calendar.as_str();
    let region: Option<Region> = name.parse::<Arn>().ok().and_then(|arn| arn.region.parse().ok());
    let client = match region {
        Some(region) => clients.at(hub, &region).ssm,
        None => own.clone(),
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

/// The resources behind the alarm.
async fn subject(deps: &Deps, case: &Case<'_>) -> Result<Result<Subject, Problem>, Error> {
    let (rule, trigger) = (case.rule, case.trigger);
    let mut resolution = rule.resolve(trigger);
    if let Resolution::LookUp { account, region, kind, tags } = &resolution {
        let arns = tagged(&deps.clients, *account, region, kind, tags).await?;
        resolution = rule.resolve_found(trigger, &arns);
    }
    match resolution {
        Resolution::Known(subject) => Ok(Ok(subject)),
        Resolution::Refused(problem) => Ok(Err(problem)),
        Resolution::LookUp { account, region, .. } => {
            Err(Error::Nonsense(format!("look up resources in {account}/{region} twice")))
        }
    }
}

/// The ARNs of what has all these tags. A run takes fewer than [`ENOUGH`]: reading stops there.
async fn tagged(
    clients: &ClientPool,
    account: AccountId,
    region: &Region,
    kind: &str,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    const ENOUGH: usize = 100;
    let found = clients.at(account, region).tagging.resources(kind, tags, ENOUGH).await;
    found.map_err(|source| Error::LookUp {
        what: format!("look up {kind} by tags in {account}/{region}"),
        source,
    })
}
