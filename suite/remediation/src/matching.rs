//! Which rule an alarm is a case of. Some of what rules ask for has to be looked up first; only what
//! could change the answer is asked for.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::organization::{Organization, Selected};
use relay_core::problem::Problem;
use relay_core::rules::AccountSelector;

use crate::alarm::{AlarmKind, AlarmTrigger};
use crate::{AlarmSelector, Mode, RemediationRule};

/// The facts that were looked up about an alarm.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The tags of the alarm.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// A snapshot that holds the alarm's account with the OUs above it, and says of each OU that a rule
    /// names where it is, or that there is none.
    pub organization: Option<&'a Organization>,
    /// The children of a composite alarm were looked up and their metrics added to the trigger.
    pub children: bool,
}

/// Something to look up before it is clear which rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// The tags of the alarm.
    Tags,
    /// The place of the alarm's account in the organization.
    Place,
    /// The metrics of a composite alarm's children.
    Children,
}

/// The rule that answers an alarm, if one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// This rule answers the alarm.
    Rule(&'a RemediationRule),
    /// None does: the alarm is nobody's business here.
    Nothing,
    /// Whether this rule does hangs on an OU that the organization does not have. A later rule does not
    /// answer for it: its runbook may be the wrong one.
    Unclear {
        /// The rule that names the OU.
        rule: &'a RemediationRule,
        /// Which OU. Its place is empty.
        problem: Problem,
    },
    /// It depends on these; `rule` is the first whose answer does.
    Needs {
        /// The rule that nothing comes before.
        rule: &'a RemediationRule,
        /// The look-ups that the answer takes.
        lookups: BTreeSet<Lookup>,
    },
}

/// The first of the rules, in the order in which they are tried, that answers the alarm.
#[must_use]
pub fn find_rule<'a>(
    rules: &'a [RemediationRule],
    trigger: &AlarmTrigger,
    known: &Known<'_>,
) -> Found<'a> {
    let (mut first, mut needs) = (None, BTreeSet::new());
    for rule in rules.iter().filter(|rule| rule.mode != Mode::Off) {
        match rule.alarm.is_about(trigger, known) {
            Answer::No => {}
            Answer::DependsOn(lookups) => {
                first.get_or_insert(rule);
                needs.extend(lookups);
            }
            Answer::Yes if needs.is_empty() => return Found::Rule(rule),
            Answer::Unclear(problem) if needs.is_empty() => {
                return Found::Unclear { rule, problem };
            }
            Answer::Yes | Answer::Unclear(_) => break,
        }
    }
    first.map_or(Found::Nothing, |rule| Found::Needs { rule, lookups: needs })
}

enum Answer {
    Yes,
    No,
    DependsOn(BTreeSet<Lookup>),
    Unclear(Problem),
}

/// One of the things that a rule asks of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criterion {
    /// Whether it means contributors or alarms as a whole.
    Contributors,
    /// The alarm's name, by `names`.
    Names,
    /// The alarm's Region, by `regions`.
    Regions,
    /// One of the alarm's metrics, by `namespace` and `metric`.
    Metric,
    /// The alarm's account, by `accounts` and `exclude`.
    Accounts,
    /// The alarm's tags, by `tags`.
    Tags,
}

impl Criterion {
    /// All of them: first those that need no look-up.
    const ALL: [Self; 6] =
        [Self::Contributors, Self::Names, Self::Regions, Self::Metric, Self::Accounts, Self::Tags];
}

/// How an alarm fits one criterion.
enum Fit {
    Is(bool),
    LookUp(Lookup),
    Unclear(Problem),
}

/// A rule against an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleComparison<'a> {
    /// The rule that was compared.
    pub rule: &'a RemediationRule,
    /// How the alarm fits it.
    pub verdict: RuleVerdict,
}

/// How an alarm fits a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    /// Everything that the rule asks for holds. The first such rule answers the alarm.
    Fits,
    /// The rule is off.
    Off,
    /// These do not hold.
    Differs(Vec<Criterion>),
    /// It depends on these, which were not looked up.
    Needs(BTreeSet<Lookup>),
    /// It hangs on an OU that the organization does not have.
    Unclear(Problem),
}

/// Every rule against an alarm, in the order in which they are tried: for people who ask why a rule did not answer.
/// [`find_rule`] asks the same.
#[must_use]
pub fn compare_rules<'a>(
    rules: &'a [RemediationRule],
    trigger: &AlarmTrigger,
    known: &Known<'_>,
) -> Vec<RuleComparison<'a>> {
    let compare = |rule: &'a RemediationRule| {
        let differs = || {
            let differs = |criterion: &Criterion| {
                matches!(rule.alarm.fits(*criterion, trigger, known), Fit::Is(false))
            };
            Criterion::ALL.into_iter().filter(differs).collect()
        };
        let verdict = match rule.alarm.is_about(trigger, known) {
            _ if rule.mode == Mode::Off => RuleVerdict::Off,
            Answer::Yes => RuleVerdict::Fits,
            Answer::No => RuleVerdict::Differs(differs()),
            Answer::DependsOn(lookups) => RuleVerdict::Needs(lookups),
            Answer::Unclear(problem) => RuleVerdict::Unclear(problem),
        };
        RuleComparison { rule, verdict }
    };
    rules.iter().map(compare).collect()
}

/// Whether an account is among a rule's.
enum Place {
    Is(bool),
    LookUp,
    Unclear(Problem),
}

impl AlarmSelector {
    fn is_about(&self, trigger: &AlarmTrigger, known: &Known<'_>) -> Answer {
        let (mut open, mut doubt) = (BTreeSet::new(), None);
        for criterion in Criterion::ALL {
            match self.fits(criterion, trigger, known) {
                Fit::Is(true) => {}
                Fit::Is(false) => return Answer::No,
                Fit::LookUp(lookup) => {
                    open.insert(lookup);
                }
                Fit::Unclear(problem) => doubt = Some(problem),
            }
        }
        match doubt {
            _ if !open.is_empty() => Answer::DependsOn(open),
            Some(problem) => Answer::Unclear(problem),
            None => Answer::Yes,
        }
    }

    fn fits(&self, criterion: Criterion, trigger: &AlarmTrigger, known: &Known<'_>) -> Fit {
        let or_look_up = |answer: Option<bool>, lookup| answer.map_or(Fit::LookUp(lookup), Fit::Is);
        match criterion {
            Criterion::Contributors => Fit::Is(self.contributors == trigger.contributor.is_some()),
            Criterion::Names => {
                let name = trigger.alarm.name();
                Fit::Is(self.names.is_empty() || self.names.iter().any(|glob| glob.matches(name)))
            }
            Criterion::Regions => {
                let region = trigger.alarm.region();
                Fit::Is(self.regions.is_empty() || self.regions.contains(region))
            }
            Criterion::Metric => or_look_up(self.watches(trigger, known), Lookup::Children),
            Criterion::Accounts => match self.lives_there(trigger, known) {
                Place::Is(there) => Fit::Is(there),
                Place::LookUp => Fit::LookUp(Lookup::Place),
                Place::Unclear(problem) => Fit::Unclear(problem),
            },
            Criterion::Tags => or_look_up(self.is_tagged(known), Lookup::Tags),
        }
    }

    /// One metric has to fit both namespace and name.
    fn watches(&self, trigger: &AlarmTrigger, known: &Known<'_>) -> Option<bool> {
        if self.namespace.is_none() && self.metric.is_none() {
            return Some(true);
        }
        let watched = trigger.watched();
        if trigger.kind == AlarmKind::Composite && watched.is_empty() && !known.children {
            return None;
        }
        let fits = |glob: &Option<relay_core::rules::Glob>, text: &Option<String>| match glob {
            None => true,
            Some(glob) => text.as_ref().is_some_and(|text| glob.matches(text)),
        };
        Some(watched.iter().any(|(namespace, metric)| {
            fits(&self.namespace, namespace) && fits(&self.metric, metric)
        }))
    }

    fn lives_there(&self, trigger: &AlarmTrigger, known: &Known<'_>) -> Place {
        let account = trigger.alarm.account();
        if let Some(organization) = known.organization {
            let everywhere = [AccountSelector::Organization];
            let wanted = if self.accounts.is_empty() { &everywhere[..] } else { &self.accounts };
            let (children, exclude) = (self.include_child_units, &self.exclude);
            return match organization.selects(account, wanted, children, exclude) {
                Selected::Yes => Place::Is(true),
                Selected::No => Place::Is(false),
                Selected::Unclear(problem) => Place::Unclear(problem),
            };
        }
        // The bus takes events of the organization only: what arrives is of it.
        let certain = |selector: &AccountSelector| match selector {
            AccountSelector::Organization => Some(true),
            AccountSelector::Account(id) => Some(*id == account),
            AccountSelector::Root(_) | AccountSelector::Unit(_) | AccountSelector::Path(_) => None,
        };
        let any = |selectors: &[AccountSelector]| {
            let answers: Vec<Option<bool>> = selectors.iter().map(certain).collect();
            if answers.contains(&Some(true)) {
                Some(true)
            } else if answers.contains(&None) {
                None
            } else {
                Some(false)
            }
        };
        let wanted = if self.accounts.is_empty() { Some(true) } else { any(&self.accounts) };
        match (wanted, any(&self.exclude)) {
            (Some(false), _) | (_, Some(true)) => Place::Is(false),
            (Some(true), Some(false)) => Place::Is(true),
            _ => Place::LookUp,
        }
    }

    fn is_tagged(&self, known: &Known<'_>) -> Option<bool> {
        if self.tags.is_empty() {
            return Some(true);
        }
        let tags = known.tags?;
        let has = |(key, glob): (&String, &relay_core::rules::Glob)| {
            tags.get(key).is_some_and(|value| glob.matches(value))
        };
        Some(self.tags.iter().all(has))
    }
}
