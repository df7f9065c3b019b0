//! The organization of a history, the functions that work for it, and what is expected of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_double::{Aws, Document, ENVIRONMENT, Fault, REGION, SHARE_RUNBOOKS};
use relay_core::execution::ExecutionRef;
use runtime::{Clock, Environment};
use serde_json::{Value, json};
use sharing::{
    Conclude, ConcludeInput, PlanSharesInput, PlanSharesOutput, ShareDocumentsInput, SurveyInput,
    SurveyReport, Verdict, WorkItem,
};

use crate::step::{OWNERS, Rule, Step, UNITS, Whom};

/// How long each answer takes, so that a stop meets any point of an execution.
const LATENCY: Duration = Duration::from_millis(10);

fn account(number: usize) -> String {
    format!("4{number:011}")
}

/// A document that is shared with an account: owner, document, account.
pub(crate) type Pair = (usize, String, String);

pub(crate) struct World {
    pub(crate) aws: Aws,
    planner: plan_shares::Deps,
    sharer: share_documents::Deps,
    /// `None` for a rule that is invalid.
    rules: BTreeMap<usize, Option<Rule>>,
    renamed: bool,
    documents: usize,
    /// The pairs that people have shared by hand and that are not the suite's.
    pub(crate) foreign: BTreeSet<Pair>,
    /// The inputs of the executions that events have led to, or may still lead to.
    events: Vec<Value>,
    planned: Vec<(String, PlanSharesOutput)>,
    executions: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        let aws = Aws::at("2026-07-01T00:00:00Z");
        aws.latency(LATENCY);
        let clock = Clock::from(aws.now());
        let (environment, sdk) = (Environment::from_iter(ENVIRONMENT), aws.sdk());
        let mut planner = plan_shares::Deps::new(&environment, &sdk).unwrap();
        let mut sharer = share_documents::Deps::new(&environment, &sdk).unwrap();
        planner.clock = clock.clone();
        sharer.clock = clock;
        for owner in OWNERS {
            let mut state = aws.state();
            state.organization.member(owner, "r-root");
            let claim = "/runbook-relay/claims/runbook-relay".to_owned();
            state.at(owner, REGION).ssm.parameters.insert(claim, "*".to_owned());
        }
        let mut world = Self {
            aws,
            planner,
            sharer,
            rules: BTreeMap::new(),
            renamed: false,
            documents: 0,
            foreign: BTreeSet::new(),
            events: Vec::new(),
            planned: Vec::new(),
            executions: 0,
        };
        world.write_units();
        (0..2).for_each(|account| world.take(Step::Join(account)));
        (0..4).for_each(|document| world.take(Step::Make(document % OWNERS.len())));
        world
    }

    fn unit_name(&self, unit: usize) -> &'static str {
        match (unit, self.renamed) {
            (0, _) => "Workloads",
            (1, _) => "Prod",
            (_, false) => "Sandbox",
            (_, true) => "Playground",
        }
    }

    fn write_units(&self) {
        for (number, (id, parent)) in UNITS.into_iter().enumerate() {
            self.aws.state().organization.unit(id, parent, self.unit_name(number));
        }
    }

    fn text(&self, rule: &Rule) -> String {
        let Rule { owner, names, whom } = rule;
        let owner = OWNERS[*owner];
        let (whom, children) = match whom {
            Whom::Everybody => ("organization".to_owned(), false),
            Whom::Unit(1, children) => ("/Workloads/Prod".to_owned(), *children),
            Whom::Unit(unit, children) => (format!("/{}", self.unit_name(*unit)), *children),
            Whom::Account(number) => (format!("\"{}\"", account(*number)), false),
        };
        format!(
            "documents: {{owner: \"{owner}\", names: [\"{names}\"]}}\nregions: [{REGION}]\n\
             accounts: {{in: [{whom}], includeChildUnits: {children}}}\n"
        )
    }

    fn write_rule(&self, number: usize, text: &str) {
        let name = format!("/runbook-relay/sharing/rule-{number}");
        self.aws.state().hub().ssm.parameters.insert(name, text.to_owned());
    }

    fn remove_rule(&mut self, number: usize) {
        self.rules.remove(&number);
        let name = format!("/runbook-relay/sharing/rule-{number}");
        self.aws.state().hub().ssm.parameters.remove(&name);
    }

    /// The names of an owner's documents.
    fn names(&self, owner: usize) -> Vec<String> {
        self.aws.state().at(OWNERS[owner], REGION).ssm.documents.keys().cloned().collect()
    }

    /// One of an owner's documents, if it has any.
    fn name(&self, owner: usize, number: usize) -> Option<String> {
        let names = self.names(owner);
        (!names.is_empty()).then(|| names[number % names.len()].clone())
    }

    fn happened(&mut self, kind: &str, input: Value) {
        let mut input = input;
        input["trigger"] = json!({"kind": kind, "eventIds": ["e-1"]});
        self.events.push(input);
    }

    #[expect(clippy::needless_pass_by_value, reason = "`json!` stands in the call")]
    fn changed(&mut self, touched: Value) {
        self.happened("change", json!({"organization": true, "touched": touched}));
    }

    fn document_changed(&mut self, owner: usize, name: &str) {
        let touched = json!({"owner": OWNERS[owner], "region": REGION, "document": name});
        self.changed(json!({"documents": [touched]}));
    }

    /// Whether the ledger has a share as the suite's.
    fn is_recorded(&self, (owner, name, account): &Pair) -> bool {
        let key = format!("share#{}#{REGION}#{name}", OWNERS[*owner]);
        let state = self.aws.state();
        state
            .table
            .get(&key, account)
            .is_some_and(|entry| entry.get("holder").is_none_or(|holder| holder["S"] != "foreign"))
    }

    /// All steps but those that run something.
    #[expect(clippy::needless_pass_by_value, reason = "a step is taken once")]
    fn take(&mut self, step: Step) {
        match step {
            Step::Join(number) => {
                if self.aws.state().organization.members.contains_key(&account(number)) {
                    return;
                }
                self.aws.state().organization.member(&account(number), "r-root");
                self.happened("join", json!({"accounts": [account(number)], "joined": 0}));
            }
            Step::Move(number, unit) => {
                if !self.aws.state().organization.members.contains_key(&account(number)) {
                    return;
                }
                let parent = UNITS.get(unit).map_or("r-root", |(id, _)| id);
                self.aws.state().organization.member(&account(number), parent);
                self.happened("move", json!({"accounts": [account(number)]}));
            }
            Step::Leave(number) => {
                if self.aws.state().organization.members.remove(&account(number)).is_some() {
                    self.happened("departure", json!({"accounts": [account(number)]}));
                }
            }
            Step::Rename => {
                self.renamed = !self.renamed;
                self.write_units();
                self.changed(json!({"units": true}));
            }
            Step::Make(owner) => {
                let name = format!("Org-{}", self.documents);
                self.documents += 1;
                let mut state = self.aws.state();
                let documents = &mut state.at(OWNERS[owner], REGION).ssm.documents;
                documents.insert(name.clone(), Document::default());
                drop(state);
                self.document_changed(owner, &name);
            }
            Step::Delete(owner, number) => {
                let Some(name) = self.name(owner, number) else { return };
                self.aws.state().at(OWNERS[owner], REGION).ssm.documents.remove(&name);
                self.foreign.retain(|(of, document, _)| *of != owner || *document != name);
                self.document_changed(owner, &name);
            }
            Step::Put(number, rule) => {
                self.rules.insert(number, Some(rule));
                self.write_rule(number, &self.text(&rule));
                self.changed(json!({"rules": [format!("rule-{number}")]}));
            }
            Step::Drop(number) => {
                self.remove_rule(number);
                self.changed(json!({"rules": [format!("rule-{number}")]}));
            }
            Step::Break(number) => {
                self.rules.insert(number, None);
                self.write_rule(number, "documents: {names: nothing}");
                self.changed(json!({"rules": [format!("rule-{number}")]}));
            }
            Step::Share(owner, number, whom) => {
                let Some(name) = self.name(owner, number) else { return };
                let pair = (owner, name.clone(), account(whom));
                let recorded = self.is_recorded(&pair);
                let mut state = self.aws.state();
                let documents = &mut state.at(OWNERS[owner], REGION).ssm.documents;
                let shared = &mut documents.get_mut(&name).unwrap().shared;
                let is_new = shared.insert(account(whom), "$DEFAULT".to_owned()).is_none();
                drop(state);
                if is_new && !recorded {
                    self.foreign.insert(pair);
                }
            }
            Step::Unshare(owner, number, whom) => {
                let Some(name) = self.name(owner, number) else { return };
                let mut state = self.aws.state();
                let documents = &mut state.at(OWNERS[owner], REGION).ssm.documents;
                documents.get_mut(&name).unwrap().shared.remove(&account(whom));
                drop(state);
                self.foreign.remove(&(owner, name, account(whom)));
            }
            Step::Fail(call, times) => {
                let (operation, fault) = match call {
                    0 => ("ModifyDocumentPermission", Fault::Throttled),
                    1 => ("ModifyDocumentPermission", Fault::LostReply),
                    _ => ("BatchWriteItem", Fault::Unavailable),
                };
                self.aws.on(operation).times(times).fails(fault);
            }
            Step::Deliver(..) | Step::Plan(_) | Step::Finish(..) => {}
        }
    }

    /// A step of a history.
    pub(crate) async fn step(&mut self, step: Step) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match step {
            Step::Deliver(event, stop) if !self.events.is_empty() => {
                let input = self.events[event % self.events.len()].clone();
                let name = self.next_execution();
                until_stopped(stop, self.execute(&name, input)).await;
            }
            Step::Plan(event) if !self.events.is_empty() => {
                let input = self.events[event % self.events.len()].clone();
                let name = self.next_execution();
                if let Some(planned) = self.plan(&name, input).await {
                    self.planned.push((name, planned));
                }
            }
            Step::Finish(number, stop) if !self.planned.is_empty() => {
                let (name, planned) = self.planned.remove(number % self.planned.len());
                until_stopped(stop, self.work(&name, planned, None)).await;
            }
            step => self.take(step),
        }
    }

    fn next_execution(&mut self) -> String {
        self.executions += 1;
        format!("execution-{}", self.executions)
    }

    async fn execute(&self, name: &str, input: Value) -> Option<String> {
        let planned = self.plan(name, input).await?;
        self.work(name, planned, None).await
    }

    /// Plans; `None` if that fails, or there is nothing to do.
    async fn plan(&self, name: &str, input: Value) -> Option<PlanSharesOutput> {
        let request = json!({"execution": execution(name), "input": input, "surveys": true});
        let request: PlanSharesInput = serde_json::from_value(request).unwrap();
        let planned = plan_shares::handle(&self.planner, request).await.ok()?;
        (!planned.unchanged).then_some(planned)
    }

    /// Does what was planned, as the state machine does. Answers the id of a plan that is held; ends early where a
    /// function fails.
    async fn work(
        &self,
        name: &str,
        planned: PlanSharesOutput,
        confirm: Option<String>,
    ) -> Option<String> {
        let PlanSharesOutput { plan, survey, mut work, .. } = planned;
        if !survey.is_empty() {
            let mut surveys = Vec::new();
            for pair in survey {
                surveys.push(look(&self.sharer, name, &plan, pair).await?);
            }
            let conclude = Conclude { plan: plan.clone(), surveys, dry_run: false, confirm };
            let conclude = ConcludeInput { execution: execution(name), conclude };
            let conclusion = plan_shares::conclude(&self.planner, conclude).await.ok()?;
            if conclusion.verdict == Verdict::Held {
                return Some(conclusion.id);
            }
            work = conclusion.work;
        }
        for WorkItem { owner, region } in work {
            let mut input = ShareDocumentsInput {
                execution: execution(name),
                plan: plan.clone(),
                owner,
                region,
                cursor: None,
                counts: None,
            };
            loop {
                let answer = share_documents::handle(&self.sharer, input.clone()).await.ok()?;
                if answer.done {
                    break;
                }
                (input.cursor, input.counts) = (answer.cursor, Some(answer.counts));
            }
        }
        None
    }

    /// Reconciles, and confirms what is held.
    pub(crate) async fn reconcile(&mut self) {
        let input = json!({"organization": true, "drift": true, "trigger": {"kind": "reconcile"}});
        let name = self.next_execution();
        let planned = self.plan(&name, input.clone()).await.unwrap();
        if let Some(id) = self.work(&name, planned, None).await {
            let name = self.next_execution();
            let planned = self.plan(&name, input).await.unwrap();
            assert_eq!(self.work(&name, planned, Some(id)).await, None, "it is confirmed");
        }
    }

    /// Makes every rule valid, and each OU that one names one that exists.
    pub(crate) fn mend(&mut self) {
        let rules = self.rules.clone();
        for (number, rule) in rules {
            match rule {
                Some(rule) => self.write_rule(number, &self.text(&rule)),
                None => self.remove_rule(number),
            }
        }
        if self.rules.is_empty() {
            let nobody = Rule { owner: 0, names: "None-*", whom: Whom::Everybody };
            self.rules.insert(0, Some(nobody));
            self.write_rule(0, &self.text(&nobody));
        }
    }

    /// The pairs that the rules want.
    pub(crate) fn wanted(&self) -> BTreeSet<Pair> {
        let mut wanted = BTreeSet::new();
        for Rule { owner, names, whom } in self.rules.values().flatten() {
            let documents =
                self.names(*owner).into_iter().filter(|name| match names.strip_suffix('*') {
                    Some(prefix) => name.starts_with(prefix),
                    None => name == names,
                });
            let accounts = self.meant(*whom);
            for document in documents {
                let others = accounts.iter().filter(|account| *account != OWNERS[*owner]);
                wanted.extend(others.map(|account| (*owner, document.clone(), account.clone())));
            }
        }
        wanted
    }

    fn meant(&self, whom: Whom) -> Vec<String> {
        let state = self.aws.state();
        let members = state.organization.members.iter();
        let is_meant = |id: &str, parent: &str| match whom {
            Whom::Everybody => true,
            Whom::Account(number) => id == account(number),
            Whom::Unit(unit, children) => {
                let above = UNITS.iter().find(|(id, _)| *id == parent).map(|(_, above)| *above);
                parent == UNITS[unit].0 || children && above == Some(UNITS[unit].0)
            }
        };
        let meant = members.filter(|(id, member)| is_meant(id, &member.parent));
        meant.map(|(id, _)| id.clone()).collect()
    }

    /// The pairs that SSM has.
    pub(crate) fn shared(&self) -> BTreeSet<Pair> {
        let mut shared = BTreeSet::new();
        for (number, owner) in OWNERS.into_iter().enumerate() {
            let mut state = self.aws.state();
            for (name, document) in &state.at(owner, REGION).ssm.documents {
                shared.extend(document.shared.keys().map(|id| (number, name.clone(), id.clone())));
            }
        }
        shared
    }
}

fn execution(name: &str) -> ExecutionRef {
    ExecutionRef {
        arn: format!("{}:{name}", SHARE_RUNBOOKS.replace(":stateMachine:", ":execution:")),
        name: name.to_owned(),
        start_time: "2026-07-01T00:00:00Z".parse().unwrap(),
    }
}

async fn look(
    deps: &share_documents::Deps,
    name: &str,
    plan: &relay_core::storage::S3Object,
    survey: WorkItem,
) -> Option<SurveyReport> {
    let WorkItem { owner, region } = survey.clone();
    let (execution, plan) = (execution(name), plan.clone());
    let mut input = SurveyInput { execution, plan, survey, cursor: None, counts: None };
    loop {
        let answer = share_documents::look(deps, input.clone()).await.ok()?;
        if answer.done {
            return Some(SurveyReport { owner, region, counts: Some(answer.counts), error: None });
        }
        (input.cursor, input.counts) = (answer.cursor, Some(answer.counts));
    }
}

/// Runs an execution, as far as it comes in so many milliseconds.
async fn until_stopped(stop: Option<u16>, execution: impl Future<Output = Option<String>>) {
    match stop {
        Some(millis) => {
            let time = Duration::from_millis(millis.into());
            drop(tokio::time::timeout(time, execution).await);
        }
        None => drop(execution.await),
    }
}
