//! The order of the brakes, and what gives back what.
//!
//! kill switch and mode → mute and suppression → initial creation → already OK (and, before that may
//! be said for good, the time that EC2's own recovery has) → calendar → open breaker → lock →
//! cool-down → budget of the rule → budget of the account → storm.
//!
//! [`next`] is a function of what is known so far: whoever calls it performs the step that it asks
//! for, adds the answer to the facts, and calls it again. It ends: every step adds a fact.

use jiff::Timestamp;
use relay_core::alarm::AlarmState;
use relay_core::item::{Item, Write};
use relay_core::period::Period;
use relay_core::problem::Problem;
use run::Calendar;

use crate::alarm::{AlarmTrigger, Creation, Quiet, Via};
use crate::guard::takes::Taker;
use crate::guard::{Brake, Control, HeldBack, Recorded};
use crate::{Mode, RemediationRule, Subject};

/// A trigger and the rule that matches it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub rule: &'a RemediationRule,
    pub trigger: &'a AlarmTrigger,
    pub control: &'a Control,
    /// Now; the same for the whole deliberation.
    pub now: Timestamp,
}

/// The alarm as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmNow {
    /// Its state, or that of the contributor that rang; `None` when it is gone.
    pub state: Option<AlarmState>,
    /// Whether its actions are switched on.
    pub actions_enabled: bool,
}

/// A change calendar as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarState {
    Open,
    Closed {
        /// When it opens, if it says.
        until: Option<Timestamp>,
    },
    /// It could not be read, which counts as closed.
    Unreadable {
        reason: String,
    },
}

/// How a take was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeAnswer {
    /// The condition held; it is written.
    Taken,
    /// The condition did not hold; the item as it is.
    Refused(Item),
}

/// What is known so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The decision about this trigger that stands in the table; `Some(None)` when none does.
    pub decided: Option<Option<Recorded>>,
    /// Whether the alarm rang with its first evaluation, from its history.
    pub initial: Option<bool>,
    /// The alarm as it is now.
    pub alarm: Option<AlarmNow>,
    /// The calendar as it is now.
    pub calendar: Option<CalendarState>,
    /// The resources, or why the rule cannot be run on what rang.
    pub subject: Option<Result<Subject, Problem>>,
    /// Until when the breaker is open; `Some(None)` when it is not.
    pub breaker: Option<Option<Timestamp>>,
    /// The takes so far, in their order.
    pub takes: Vec<(Take, TakeAnswer)>,
}

/// Something to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The decision about the trigger that stands in the table: [`Recorded::key`], read
    /// consistently.
    Decided,
    /// Whether the alarm had been evaluated before: DescribeAlarmHistory.
    History,
    /// The alarm as it is: DescribeAlarms, or for a contributor DescribeAlarmContributors.
    Alarm,
    /// The calendar as it is: GetCalendarState.
    Calendar(Calendar),
    /// The resources: [`RemediationRule::resolve`] and what it asks for, and what the rule's judgement
    /// of an instance needs.
    Subject,
    /// The breaker's item: [`Taker::breaker_key`].
    Breaker,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Take {
    /// The lock on the resource with this key.
    Lock(String),
    /// A run of the rule.
    RuleBudget,
    /// A run in the account.
    AccountBudget,
    /// A place in the window.
    Storm,
    /// The breaker, to open it.
    Breaker,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Look(Look),
    Take(Take, Box<Write>),
    Decided(Box<Verdict>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The decision, to be recorded unless another stands there.
    pub decision: Decision,
    /// To be written once the recorded decision is known, unless it is a start: what was taken is
    /// given back, or for a rule that only observes, released.
    pub returns: Vec<Write>,
}

/// A decision about a trigger.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Start the execution. Everything that has to be taken is.
    Start(Subject),
    /// In observe mode: it would have been started, or held back.
    Observe(Result<Subject, HeldBack>),
    Hold(HeldBack),
    /// Look again at this time: EC2's own recovery may do it until then. Nothing was taken.
    Later(Timestamp),
    /// It was decided before, and the trigger came once more: act on that decision, again.
    Repeat(Box<Recorded>),
    /// Its run has ended already, long ago; nothing is left to do.
    Over,
}

/// The next step for a trigger.
#[must_use]
pub fn next(case: &Case<'_>, facts: &Facts) -> Step {
    let deliberation = Deliberation { case, facts, taker: case.taker() };
    match deliberation.run() {
        Ok(subject) => deliberation.decided(match deliberation.taker.observing {
            true => Decision::Observe(Ok(subject)),
            false => Decision::Start(subject),
        }),
        Err(Stop::Ask(step)) => step,
        Err(Stop::Say(decision)) => deliberation.decided(decision),
        Err(Stop::Hold(held)) => deliberation.decided(match deliberation.taker.observing {
            true => Decision::Observe(Err(held)),
            false => Decision::Hold(held),
        }),
    }
}

impl<'a> Case<'a> {
    /// The more restrained of the suite's and the rule's mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.control.mode_at(self.now).max(self.rule.mode)
    }

    #[must_use]
    pub fn taker(&self) -> Taker<'a> {
        Taker {
            me: self.trigger.id(),
            rule: &self.rule.name,
            observing: self.mode() == Mode::Observe,
            now: self.now,
        }
    }
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

impl RemediationRule {
    /// The longest that a run of the whole ladder can last: how long the lock is leased for.
    #[must_use]
    pub fn bound(&self) -> Period {
        const SLACK: u32 = 15 * 60;
        let rungs = self.ladder.iter().map(|rung| {
            let approval = rung.approval.as_ref().map_or(0, |approval| approval.within.as_secs());
            approval + rung.timeout.as_secs() + rung.recover_within.as_secs()
        });
        Period::seconds(rungs.fold(SLACK, u32::saturating_add))
    }

    /// Until when EC2's own recovery has time to do it: for alarms about system status checks.
    #[must_use]
    pub fn deferred_until(&self, trigger: &AlarmTrigger) -> Option<Timestamp> {
        let recovers = trigger.metrics.iter().any(|metric| {
            metric.namespace == "AWS/EC2" && metric.name == "StatusCheckFailed_System"
        });
        let defer = &self.guard.defer_to_auto_recovery;
        (recovers && !defer.is_zero()).then(|| trigger.at + defer.duration())
    }
}

/// Why the deliberation stops here.
enum Stop {
    Ask(Step),
    Hold(HeldBack),
    Say(Decision),
}

type Passed<T = ()> = Result<T, Stop>;

struct Deliberation<'a> {
    case: &'a Case<'a>,
    facts: &'a Facts,
    taker: Taker<'a>,
}

impl Deliberation<'_> {
    fn run(&self) -> Passed<Subject> {
        if let Some(recorded) = known(&self.facts.decided, Look::Decided)? {
            return Err(Stop::Say(Decision::Repeat(Box::new(recorded))));
        }
        self.switch()?;
        self.quiet()?;
        self.creation()?;
        self.still_rings()?;
        self.calendar()?;
        let subject = match known(&self.facts.subject, Look::Subject)? {
            Ok(subject) => subject,
            Err(problem) => {
                return Err(Stop::Hold(HeldBack { brake: None, problem, until: None }));
            }
        };
        self.breaker_is_closed()?;
        self.locks(&subject)?;
        self.budgets(&subject)?;
        self.storm(&subject)?;
        Ok(subject)
    }

    fn place(&self) -> String {
        format!("{}/{}", self.case.rule.name, self.case.trigger.alarm)
    }

    fn hold(&self, brake: Brake, what: impl Into<String>) -> HeldBack {
        HeldBack::by(brake, self.place(), what)
    }

    fn switch(&self) -> Passed {
        let control = self.case.control;
        if control.mode_at(self.case.now) != Mode::Off {
            return Ok(());
        }
        let reason = match control.reason.trim() {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        let held = self.hold(Brake::KillSwitch, format!("the suite is switched off{reason}"));
        Err(Stop::Hold(held.until(control.until)))
    }

    fn quiet(&self) -> Passed {
        Err(Stop::Hold(match &self.case.trigger.quiet {
            None => return Ok(()),
            Some(Quiet::Muted { by, until }) => {
                self.hold(Brake::Muted, format!("the alarm is muted by {by}")).until(*until)
            }
            Some(Quiet::Suppressed { by }) => self.hold(
                Brake::Muted,
                format!("the alarm's actions are suppressed by its suppressor ({by})"),
            ),
        }))
    }

    fn creation(&self) -> Passed {
        let initial = match self.case.trigger.creation {
            Creation::Initial => true,
            Creation::Evaluated => false,
            Creation::Unknown => known(&self.facts.initial, Look::History)?,
        };
        if !initial {
            return Ok(());
        }
        let what = "the alarm rang with its first evaluation after it was created";
        Err(Stop::Hold(self.hold(Brake::InitialCreation, what)))
    }

    fn still_rings(&self) -> Passed {
        let alarm = known(&self.facts.alarm, Look::Alarm)?;
        // Actions that are off send no SNS message and call no function: only events come through.
        if !alarm.actions_enabled && self.case.trigger.via == Via::EventBridge {
            let what = "the alarm's actions are switched off";
            return Err(Stop::Hold(self.hold(Brake::Muted, what)));
        }
        match alarm.state {
            Some(AlarmState::Ok) => {
                let what = "the alarm has cleared by itself";
                return Err(Stop::Hold(self.hold(Brake::AlreadyOk, what)));
            }
            None => {
                let what = "the alarm, or the time series that rang, is gone";
                return Err(Stop::Hold(self.hold(Brake::AlreadyOk, what)));
            }
            Some(AlarmState::Alarm | AlarmState::InsufficientData) => {}
        }
        match self.case.rule.deferred_until(self.case.trigger) {
            Some(until) if self.case.now < until => Err(Stop::Say(Decision::Later(until))),
            _ => Ok(()),
        }
    }

    fn calendar(&self) -> Passed {
        let Some(calendar) = &self.case.rule.guard.calendar else { return Ok(()) };
        let state = known(&self.facts.calendar, Look::Calendar(calendar.clone()))?;
        let name = calendar.as_str();
        Err(Stop::Hold(match state {
            CalendarState::Open => return Ok(()),
            CalendarState::Closed { until } => self
                .hold(Brake::Calendar, format!("the change calendar {name} is closed"))
                .until(until),
            CalendarState::Unreadable { reason } => self.hold(
                Brake::Calendar,
                format!("the change calendar {name} cannot be read: {reason}"),
            ),
        }))
    }

    fn breaker_is_closed(&self) -> Passed {
        let open = known(&self.facts.breaker, Look::Breaker)?;
        match open.filter(|until| self.case.now <= *until) {
            Some(until) => {
                let what = "the storm breaker of the rule is open";
                Err(Stop::Hold(self.hold(Brake::Storm, what).until(Some(until))))
            }
            None => Ok(()),
        }
    }

    fn locks(&self, subject: &Subject) -> Passed {
        let lease = self.case.rule.bound();
        for key in subject.keys(self.case.rule) {
            let write = self.taker.lock(&key, &lease);
            if let TakeAnswer::Refused(item) = self.take(Take::Lock(key.clone()), write)? {
                return Err(self.refused_lock(&key, item));
            }
        }
        Ok(())
    }

    /// Another run, the cool-down, or this trigger's own run, which ended long ago.
    fn refused_lock(&self, key: &str, item: &Item) -> Stop {
        let me = self.taker.me.to_string();
        let text = |name: &str| item.get(name).and_then(|value| value.as_text());
        let second = |name: &str| {
            let second = item.get(name).and_then(|value| value.as_number())?;
            Timestamp::from_second(second).ok()
        };
        let resource = key.rsplit('#').next().unwrap_or(key);
        if text("lastOwner") == Some(&me) {
            return Stop::Say(Decision::Over);
        }
        let lease = second("leaseUntil").filter(|until| *until >= self.case.now);
        let held = match text("owner").zip(lease) {
            Some((owner, until)) => {
                let what = format!("{resource} is held by the run of trigger {owner}");
                self.hold(Brake::Lock, what).until(Some(until))
            }
            None => {
                let until = second(&format!("cool#{}", self.case.rule.name));
                let minutes = &self.case.rule.guard.cool_down;
                let what = format!("{resource} cools down for {minutes} since the rule's last run");
                self.hold(Brake::CoolDown, what).until(until)
            }
        };
        Stop::Hold(held)
    }

    fn budgets(&self, subject: &Subject) -> Passed {
        let guard = &self.case.rule.guard;
        let write = self.taker.rule_budget(guard.per_hour);
        if let TakeAnswer::Refused(_) = self.take(Take::RuleBudget, write)? {
            let what = format!("the rule has had its {} runs of this hour", guard.per_hour);
            return Err(self.out_of_budget(subject, Brake::RuleBudget, what));
        }
        let write = self.taker.account_budget(subject.account, guard.per_account_hour);
        if let TakeAnswer::Refused(_) = self.take(Take::AccountBudget, write)? {
            let what = format!(
                "account {} has had its {} runs of this hour",
                subject.account, guard.per_account_hour
            );
            return Err(self.out_of_budget(subject, Brake::AccountBudget, what));
        }
        Ok(())
    }

    /// What rings counts for the storm whether or not there is a run left for it: with the usual
    /// budgets a storm would never be seen otherwise.
    fn out_of_budget(&self, subject: &Subject, brake: Brake, what: String) -> Stop {
        match self.storm(subject) {
            Err(stop) => stop,
            Ok(()) => Stop::Hold(self.hold(brake, what)),
        }
    }

    fn storm(&self, subject: &Subject) -> Passed {
        let storm = &self.case.rule.guard.storm;
        let keys = subject.keys(self.case.rule).join(",");
        let write = self.taker.storm(&keys, storm.resources, &storm.window);
        if let TakeAnswer::Taken = self.take(Take::Storm, write)? {
            return Ok(());
        }
        let write = self.taker.open_breaker(&storm.window);
        let opened = *self.take(Take::Breaker, write)? == TakeAnswer::Taken;
        let (resources, window) = (storm.resources, &storm.window);
        let what = match opened {
            true => format!(
                "more than {resources} resources rang within {window}: the storm breaker opened"
            ),
            false => "the storm breaker of the rule is open".to_owned(),
        };
        Err(Stop::Hold(self.hold(Brake::Storm, what)))
    }

    /// The answer to a take, or the take to be performed.
    fn take(&self, take: Take, write: Write) -> Passed<&TakeAnswer> {
        let answer = self.facts.takes.iter().find(|(taken, _)| *taken == take);
        match answer {
            Some((_, answer)) => Ok(answer),
            None => Err(Stop::Ask(Step::Take(take, Box::new(write)))),
        }
    }

    fn decided(&self, decision: Decision) -> Step {
        let kept = matches!(decision, Decision::Observe(Ok(_)));
        let taken = self.facts.takes.iter().filter(|(_, answer)| *answer == TakeAnswer::Taken);
        // A rule that observes has run, as it were, in no time: its cool-down begins.
        let returns = taken.filter_map(|(take, _)| match take {
            Take::Lock(key) if kept => {
                Some(self.taker.release(key, &self.case.rule.guard.cool_down))
            }
            Take::Lock(key) => Some(self.taker.unlock(key)),
            Take::RuleBudget | Take::AccountBudget if kept => None,
            Take::RuleBudget => Some(self.taker.return_rule_budget()),
            Take::AccountBudget => {
                let subject = self.facts.subject.as_ref()?.as_ref().ok()?;
                Some(self.taker.return_account_budget(subject.account))
            }
            // What rang, rang.
            Take::Storm | Take::Breaker => None,
        });
        Step::Decided(Box::new(Verdict { returns: returns.collect(), decision }))
    }
}

/// A fact, or the question.
fn known<T: Clone>(fact: &Option<T>, look: Look) -> Passed<T> {
    fact.clone().ok_or(Stop::Ask(Step::Look(look)))
}
