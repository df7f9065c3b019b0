//! Which rule matches an alarm, with the look-ups that this takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_core::organization::Organization;
use remediation::alarm::{AlarmKind, AlarmTrigger};
use remediation::{Found, Known, Lookup, RemediationRule, RemediationRules, find_rule};

use crate::clients::ClientPool;
use crate::error::Refusal;
use crate::{Deps, Error, alarms, place};

/// A rule, and whether the children of a composite alarm are part of the trigger already.
pub(crate) struct Matched<'a> {
    pub(crate) rule: &'a RemediationRule,
    pub(crate) children: bool,
}

/// Which rule matches an alarm.
pub(crate) enum Matching<'a> {
    Rule(Matched<'a>),
    Nothing,
    /// Whether this rule does is not known: AWS refuses the look that it takes, and will again; or the rule
    /// names an OU that does not exist.
    Refused(&'a RemediationRule, Refusal),
}

/// The rule that matches the alarm, if there is one.
pub(crate) async fn find<'a>(
    deps: &Deps,
    rules: &'a RemediationRules,
    trigger: &mut AlarmTrigger,
) -> Result<Matching<'a>, Error> {
    let mut tags: Option<BTreeMap<String, String>> = None;
    let mut organization: Option<Arc<Organization>> = None;
    let mut children = false;
    loop {
        let known = Known { tags: tags.as_ref(), organization: organization.as_deref(), children };
        let (rule, lookups) = match find_rule(&rules.rules, trigger, &known) {
            Found::Rule(rule) => return Ok(Matching::Rule(Matched { rule, children })),
            Found::Nothing => return Ok(Matching::Nothing),
            Found::Unclear { rule, problem } => {
                let what = format!(
                    "{}: the rule's `accounts` and `exclude` may mean the alarm's account",
                    problem.what
                );
                return Ok(Matching::Refused(rule, Refusal { code: problem.code, what }));
            }
            Found::Needs { rule, lookups } => (rule, lookups),
        };
        for lookup in lookups {
            let looked = match lookup {
                Lookup::Tags => {
                    let found = alarms::tags(&deps.clients, &trigger.alarm).await;
                    found.map(|found| tags = Some(found))
                }
                Lookup::Place => {
                    let found = place::place(deps, rules, trigger.alarm.account()).await;
                    found.map(|found| organization = Some(found))
                }
                Lookup::Children => {
                    let found = alarms::children(&deps.clients, trigger).await;
                    found.map(|()| children = true)
                }
            };
            if let Err(error) = looked {
                return error
                    .refusal()
                    .map(|refusal| Matching::Refused(rule, refusal))
                    .ok_or(error);
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
