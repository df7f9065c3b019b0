//! Facts about a runbook, and the objections to a start that follow from them.

use std::collections::BTreeMap;

use relay_core::id::InstallationId;
use relay_core::problem::{Problem, ProblemCode};

use crate::{APPROVE_THEN_RUN, ASSUME_ROLE, PlanInput};

/// The value of the tag [`InstallationId::runbook_tag`] on runbooks of the hub's account that may be started.
pub const ALLOWED: &str = "allowed";

/// The value of that tag on runbooks that destroy something; they may be started too.
pub const DESTRUCTIVE: &str = "destructive";

/// A runbook as DescribeDocument shows it, and for runbooks of the hub ListTagsForResource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunbookFacts {
    /// It is there, in the account and Region of the start and in the version asked for.
    pub exists: bool,
    /// It is owned by Amazon.
    pub by_amazon: bool,
    /// Another account owns it, whose tags cannot be seen.
    pub shared: bool,
    /// Its parameters, and whether each is required.
    pub parameters: BTreeMap<String, bool>,
    /// Its tags; empty where they cannot be seen.
    pub tags: BTreeMap<String, String>,
}

impl RunbookFacts {
    /// Whether its tag says that it destroys something.
    #[must_use]
    pub fn is_destructive(&self, installation: &InstallationId) -> bool {
        self.tags.get(installation.runbook_tag()).is_some_and(|value| value == DESTRUCTIVE)
    }

    fn is_allowed(&self, installation: &InstallationId) -> bool {
        let tag = self.tags.get(installation.runbook_tag());
        let tagged = tag.is_some_and(|value| [ALLOWED, DESTRUCTIVE].contains(&value.as_str()));
        self.by_amazon || self.shared || tagged
    }
}

impl PlanInput<'_> {
    /// The objections of the runbook, the stack and the role to a start, whatever it runs on.
    #[must_use]
    pub fn objections(&self) -> Vec<Problem> {
        let Some(rung) = self.input.ladder.get(self.rung) else { return Vec::new() };
        // It would run whatever its parameters name, past everything that is asked below.
        let document = rung.runbook.document().rsplit('/').next().unwrap_or_default();
        if document.split(':').next() == Some(APPROVE_THEN_RUN) {
            let place = self.input.place(&format!("ladder[{}].runbook", self.rung));
            let what = format!("{APPROVE_THEN_RUN} is started only for the approval of a rung");
            let problem = Problem::new(ProblemCode::RunbookNotAllowed, place, what);
            return vec![problem.with_hint("Write `approval:` in the rung instead.")];
        }
        let mut problems = Vec::new();
        let mut say = |code: ProblemCode, path: &str, what: String| {
            problems.push(Problem::new(code, self.input.place(path), what));
        };
        let field = |name: &str| format!("ladder[{}].{name}", self.rung);
        let (facts, name) = (self.runbook, rung.runbook.document());
        let installation = &self.hub.installation;
        let tag = installation.runbook_tag();
        if !facts.exists {
            let version = rung.document_version.as_deref();
            let version = version.map(|v| format!(" in version {v}")).unwrap_or_default();
            let region = self.input.start_region(self.hub, rung);
            let what = format!(
                "{} is not there{version}, in account {} and Region {region}",
                rung.runbook, self.hub.account
            );
            say(ProblemCode::RunbookNotFound, &field("runbook"), what);
            return problems;
        }
        let (parameter, globs, named) = if facts.shared {
            ("AllowedSharedRunbookArns", &self.hub.shared_runbooks, rung.runbook.as_str())
        } else {
            ("AllowedRunbookNames", &self.hub.allowed_runbooks, name)
        };
        if !globs.iter().any(|glob| glob.matches(named)) {
            let what = format!("{parameter} does not name {named}");
            say(ProblemCode::RunbookNotAllowed, &field("runbook"), what);
        } else if !facts.is_allowed(installation) {
            let what = format!("{name} lacks the tag {tag}: {ALLOWED}");
            say(ProblemCode::RunbookNotAllowed, &field("runbook"), what);
        }
        if facts.is_destructive(installation) && !rung.destructive && rung.approval.is_none() {
            let what = format!("{name} is tagged {tag}: {DESTRUCTIVE}");
            say(ProblemCode::DestructiveWithoutApproval, &field("runbook"), what);
        }
        let target = self.input.run.targets.as_ref().map(|targets| targets.parameter.as_str());
        let given = rung.parameters.keys().map(String::as_str).chain(target);
        for parameter in given.filter(|given| !facts.parameters.contains_key(*given)) {
            let known: Vec<&str> = facts.parameters.keys().map(String::as_str).collect();
            let what = format!("{name} takes no `{parameter}`; it takes {}", known.join(", "));
            say(ProblemCode::RunbookParameters, &field("parameters"), what);
        }
        let role_is_known =
            self.input.run.service_role.is_some() || self.hub.service_role.is_some();
        let filled = |parameter: &str| {
            rung.parameters.contains_key(parameter)
                || target == Some(parameter)
                || (parameter == ASSUME_ROLE && role_is_known)
        };
        for (parameter, required) in &facts.parameters {
            if *required && !filled(parameter) {
                let what = format!("{name} needs `{parameter}`");
                say(ProblemCode::RunbookParameters, &field("parameters"), what);
            }
        }
        let takes = facts.parameters.contains_key(ASSUME_ROLE);
        let elsewhere = self.input.run.locations.is_some()
            || self.input.account_or(self.hub) != self.hub.account
            || self.input.region_or(self.hub) != self.input.start_region(self.hub, rung);
        if self.input.run.service_role.is_some() && !takes {
            let what = format!("{name} has no parameter {ASSUME_ROLE}");
            say(ProblemCode::AssumeRoleNotTaken, "run.serviceRole", what);
        } else if elsewhere && !takes {
            let what = format!(
                "{name} has no parameter {ASSUME_ROLE}: it takes the service role to reach other accounts and Regions"
            );
            say(ProblemCode::AssumeRoleNotTaken, &field("runbook"), what);
        }
        // The stack's own service role is where the suite may pass roles from, below a path of the organization's too.
        let path = self
            .hub
            .service_role
            .as_ref()
            .map_or_else(|| installation.role_path(), |role| role.path().to_owned());
        if let Some(role) = &self.input.run.service_role
            && (role.account() != self.hub.account || !role.path().starts_with(&path))
        {
            let what = format!("{role} is not a role of account {} under {path}", self.hub.account);
            say(ProblemCode::RoleNotPassable, "run.serviceRole", what);
        }
        problems
    }
}
