//! From a rung to the call that starts it: simple, on targets, in other accounts and Regions, after an
//! approval.

use std::collections::BTreeMap;

use relay_core::id::{AccountId, InstallationId, Region, TOKEN_TAG, derived_id};
use relay_core::organization::Organization;
use relay_core::place::{Place, Places};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::{AccountSelector, Glob};
use uuid::Uuid;

use crate::template::Values;
use crate::{
    AlarmConfiguration, Approval, Locations, RoleArn, RunAutomationInput, RunbookFacts, Rung,
    StartAutomation, Tag, Target, TargetLocation, one_error, tenth,
};

/// The parameter that SSM's runbooks take their role by.
pub const ASSUME_ROLE: &str = "AutomationAssumeRole";

/// The runbook that asks before it runs another.
pub const APPROVE_THEN_RUN: &str = "Relay-ApproveThenRun";

/// The hub, as its stack was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// The installation, which the names of roles and tags begin with.
    pub installation: InstallationId,
    /// The account it runs in, from which everything is started.
    pub account: AccountId,
    /// The Region of the stack.
    pub region: Region,
    /// The stack's own service role.
    pub service_role: Option<RoleArn>,
    /// The execution role of the accounts, with its path unless that is `/`, as TargetLocations name it.
    pub execution_role: String,
    /// Which runbooks may be started: the hub's own and Amazon's, by name.
    pub allowed_runbooks: Vec<Glob>,
    /// Which runbooks of other accounts may be started, by ARN. Their tags cannot be seen: being named
    /// here stands for the tag.
    pub shared_runbooks: Vec<Glob>,
    /// The topic that SSM sends requests for approval to; its name begins with `Automation`.
    pub approval_topic: Option<String>,
}

/// The plan of one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPlan {
    /// The Region to call SSM in, always with the hub's own account.
    pub region: Region,
    /// The parameters of the call.
    pub start: StartAutomation,
    /// The run waits for an approval first.
    pub approval: bool,
}

/// Everything that a start depends on.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The input of the execution.
    pub input: &'a RunAutomationInput,
    /// Which rung, from 0.
    pub rung: usize,
    /// The name of the suite's execution.
    pub execution: &'a str,
    /// The hub, as its stack was deployed.
    pub hub: &'a Hub,
    /// The facts about the rung's runbook.
    pub runbook: &'a RunbookFacts,
    /// The organization as far as [`RunAutomationInput::organization_selectors`] need it, where there are any.
    pub organization: Option<&'a Organization>,
}

impl RunAutomationInput {
    /// The client token of a start. Its key is the trigger, or the execution where there is none. Another installation may
    /// answer the same trigger in the same account, where SSM takes one token for one run.
    #[must_use]
    pub fn token(&self, installation: &InstallationId, rung: usize, execution: &str) -> Uuid {
        let trigger = match &self.lock {
            Some(lock) => lock.trigger.to_string(),
            None => execution.to_owned(),
        };
        let resources = self.resources.join(",");
        derived_id(&format!("run/{installation}/{trigger}/{rung}/{resources}"))
    }

    /// The OUs of `run.locations`, where the organization has to resolve any: what SSM does not know (paths,
    /// the whole), and every OU that is left out, since a run must not begin where an OU was meant to be
    /// spared and is gone.
    #[must_use]
    pub fn organization_selectors(&self) -> Vec<&AccountSelector> {
        let Some(locations) = &self.run.locations else { return Vec::new() };
        let all = || locations.accounts.iter().chain(&locations.exclude);
        let is_named = |selector: &&AccountSelector| {
            matches!(selector, AccountSelector::Organization | AccountSelector::Path(_))
        };
        let is_unit =
            |selector: &&AccountSelector| !matches!(selector, AccountSelector::Account(_));
        if all().any(|it| is_named(&it)) || locations.exclude.iter().any(|it| is_unit(&it)) {
            all().filter(is_unit).collect()
        } else {
            Vec::new()
        }
    }

    /// The account to run in.
    #[must_use]
    pub fn account_or(&self, hub: &Hub) -> AccountId {
        self.account.unwrap_or(hub.account)
    }

    /// The Region to run in.
    #[must_use]
    pub fn region_or(&self, hub: &Hub) -> Region {
        self.region.clone().unwrap_or_else(|| hub.region.clone())
    }

    /// Where SSM is called for a rung, and where its runbook has to be: in the hub's account, in the Region of
    /// the run; for runs in other accounts in the hub's own Region. An approval is asked for there too, since the
    /// topic of the approvers is there and SNS takes messages from its own Region only.
    #[must_use]
    pub fn start_region(&self, hub: &Hub, rung: &Rung) -> Region {
        let here = self.account_or(hub) == hub.account && self.run.locations.is_none();
        if here && rung.approval.is_none() { self.region_or(hub) } else { hub.region.clone() }
    }

    /// The place of a field of this input, for problems.
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        let origin = self.rule.as_ref().map_or("input", |rule| &rule.name);
        Places::new(origin).place(path)
    }
}

/// The call that starts a rung.
///
/// # Errors
/// With everything that stands against it: nothing may be started then.
pub fn plan(plan: PlanInput<'_>) -> Result<StartPlan, Vec<Problem>> {
    let Some(rung) = plan.input.ladder.get(plan.rung) else {
        let what = format!("the ladder has no rung {}", plan.rung + 1);
        let place = plan.input.place("ladder");
        return Err(vec![Problem::new(ProblemCode::InvalidInput, place, what)]);
    };
    let mut planner = Planner { plan, rung, problems: Vec::new() };
    let start = planner.start();
    planner.problems.extend(plan.objections());
    match start {
        Some(start) if planner.problems.is_empty() => Ok(start),
        _ => Err(planner.problems),
    }
}

struct Planner<'a> {
    plan: PlanInput<'a>,
    rung: &'a Rung,
    problems: Vec<Problem>,
}

impl Planner<'_> {
    fn problem(&mut self, code: ProblemCode, path: &str, what: impl Into<String>) {
        let place = self.plan.input.place(path);
        self.problems.push(Problem::new(code, place, what));
    }

    fn rung_path(&self, field: &str) -> String {
        format!("ladder[{}].{field}", self.plan.rung)
    }

    fn start(&mut self) -> Option<StartPlan> {
        let PlanInput { input, hub, .. } = self.plan;
        let (targets, target_parameter) = self.targets()?;
        let mut parameters = self.parameters(target_parameter.as_deref())?;
        self.assume_role(&mut parameters);
        self.standby(&mut parameters);
        let locations = self.locations();
        let stop = self.stop_alarm();
        let remote = !locations.is_empty();
        let whole = input.run.locations.is_some();
        let several = !targets.is_empty();
        let rate =
            |set: &Option<String>, usual: String| several.then(|| set.clone().unwrap_or(usual));
        let text = |rate: &dyn AsRef<str>| rate.as_ref().to_owned();
        let token = input.token(&self.plan.hub.installation, self.plan.rung, self.plan.execution);
        let mut start = StartAutomation {
            document_name: self.rung.runbook.to_string(),
            document_version: self.rung.document_version.clone(),
            parameters,
            client_token: token,
            mode: input.run.mode.as_str().to_owned(),
            target_parameter_name: target_parameter,
            targets,
            target_locations: locations,
            max_concurrency: rate(
                &input.run.max_concurrency.as_ref().map(|rate| text(rate)),
                text(&tenth()),
            ),
            max_errors: rate(
                &input.run.max_errors.as_ref().map(|rate| text(rate)),
                text(&one_error()),
            ),
            // The alarm is looked for where the resource lives, unless the rule runs everywhere.
            alarm_configuration: stop.clone().filter(|_| !remote || whole),
            tags: self.tags(token),
        };
        if remote && !whole {
            for location in &mut start.target_locations {
                location.target_location_alarm_configuration = stop.clone();
            }
        }
        let approval = self.rung.approval.as_ref();
        let start = match approval {
            Some(approval) => self.approved(start, approval)?,
            None => start,
        };
        let region = input.start_region(hub, self.rung);
        Some(StartPlan { region, start, approval: approval.is_some() })
    }

    /// The targets, and the parameter that takes one.
    fn targets(&mut self) -> Option<(Vec<Target>, Option<String>)> {
        let input = self.plan.input;
        if let Some(targets) = &input.run.targets {
            let (key, values) = targets.target();
            return Some((vec![Target { key, values }], Some(targets.parameter.clone())));
        }
        if input.resources.len() < 2 {
            return Some((Vec::new(), None));
        }
        if !input.run.has_rate_control() {
            let what = format!("{} resources, and no rate controls", input.resources.len());
            self.problem(ProblemCode::SeveralResources, "resources", what);
            return None;
        }
        let Some(parameter) = self.rung.target_parameter() else {
            let path = self.rung_path("parameters");
            let what = "no parameter is `[\"{resource}\"]` and nothing else: SSM cannot put each \
                        resource into one";
            self.problem(ProblemCode::InvalidField, &path, what);
            return None;
        };
        let values = input.resources.clone();
        let target = Target { key: "ParameterValues".to_owned(), values };
        Some((vec![target], Some(parameter.to_owned())))
    }

    fn parameters(&mut self, target: Option<&str>) -> Option<BTreeMap<String, Vec<String>>> {
        let PlanInput { input, hub, .. } = self.plan;
        let mut values = Values::default();
        for (word, value) in &input.values {
            values = values.with(word, value);
        }
        values = values
            .with("account", input.account_or(hub).as_str())
            .with("region", input.region_or(hub).as_str());
        if let [resource] = input.resources.as_slice() {
            values = values.with("resource", resource);
        }
        if let Some(alarm) = &input.alarm {
            values = values.with("alarm", alarm.arn.name()).with("alarmArn", alarm.arn.as_str());
        }
        let mut parameters = self.rung.parameters.clone();
        // SSM fills in the parameter that takes the targets, and refuses one that is there already.
        if let Some(target) = target {
            parameters.remove(target);
        }
        match values.fill_all(&parameters) {
            Ok(parameters) => Some(parameters),
            Err((parameter, error)) => {
                let path = self.rung_path(&format!("parameters.{parameter}"));
                self.problem(ProblemCode::ParameterUnfilled, &path, error.to_string());
                None
            }
        }
    }

    /// A service role is not a field of the call: it is a parameter of the runbook.
    fn assume_role(&mut self, parameters: &mut BTreeMap<String, Vec<String>>) {
        let PlanInput { input, hub, runbook, .. } = self.plan;
        let takes = runbook.parameters.contains_key(ASSUME_ROLE);
        let role = input.run.service_role.as_ref().or(hub.service_role.as_ref());
        if let (Some(role), true, false) = (role, takes, parameters.contains_key(ASSUME_ROLE)) {
            parameters.insert(ASSUME_ROLE.to_owned(), vec![role.to_string()]);
        }
    }

    /// The runbook itself takes the instance out of its group and puts it back: if it is cut off,
    /// its own end does so still.
    fn standby(&mut self, parameters: &mut BTreeMap<String, Vec<String>>) {
        const PARAMETER: &str = "AutoScaling";
        let Some(group) = &self.plan.input.standby else { return };
        if self.plan.runbook.parameters.contains_key(PARAMETER) {
            parameters.entry(PARAMETER.to_owned()).or_insert_with(|| vec!["standby".to_owned()]);
            return;
        }
        let what = format!(
            "{} has no parameter {PARAMETER}: it cannot put a member of {group} on standby",
            self.rung.runbook
        );
        self.problem(ProblemCode::ResourceRefused, "resource.autoScaling", what);
    }

    fn locations(&mut self) -> Vec<TargetLocation> {
        let PlanInput { input, hub, .. } = self.plan;
        let role = input.run.execution_role.as_ref().unwrap_or(&hub.execution_role).clone();
        if let Some(locations) = &input.run.locations {
            return vec![self.wide(locations, role)];
        }
        let (account, region) = (input.account_or(hub), input.region_or(hub));
        if account == hub.account && region == input.start_region(hub, self.rung) {
            return Vec::new();
        }
        vec![TargetLocation {
            accounts: vec![account.to_string()],
            regions: vec![region.to_string()],
            target_location_max_concurrency: "1".to_owned(),
            target_location_max_errors: "0".to_owned(),
            execution_role_name: role,
            include_child_organization_units: false,
            exclude_accounts: Vec::new(),
            target_location_alarm_configuration: None,
        }]
    }

    fn wide(&mut self, locations: &Locations, role: String) -> TargetLocation {
        let everywhere = locations.accounts.contains(&AccountSelector::Organization);
        let accounts = self.accounts(&locations.accounts, "run.locations.accounts");
        let exclude_accounts = self.accounts(&locations.exclude, "run.locations.exclude");
        TargetLocation {
            accounts,
            regions: locations.regions.iter().map(ToString::to_string).collect(),
            target_location_max_concurrency: locations.max_concurrency.to_string(),
            target_location_max_errors: locations.max_errors.to_string(),
            execution_role_name: role,
            include_child_organization_units: locations.include_child_units || everywhere,
            exclude_accounts,
            target_location_alarm_configuration: None,
        }
    }

    fn accounts(&mut self, selectors: &[AccountSelector], path: &str) -> Vec<String> {
        let mut accounts = Vec::new();
        for (index, selector) in selectors.iter().enumerate() {
            let place = format!("{path}[{index}]");
            match (selector, self.plan.organization) {
                (AccountSelector::Account(id), _) => accounts.push(id.to_string()),
                (AccountSelector::Unit(id), None) => accounts.push(id.to_string()),
                (AccountSelector::Root(id), None) => accounts.push(id.to_string()),
                (_, Some(organization)) => match organization.target_account(selector) {
                    Ok(account) => accounts.push(account),
                    Err(problem) => {
                        let place = self.plan.input.place(&place);
                        self.problems.push(Problem { place, ..problem });
                    }
                },
                (_, None) => {
                    let what =
                        format!("`{selector}` cannot be resolved: the organization was not read");
                    self.problem(ProblemCode::UnknownOrganizationalUnit, &place, what);
                }
            }
        }
        accounts
    }

    fn stop_alarm(&mut self) -> Option<AlarmConfiguration> {
        let input = self.plan.input;
        let stop = input.run.stop_on_alarm.as_deref()?;
        if input.alarm.as_ref().is_some_and(|alarm| alarm.arn.name() == stop) {
            let what = format!("`{stop}` is the alarm that set this off");
            self.problem(ProblemCode::StopAlarmIsOwn, "run.stopOnAlarm", what);
        }
        Some(AlarmConfiguration::one(stop))
    }

    fn tags(&self, token: Uuid) -> Vec<Tag> {
        let installation = &self.plan.hub.installation;
        let own = self.plan.input.run.tags.iter().map(|(key, value)| (key.clone(), value.clone()));
        let ours = [
            (TOKEN_TAG.to_owned(), installation.token_tag(token)),
            (installation.execution_tag(), self.plan.execution.to_owned()),
        ];
        own.chain(ours).map(|(key, value)| Tag { key, value }).collect()
    }

    /// The same start, after an approval: SSM's own, so that IAM proves the approver. `aws:approve` is not for runs with
    /// targets or locations, so the approval is a simple run in the hub, and what it starts has them.
    fn approved(&mut self, start: StartAutomation, approval: &Approval) -> Option<StartAutomation> {
        let PlanInput { input, hub, .. } = self.plan;
        let Some(topic) = approval.topic.as_ref().or(hub.approval_topic.as_ref()) else {
            let path = self.rung_path("approval.topic");
            let what = "no topic is named, and the stack has none: SSM asks through one";
            self.problem(ProblemCode::InvalidField, &path, what);
            return None;
        };
        let one = |text: String| vec![text];
        // Empty fields are refused by aws:executeAutomation: the runbook has a step for each way.
        let how = match (start.targets.is_empty(), start.target_locations.is_empty()) {
            (true, true) => "here",
            (false, true) => "on-targets",
            (true, false) => "in-locations",
            (false, false) => "on-targets-in-locations",
        };
        // The approval has steps of its own, whether or not the other runbook takes a role.
        let known = input.run.service_role.as_ref().or(hub.service_role.as_ref());
        let role = start.parameters.get(ASSUME_ROLE).cloned();
        let role = role.or_else(|| known.map(|role| one(role.to_string())));
        let mut parameters: BTreeMap<String, Vec<String>> = [
            ("RunbookName", one(start.document_name)),
            ("Parameters", json(&start.parameters)),
            ("Approvers", approval.approvers.clone()),
            ("MinRequiredApprovals", one(approval.minimum.to_string())),
            ("WithinSeconds", one(approval.within.as_secs().to_string())),
            ("TopicArn", one(topic.clone())),
            ("Message", one(message(input))),
            ("Start", one(how.to_owned())),
        ]
        .map(|(name, values)| (name.to_owned(), values))
        .into();
        let mut also = |name: &str, values: Option<Vec<String>>| {
            parameters.extend(values.map(|values| (name.to_owned(), values)));
        };
        also("RunbookVersion", start.document_version.map(one));
        also(ASSUME_ROLE, role);
        also("TargetParameterName", start.target_parameter_name.map(one));
        also("Targets", maps(&start.targets));
        also("TargetLocations", maps(&start.target_locations));
        also("MaxConcurrency", start.max_concurrency.map(one));
        also("MaxErrors", start.max_errors.map(one));
        Some(StartAutomation {
            document_name: APPROVE_THEN_RUN.to_owned(),
            document_version: None,
            parameters,
            client_token: start.client_token,
            mode: start.mode,
            target_parameter_name: None,
            targets: Vec::new(),
            target_locations: Vec::new(),
            max_concurrency: None,
            max_errors: None,
            alarm_configuration: start.alarm_configuration,
            tags: start.tags,
        })
    }
}

/// The request to the approvers, in one line; the runbook adds name and parameters.
fn message(input: &RunAutomationInput) -> String {
    let why = match (&input.alarm, &input.rule) {
        (Some(alarm), Some(rule)) => {
            format!(
                "Alarm {} went into ALARM; rule {} asks for your approval.",
                alarm.arn.name(),
                rule.name
            )
        }
        _ => "A runbook waits for your approval.".to_owned(),
    };
    let on = match input.resources.as_slice() {
        [] => String::new(),
        resources => format!(" Resources: {}.", resources.join(", ")),
    };
    format!("{why}{on}").chars().filter(|c| !c.is_control()).take(1000).collect()
}

/// A StringMap: one JSON text of the API's shapes. Texts, numbers, lists and maps of them never fail
/// to serialise.
fn json<T: serde::Serialize>(value: &T) -> Vec<String> {
    vec![serde_json::to_string(value).unwrap_or_default()]
}

/// A MapList: one JSON text an element; nothing for an empty one.
fn maps<T: serde::Serialize>(values: &[T]) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.iter().flat_map(json).collect())
}
