//! Which rule matches an alarm, with the look-ups that this takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_core::organization::Organization;
use remediation::alarm::{AlarmKind, AlarmTrigger};
use remediation::{Found, Known, Lookup, RemediationRule, RemediationRules, find_rule};

use crate::clients::ClientPool;
use crate::{Deps, Error, alarms, place};

/// A rule, and whether the children of a composite alarm are part of the trigger already.
pub(crate) struct Matched<'a> {
    pub(crate) rule: &'a RemediationRule,
    pub(crate) children: bool,
}

/// The rule that matches the alarm, if there is one.
pub(crate) async fn find<'a>(
    deps: &Deps,
    rules: &'a RemediationRules,
    trigger: &mut AlarmTrigger,
) -> Result<Option<Matched<'a>>, Error> {
    let mut tags: Option<BTreeMap<String, String>> = None;
    let mut organization: Option<Arc<Organization>> = None;
    let mut children = false;
    loop {
        let known = Known { tags: tags.as_ref(), organization: organization.as_deref(), children };
        let needs = match find_rule(&rules.rules, trigger, &known) {
            Found::Rule(rule) => return Ok(Some(Matched { rule, children })),
            Found::Nothing => return Ok(None),
            Found::Needs(needs) => needs,
        };
        for lookup in needs {
            match lookup {
                Lookup::Tags => tags = Some(alarms::tags(&deps.clients, &trigger.alarm).await?),
                Lookup::Place => {
                    organization = Some(place::place(deps, trigger.alarm.account()).await?);
                }
                Lookup::Children => {
                    alarms::children(&deps.clients, trigger).await?;
                    children = true;
                }
            }
        }
    }
}

/// Looks up the children of a composite alarm, whose metrics name the resource.
pub(crate) async fn complete(
    clients: &ClientPool,
    trigger: &mut AlarmTrigger,
) -> Result<(), Error> {
    match trigger.kind {
        AlarmKind::Composite => alarms::children(clients, trigger).await,
        _ => Ok(()),
    }
}
