//! From a trigger and its rule to a decision, guardrail by guardrail.
//!
//! [`next`] is a function of what is known so far. The caller performs the step that it asks for,
//! adds the answer to the [`Facts`], and calls it again. It ends, since every step adds a fact.

use jiff::Timestamp;
use relay_core::alarm::AlarmState;
use relay_core::problem::Problem;
use run::Calendar;

use super::order::{self, Check, Line, ORDER, Objection, RunBudget, STORM};
use super::{Control, DecisionRecord, Guardrail, Release, Suppression, Take, TakeAnswer, Taker};
use crate::alarm::{AlarmTrigger, Creation};
use crate::{Mode, RemediationRule, Subject};

/// A trigger and the rule that matches it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The rule that matches.
    pub rule: &'a RemediationRule,
    /// The trigger, with what was looked up for it.
    pub trigger: &'a AlarmTrigger,
    /// The kill switch as it was read.
    pub control: &'a Control,
    /// The same moment for the whole deliberation.
    pub now: Timestamp,
}

/// The alarm as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmNow {
    /// The state of the alarm, or of its contributor that is meant; `None` when it no longer exists.
    pub state: Option<AlarmState>,
    /// Whether its actions may be taken.
    pub actions_enabled: bool,
}

/// A change calendar as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarState {
    /// The calendar allows changes.
    Open,
    /// Changes are not allowed.
    Closed {
        /// When it opens, if the calendar says so.
        until: Option<Timestamp>,
    },
    /// It could not be read, which counts as closed.
    Unreadable {
        /// Why it could not be read.
        reason: String,
    },
}

/// The contents of the guardrails' memory before anything is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryNow {
    /// The end of the breaker of the rule, which may be past; `None` when it was never open.
    pub breaker: Option<Timestamp>,
    /// Of the takes that were looked at, those that would be refused, with the answer.
    pub refused: Vec<(Take, TakeAnswer)>,
}

/// The facts so far. Each is an answer to a [`Question`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The decision that is recorded about this trigger; `Some(None)` when there is none.
    pub decided: Option<Option<DecisionRecord>>,
    /// Whether the alarm went into ALARM with its first evaluation.
    pub initial: Option<bool>,
    /// The alarm as it is now.
    pub alarm: Option<AlarmNow>,
    /// The rule's change calendar as it is now.
    pub calendar: Option<CalendarState>,
    /// The resources, or why the rule does not find any.
    pub subject: Option<Result<Subject, Problem>>,
    /// The memory about the rule and the resources.
    pub memory: Option<MemoryNow>,
    /// Whether the rule may be run on the resources, or why not.
    pub fitness: Option<Result<(), Problem>>,
    /// The takes so far, in their order.
    pub takes: Vec<(Take, TakeAnswer)>,
}

/// Something that has to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which decision is recorded about the trigger, if any. Read consistently.
    Decided,
    /// Whether the alarm had been evaluated before: DescribeAlarmHistory.
    History,
    /// The alarm as it is: DescribeAlarms, or for a contributor DescribeAlarmContributors.
    Alarm,
    /// The calendar as it is: GetCalendarState.
    Calendar(Calendar),
    /// The resources: [`RemediationRule::resolve`] and what it asks for.
    Subject,
    /// Until when the rule's storm breaker is open, and which of these takes would be refused now. Read
    /// consistently, and taken from nobody.
    Memory(Vec<Take>),
    /// Whether the rule may be run on the resources: for instances, DescribeInstances.
    Fitness,
}

/// The next step of a deliberation.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Find this out, and add the answer.
    Ask(Question),
    /// Take this, and add the answer.
    Take(Take),
    /// The deliberation has ended.
    Decided(Box<GuardVerdict>),
}

/// The end of a deliberation.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardVerdict {
    /// To be recorded, unless another decision is recorded already.
    pub decision: Decision,
    /// To be released once the recorded decision is known, unless it is a start.
    pub releases: Vec<Release>,
}

/// A decision about a trigger.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Start the execution: everything that has to be taken is taken.
    Start(Subject),
    /// In observe mode: it would have been started, or suppressed.
    Observe(Result<Subject, Suppression>),
    /// Start nothing, and publish why.
    Suppress(Suppression),
    /// Look again at this time: EC2's own recovery may do it until then. Nothing was taken.
    Later(Timestamp),
    /// It was decided before, and the trigger arrived once more: act on that decision, again.
    Repeat(Box<DecisionRecord>),
    /// The run of this trigger ended long ago; nothing is left to do.
    Over,
}

/// The next step for a trigger.
#[must_use]
pub fn next(case: &Case<'_>, facts: &Facts) -> Step {
    let deliberation = Deliberation { case, facts };
    let observing = case.taker().observing;
    let decision = match deliberation.subject_that_may_run() {
        Ok(subject) if observing => Decision::Observe(Ok(subject)),
        Ok(subject) => Decision::Start(subject),
        Err(Stop::Suppress(suppression)) if observing => Decision::Observe(Err(suppression)),
        Err(Stop::Suppress(suppression)) => Decision::Suppress(suppression),
        Err(Stop::Decide(decision)) => decision,
        Err(Stop::Next(step)) => return step,
    };
    Step::Decided(Box::new(deliberation.verdict(decision)))
}

impl<'a> Case<'a> {
    /// The more restrained of the suite's and the rule's mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.control.mode_at(self.now).max(self.rule.mode)
    }

    /// On whose behalf this deliberation takes and releases.
    #[must_use]
    pub fn taker(&self) -> Taker<'a> {
        Taker {
            trigger: self.trigger.id(),
            rule: &self.rule.name,
            observing: self.mode() == Mode::Observe,
            now: self.now,
        }
    }

    pub(super) fn suppress(&self, guardrail: Guardrail, what: impl Into<String>) -> Suppression {
        let place = format!("{}/{}", self.rule.name, self.trigger.alarm);
        let problem = Problem::new(guardrail.code(), place, what);
        // Whichever guardrail objects first: the action that CloudWatch performs later is decided about anew.
        let held_back = self.trigger.quiet.is_some();
        Suppression { guardrail: Some(guardrail), problem, until: None, held_back }
    }
}

/// Why a deliberation does not go on: something has to be known or taken first, or it is decided.
pub(super) enum Stop {
    Next(Step),
    Suppress(Suppression),
    Decide(Decision),
}

impl From<Suppression> for Stop {
    fn from(suppression: Suppression) -> Self {
        Self::Suppress(suppression)
    }
}

/// A case with what is known about it.
pub(super) struct Deliberation<'a> {
    pub(super) case: &'a Case<'a>,
    facts: &'a Facts,
}

impl Deliberation<'_> {
    fn subject_that_may_run(&self) -> Result<Subject, Stop> {
        if let Some(record) = known(&self.facts.decided, Question::Decided)? {
            return Err(Stop::Decide(Decision::Repeat(Box::new(record))));
        }
        for line in &ORDER {
            self.ask(line)?;
        }
        self.subject()
    }

    /// Asks the guardrail at one place of the order.
    pub(super) fn ask(&self, line: &Line) -> Objection {
        let (case, facts) = (self.case, self.facts);
        match &line.check {
            Check::Nothing(check) => check(case),
            Check::History(check) => check(
                case,
                match case.trigger.creation {
                    Creation::Initial => true,
                    Creation::Evaluated => false,
                    Creation::Unknown => known(&facts.initial, Question::History)?,
                },
            ),
            Check::Alarm(check) => check(case, known(&facts.alarm, Question::Alarm)?),
            Check::Calendar(check) => match &case.rule.guard.calendar {
                None => Ok(()),
                Some(calendar) => {
                    let question = Question::Calendar(calendar.clone());
                    check(case, calendar, known(&facts.calendar, question)?)
                }
            },
            Check::Memory(breaker) => self.remember(*breaker),
            Check::Fitness => {
                let fit = known(&facts.fitness, Question::Fitness)?;
                fit.map_err(|problem| Suppression::unfit(problem).into())
            }
            Check::Budget(guardrail, budget) => {
                let budget = budget(case.rule, &self.subject()?);
                match self.take(&budget.take())? {
                    TakeAnswer::Taken => Ok(()),
                    _ => self.used_up(*guardrail, budget),
                }
            }
            Check::Takes { takes, refused } => {
                for take in takes(case.rule, &self.subject()?) {
                    match self.take(&take)? {
                        TakeAnswer::Taken => {}
                        answer => return Err(refused(self, &take, answer)?.into()),
                    }
                }
                Ok(())
            }
        }
    }

    /// Objects where the memory says that the breaker is open, or that a later line would be refused.
    fn remember(&self, breaker: fn(&Case<'_>, Option<Timestamp>) -> Objection) -> Objection {
        let (case, subject) = (self.case, self.subject()?);
        let looks = order::takes(case.rule, &subject).filter(|take| match take {
            Take::Lock { .. } | Take::Run { .. } => true,
            // A full budget may have room for this one; only counting it says so.
            Take::Storm { .. } | Take::Breaker { .. } => false,
        });
        let memory = known(&self.facts.memory, Question::Memory(looks.collect()))?;
        breaker(case, memory.breaker)?;
        let refusal = |take: &Take| memory.refused.iter().find(|(refused, _)| refused == take);
        for line in &ORDER {
            match &line.check {
                Check::Takes { takes, refused } => {
                    for take in takes(case.rule, &subject) {
                        if let Some((_, answer)) = refusal(&take) {
                            return Err(refused(self, &take, *answer)?.into());
                        }
                    }
                }
                Check::Budget(guardrail, budget) => {
                    let budget = budget(case.rule, &subject);
                    if refusal(&budget.take()).is_some() {
                        return self.used_up(*guardrail, budget);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn used_up(&self, guardrail: Guardrail, budget: RunBudget) -> Objection {
        // A storm would never be seen otherwise: usual budgets are smaller.
        self.ask(&STORM)?;
        let RunBudget { most, owner, .. } = budget;
        let what = format!("{owner} has used its {most} runs of this hour");
        Err(self.case.suppress(guardrail, what).into())
    }

    /// The resources. A rule that cannot be run on them starts nothing.
    pub(super) fn subject(&self) -> Result<Subject, Stop> {
        let subject = known(&self.facts.subject, Question::Subject)?;
        subject.map_err(|problem| Suppression::unfit(problem).into())
    }

    /// The answer to a take, or the take to be performed.
    pub(super) fn take(&self, take: &Take) -> Result<TakeAnswer, Stop> {
        let answer = self.facts.takes.iter().find(|(taken, _)| taken == take);
        answer.map(|(_, answer)| *answer).ok_or_else(|| Stop::Next(Step::Take(take.clone())))
    }

    fn verdict(&self, decision: Decision) -> GuardVerdict {
        // A rule that observes has run, as it were, in no time: its cool-down begins.
        let ran = matches!(decision, Decision::Observe(Ok(_)));
        let cool_down = &self.case.rule.guard.cool_down;
        let taken = self.facts.takes.iter().filter(|(_, answer)| *answer == TakeAnswer::Taken);
        let releases = taken
            .filter_map(|(take, _)| if ran { take.end_of_run(cool_down) } else { take.release() });
        GuardVerdict { releases: releases.collect(), decision }
    }
}

/// A fact, or the question that it answers.
fn known<T: Clone>(fact: &Option<T>, question: Question) -> Result<T, Stop> {
    fact.clone().ok_or(Stop::Next(Step::Ask(question)))
}
