//! The resource behind an alarm: what the alarm itself says of it, and what has to be looked up.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::arn::Arn;
use relay_core::id::{AccountId, Region};
use relay_core::problem::{Problem, ProblemCode};
use run::template::Values;
use serde::{Deserialize, Serialize};

use crate::alarm::{AlarmTrigger, Implied};
use crate::{RemediationRule, ResourceSelector};

/// SSM takes so many values of a target.
const MOST: usize = 50;

const INSTANCES: &str = "ec2:instance";

/// The resources that a rule is about to be run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The account the resources live in; for targets and locations without one, the alarm's.
    pub account: AccountId,
    /// The Region of the resources.
    pub region: Region,
    /// The resources; none where the rule names targets or locations alone.
    pub resources: Vec<String>,
}

impl Subject {
    /// The keys under which its resources are locked: `<account>#<region>#<resource>`.
    #[must_use]
    pub fn keys(&self, rule: &RemediationRule) -> Vec<String> {
        let Self { account, region, resources } = self;
        let key = |resource: &str| format!("{account}#{region}#{resource}");
        if resources.is_empty() {
            // Targets and locations without a resource: the rule itself is what runs once.
            return vec![key(&format!("rule:{}", rule.name))];
        }
        resources.iter().map(|resource| key(resource)).collect()
    }
}

/// How far the alarm says which resource is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The alarm names them.
    Known(Subject),
    /// The resources with these tags have to be looked up (`tag:GetResources`), in this account and Region.
    LookUp {
        /// Where to look; another account by `runbook-relay-read`.
        account: AccountId,
        /// The Region to look in.
        region: Region,
        /// The type, as the tagging API names it.
        kind: String,
        /// The tags that the resources have.
        tags: BTreeMap<String, String>,
    },
    /// Not so that the rule could be run.
    Refused(Problem),
}

impl RemediationRule {
    /// The resource behind an alarm.
    #[must_use]
    pub fn resolve(&self, trigger: &AlarmTrigger) -> Resolution {
        let here = Implied {
            account: trigger.alarm.account(),
            region: trigger.alarm.region().clone(),
            value: String::new(),
        };
        let Some(selector) = &self.resource else {
            let Implied { account, region, .. } = here;
            return Resolution::Known(Subject { account, region, resources: Vec::new() });
        };
        if let Some(literal) = &selector.literal {
            return self.accept([Implied { value: literal.clone(), ..here }].into(), selector);
        }
        if !selector.tags.is_empty() {
            return Resolution::LookUp {
                account: selector.account.unwrap_or(here.account),
                region: selector.region.clone().unwrap_or(here.region),
                kind: selector.kind.clone().unwrap_or_else(|| INSTANCES.to_owned()),
                tags: selector.tags.clone(),
            };
        }
        let dimension = selector.dimension.as_deref().unwrap_or_default();
        let implied = trigger.implied(dimension);
        if implied.is_empty() {
            let names: Vec<&str> = trigger.dimensions().into_iter().collect();
            let has = match names.as_slice() {
                [] => "it has no dimensions".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            let what =
                format!("alarm {} has no dimension `{dimension}`; {has}", trigger.alarm.name());
            let place = self.place("resource.dimension");
            return Resolution::Refused(Problem::new(ProblemCode::ResourceUnknown, place, what));
        }
        self.accept(implied, selector)
    }

    /// The resource, after those with the tags were looked up: their ARNs.
    #[must_use]
    pub fn resolve_found(&self, trigger: &AlarmTrigger, arns: &[String]) -> Resolution {
        let Some(selector) = &self.resource else { return self.resolve(trigger) };
        let ids = arns.iter().map(|arn| Implied {
            account: trigger.alarm.account(),
            region: trigger.alarm.region().clone(),
            value: id_of(arn),
        });
        let ids: BTreeSet<Implied> = ids.collect();
        if ids.is_empty() {
            let place = self.place("resource.tags");
            let what = "no resource has the tags".to_owned();
            return Resolution::Refused(Problem::new(ProblemCode::ResourceUnknown, place, what));
        }
        self.accept(ids, selector)
    }

    /// One resource, or with rate controls several of one account and Region.
    fn accept(&self, implied: BTreeSet<Implied>, selector: &ResourceSelector) -> Resolution {
        let there: BTreeSet<Implied> = implied
            .into_iter()
            .map(|implied| Implied {
                account: selector.account.unwrap_or(implied.account),
                region: selector.region.clone().unwrap_or(implied.region),
                value: implied.value,
            })
            .collect();
        let refuse = |what: String, hint: &str| {
            let problem = Problem::new(ProblemCode::SeveralResources, self.place("resource"), what);
            Resolution::Refused(problem.with_hint(hint))
        };
        let Some(first) = there.first().cloned() else {
            let what = "the alarm names no resource".to_owned();
            let place = self.place("resource");
            return Resolution::Refused(Problem::new(ProblemCode::ResourceUnknown, place, what));
        };
        if there.len() > 1 && !self.run.has_rate_control() {
            let names: Vec<&str> = there.iter().take(5).map(|i| i.value.as_str()).collect();
            let more = if there.len() > names.len() { " and more" } else { "" };
            let what =
                format!("the alarm is about {} resources: {}{more}", there.len(), names.join(", "));
            return refuse(what, ProblemCode::SeveralResources.hint());
        }
        if there.iter().any(|i| (i.account, &i.region) != (first.account, &first.region)) {
            let what = "the alarm is about resources of several accounts or Regions".to_owned();
            return refuse(what, "Write one rule for each, or use `run.locations`.");
        }
        if there.len() > MOST {
            let what = format!("the alarm is about {} resources, SSM takes {MOST}", there.len());
            return refuse(what, "Use `run.targets` with a tag or a resource group.");
        }
        let usable = |value: &str| {
            !value.trim().is_empty() && value.len() <= 512 && !value.contains(char::is_control)
        };
        if let Some(odd) = there.iter().find(|i| !usable(&i.value)) {
            let what = format!("{:?} is not a resource's id", odd.value);
            let place = self.place("resource");
            return Resolution::Refused(Problem::new(ProblemCode::ResourceUnknown, place, what));
        }
        Resolution::Known(Subject {
            account: first.account,
            region: first.region,
            resources: there.into_iter().map(|implied| implied.value).collect(),
        })
    }

    /// The values of a trigger for the words in this rule's parameters. With several
    /// resources `{resource}` stays open: SSM fills it in.
    #[must_use]
    pub fn values(&self, trigger: &AlarmTrigger, subject: &Subject) -> Values {
        let mut values = Values::default()
            .with("account", subject.account.as_str())
            .with("region", subject.region.as_str())
            .with("alarm", trigger.alarm.name())
            .with("alarmArn", trigger.alarm.as_str());
        if let [resource] = subject.resources.as_slice() {
            values = values.with("resource", resource);
        }
        for dimension in trigger.dimensions() {
            let implied = trigger.implied(dimension);
            let mut distinct: Vec<&str> = implied.iter().map(|i| i.value.as_str()).collect();
            distinct.dedup();
            if let [value] = distinct.as_slice() {
                values = values.with_dimension(dimension, *value);
            }
        }
        values
    }
}

/// The id by which runbooks know a resource: the last part of its ARN.
fn id_of(arn: &str) -> String {
    match arn.parse::<Arn>() {
        Ok(arn) => arn.resource.rsplit(['/', ':']).next().unwrap_or_default().to_owned(),
        Err(_) => arn.to_owned(),
    }
}
