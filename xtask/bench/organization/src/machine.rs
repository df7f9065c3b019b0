//! The state machine `share-runbooks`, walked by hand for an execution of the whole organization. Each state that is
//! entered is in the definition, and the one before leads to it. What Step Functions counts follows from that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::functions::Function;

const DEFINITION: &str = include_str!("../../../../statemachine/share-runbooks.asl.json");
/// The default of `ShareMaximumConcurrency`: pairs of owner and Region side by side.
const AT_ONCE: usize = 10;
/// How `roundsAllowed` is computed where there is something to look at.
const ROUNDS: &str = "$max([2, $min([50, $floor(500 / $count($states.result.Payload.survey))])])";
const ARN: &str = "arn:aws:states:us-east-1:111122223333:execution:runbook-relay-share-runbooks";

/// Where functions are invoked.
pub(crate) trait Lambda {
    /// Invokes a function and returns its answer.
    fn invoke(&self, function: Function, payload: Value) -> impl Future<Output = Result<Value>>;
}

/// A state's type, and the states that it leads to.
#[derive(Debug)]
struct State {
    kind: String,
    next: BTreeSet<String>,
}

/// The states of the machine, those inside of a Map included.
#[derive(Debug)]
pub(crate) struct Definition {
    states: BTreeMap<String, State>,
    starts: BTreeSet<String>,
}

impl Definition {
    pub(crate) fn read() -> Result<Self> {
        ensure!(DEFINITION.contains(ROUNDS), "roundsAllowed is computed in another way");
        let mut definition = Self { states: BTreeMap::new(), starts: BTreeSet::new() };
        definition.add(&serde_json::from_str(DEFINITION)?)?;
        Ok(definition)
    }

    fn add(&mut self, machine: &Value) -> Result<()> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.starts.extend(text(&machine["StartAt"]));
        for (name, state) in machine["States"].as_object().context("a machine has states")? {
            let choices = state["Choices"].as_array().into_iter().flatten();
            let next = choices.filter_map(|choice| text(&choice["Next"]));
            let next = next.chain(text(&state["Next"])).chain(text(&state["Default"])).collect();
            let kind = text(&state["Type"]).context("a state has a type")?;
            self.states.insert(name.clone(), State { kind, next });
            if state["ItemProcessor"].is_object() {
                self.add(&state["ItemProcessor"])?;
            }
        }
        Ok(())
    }
}

/// One invocation of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invocation {
    pub(crate) function: Function,
    pub(crate) took: Duration,
}

/// The counts of Step Functions.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) transitions: usize,
    /// Events in the history.
    pub(crate) events: usize,
    /// The largest payload or answer in bytes, and its state.
    pub(crate) largest: (usize, String),
    pub(crate) invocations: Vec<Invocation>,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.transitions += other.transitions;
        self.events += other.events;
        self.largest = std::mem::take(&mut self.largest).max(other.largest);
        self.invocations.extend(other.invocations);
    }
}

/// An execution that has ended.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) counts: Counts,
    pub(crate) took: Duration,
    /// `apply`, `held`, `nothing`.
    pub(crate) verdict: String,
    /// As it was published.
    pub(crate) outcome: String,
    /// The most rounds that a pair needed, and the number that is allowed.
    pub(crate) rounds: (usize, usize),
    /// Pairs that were not finished in these rounds.
    pub(crate) unfinished: usize,
    pub(crate) pairs: usize,
    /// How much the last reports of all pairs count.
    pub(crate) shares: Value,
}

/// The way through the states, of the execution or of one item of a Map.
struct Walk<'a> {
    definition: &'a Definition,
    at: Option<String>,
    counts: Counts,
}

impl<'a> Walk<'a> {
    fn new(definition: &'a Definition) -> Self {
        Self { definition, at: None, counts: Counts::default() }
    }

    fn enter(&mut self, name: &str) -> Result<()> {
        let Definition { states, starts } = self.definition;
        let state = states.get(name).with_context(|| format!("there is no state {name}"))?;
        let leads = match &self.at {
            Some(at) => states.get(at).is_some_and(|at| at.next.contains(name)),
            None => starts.contains(name),
        };
        ensure!(leads, "{:?} does not lead to {name}", self.at);
        self.at = Some(name.to_owned());
        self.counts.transitions += 1;
        // Entered and exited; in between, of a task: scheduled, started, succeeded; of a Map: started, succeeded.
        self.counts.events += match state.kind.as_str() {
            "Task" => 5,
            "Map" => 4,
            _ => 2,
        };
        Ok(())
    }

    fn carry(&mut self, value: &Value) {
        let bytes = value.to_string().len();
        let at = self.at.clone().unwrap_or_default();
        self.counts.largest = std::mem::take(&mut self.counts.largest).max((bytes, at));
    }

    /// Enters a task and calls its function.
    async fn task(
        &mut self,
        lambda: &impl Lambda,
        name: &str,
        function: Function,
        payload: Value,
    ) -> Result<Value> {
        self.enter(name)?;
        self.carry(&payload);
        let begun = Instant::now();
        let answer = lambda.invoke(function, payload).await;
        let answer = answer.with_context(|| format!("{name}: {function:?}"))?;
        self.counts.invocations.push(Invocation { function, took: begun.elapsed() });
        self.carry(&answer);
        Ok(answer)
    }
}

/// One kind of work on pairs of owner and Region: the states of its Map.
struct Rounds {
    map: &'static str,
    task: &'static str,
    check: &'static str,
    pause: &'static str,
    done: &'static str,
    unfinished: &'static str,
    function: Function,
}

const LOOK: Rounds = Rounds {
    map: "Look at every owner and Region",
    task: "Look at documents",
    check: "Check for more to look at",
    pause: "Pause before the next look",
    done: "Report what was found",
    unfinished: "Report an unfinished look",
    function: Function::Look,
};
const SHARE: Rounds = Rounds {
    map: "Share with every owner and Region",
    task: "Share documents",
    check: "Check for more documents",
    pause: "Pause before the next round",
    done: "Report what was shared",
    unfinished: "Report unfinished work",
    function: Function::Share,
};

/// Runs an execution on its input.
pub(crate) async fn run(
    lambda: &impl Lambda,
    definition: &Definition,
    name: &str,
    start: &str,
    input: &Value,
) -> Result<Execution> {
    let begun = Instant::now();
    let execution = json!({ "arn": format!("{ARN}:{name}"), "name": name, "startTime": start });
    let mut walk = Walk::new(definition);
    walk.counts.events += 2;
    walk.enter("Record the input")?;
    walk.enter("Check the input")?;
    let payload = json!({ "execution": execution, "input": input, "surveys": true });
    let mut plan = walk.task(lambda, "Plan shares", Function::Plan, payload).await?;
    walk.enter("Check the plan")?;
    let pairs = list(&plan["survey"]);
    ensure!(!pairs.is_empty() && pairs.len() <= 400, "{} pairs to look at", pairs.len());
    let allowed = (500 / pairs.len()).clamp(2, 50);
    let context = (&execution, &plan["plan"], allowed);
    let looked = walk.map(lambda, &LOOK, context, &pairs).await?;
    let (mut rounds, mut unfinished) = (looked.rounds, looked.unfinished);
    let conclude = json!({ "plan": plan["plan"], "surveys": looked.reports, "dryRun": false, "confirm": null });
    let payload = json!({ "execution": execution, "conclude": conclude });
    let conclusion = walk.task(lambda, "Decide what to do", Function::Conclude, payload).await?;
    walk.enter("Check the decision")?;
    let work = list(&conclusion["work"]);
    let mut shares = list(&conclusion["untouched"]);
    if !work.is_empty() {
        let context = (&execution, &plan["plan"], allowed);
        let shared = walk.map(lambda, &SHARE, context, &work).await?;
        (rounds, unfinished) = (rounds.max(shared.rounds), unfinished + shared.unfinished);
        shares.extend(shared.reports);
        walk.enter("Check for onboarding runbooks")?;
        walk.enter("Check whether the account is on its way")?;
    }
    plan["work"] = json!(work);
    plan["survey"] = json!([]);
    let payload = json!({
        "execution": execution, "flow": "sharing", "input": input, "plan": plan, "shares": shares, "onboarding": [],
        "error": null,
    });
    let outcome = walk.task(lambda, "Publish the outcome", Function::Publish, payload).await?;
    for name in ["Decide whether to look again", "Choose the ending", "End with success"] {
        walk.enter(name)?;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Execution {
        took: begun.elapsed(),
        verdict: text(&conclusion["verdict"]),
        outcome: text(&outcome["outcome"]),
        rounds: (rounds, allowed),
        unfinished,
        pairs: pairs.len(),
        shares: json!(shares),
        counts: walk.counts,
    })
}

/// The reports of the items of a Map.
struct Mapped {
    reports: Vec<Value>,
    rounds: usize,
    unfinished: usize,
}

impl Walk<'_> {
    async fn map(
        &mut self,
        lambda: &impl Lambda,
        rounds: &Rounds,
        context: (&Value, &Value, usize),
        pairs: &[Value],
    ) -> Result<Mapped> {
        self.enter(rounds.map)?;
        let definition = self.definition;
        let items: Vec<(Counts, Value, usize, bool)> = iter(pairs)
            .map(|pair| item(Walk::new(definition), lambda, rounds, context, pair))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut mapped = Mapped { reports: Vec::new(), rounds: 0, unfinished: 0 };
        for (counts, report, rounds, finished) in items {
            self.counts.add(counts);
            // MapIterationStarted, MapIterationSucceeded.
            self.counts.events += 2;
            mapped.rounds = mapped.rounds.max(rounds);
            mapped.unfinished += usize::from(!finished);
            mapped.reports.push(report);
        }
        self.carry(&json!(mapped.reports));
        Ok(mapped)
    }
}

/// One pair of owner and Region, round after round. Returns its report, its rounds, and whether it was finished.
async fn item(
    mut walk: Walk<'_>,
    lambda: &impl Lambda,
    rounds: &Rounds,
    (execution, plan, allowed): (&Value, &Value, usize),
    pair: &Value,
) -> Result<(Counts, Value, usize, bool)> {
    let (owner, region) = (&pair["owner"], &pair["region"]);
    let mut cursor = json!({ "cursor": null, "counts": null });
    let mut round = 0;
    loop {
        round += 1;
        let mut payload = json!({
            "execution": execution, "plan": plan, "cursor": cursor["cursor"], "counts": cursor["counts"],
        });
        match rounds.function {
            Function::Look => payload["survey"] = pair.clone(),
            _ => (payload["owner"], payload["region"]) = (owner.clone(), region.clone()),
        }
        let before = cursor;
        cursor = walk.task(lambda, rounds.task, rounds.function, payload).await?;
        walk.enter(rounds.check)?;
        // A look that has come no further begins at the same place in every round that is left.
        let stalled = rounds.function == Function::Look
            && round > 1
            && [&before["cursor"], &before["counts"]] == [&cursor["cursor"], &cursor["counts"]];
        let mut report = json!({ "owner": owner, "region": region, "counts": cursor["counts"] });
        if cursor["done"] == true {
            walk.enter(rounds.done)?;
            return Ok((walk.counts, report, round, true));
        }
        if stalled || round >= allowed {
            walk.enter(rounds.unfinished)?;
            report["error"] = json!({ "Error": "NotFinished", "Cause": format!("Not finished in {round} rounds.") });
            return Ok((walk.counts, report, round, false));
        }
        walk.enter(rounds.pause)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
