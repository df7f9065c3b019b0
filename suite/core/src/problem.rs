//! Problems, in the words that reach people: lint, plan, outcome and documentation use the
//! same codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// One thing that went wrong: what, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A stable word; each has a page in `docs/errors/`.
    pub code: ProblemCode,
    /// Where it is: `owner/region/document` for shares, `file:line:column (field)` for rules.
    #[serde(rename = "where")]
    pub place: Place,
    /// The finding: found and expected.
    pub what: String,
    /// The remedy, as an instruction.
    pub hint: String,
}

impl Problem {
    /// A problem with the hint its code comes with.
    pub fn new(code: ProblemCode, place: impl Into<Place>, what: impl Into<String>) -> Self {
        Self { code, place: place.into(), what: what.into(), hint: code.hint().to_owned() }
    }

    /// The same problem with a hint of its own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, place, what, hint } = self;
        write!(f, "{place}: {what} [{code}]")?;
        if hint.is_empty() { Ok(()) } else { write!(f, "\n  {hint}") }
    }
}

/// A function of any version may have written it. A code that this version does not know is kept in the text: a problem must not
/// be lost for its name.
impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            code: String,
            r#where: Place,
            what: String,
            hint: String,
        }
        let Written { code, r#where: place, what, hint } = Written::deserialize(deserializer)?;
        let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code);
        Ok(match known {
            Some(code) => Self { code: *code, place, what, hint },
            None => {
                let what = format!("[{code}] {what}");
                Self { code: ProblemCode::OfLaterVersion, place, what, hint }
            }
        })
    }
}

macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])+ $code:ident: $hint:literal,)+) => {
        /// The codes of problems. The list may grow: readers treat a code they do not know as text.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $code,)+
        }

        impl ProblemCode {
            /// Every code; each has a page `docs/errors/<code>.md`.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The code as it is written in an outcome.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// The remedy, where nothing more exact is known.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$code => $hint,)+ }
            }
        }
    };
}

problem_codes! {
    // Policy
    /// The text is neither YAML nor JSON.
    RuleSyntax: "Correct the YAML at this place; `relay rules lint` checks the whole set.",
    /// A field that rules do not have.
    UnknownField: "Remove the field or correct its spelling.",
    /// A field of the wrong type or with an impossible value.
    InvalidField: "Correct the value.",
    /// A field that must be there is not.
    MissingField: "Add the field.",
    /// An account id without quotes: YAML reads a number and eats leading zeros.
    AccountIdNotQuoted: "Quote the account id.",
    /// Quoted, and yet no account id.
    InvalidAccountId: "An account id has 12 digits.",
    /// A Region that AWS does not have.
    UnknownRegion: "Use a Region code such as us-east-1.",
    /// A rule that selects nothing: no documents, no Regions or no accounts.
    EmptySelection: "Name at least one, or remove what is empty.",
    /// `{{` in a rule: Parameter Store refuses it.
    TemplateBraces: "Remove the double braces; Parameter Store reserves them.",
    /// A rule over 4 KB.
    RuleTooLarge: "Split the rule, or store the parameter in the Advanced tier (up to 8 KB).",
    /// Two rules of one name.
    DuplicateRule: "Rename one of the two; a rule's name is its file name and its parameter's last part.",
    /// The policy could not be read.
    RulesUnreadable: "Check ssm:GetParametersByPath on the policy's path; nothing is removed until it can be read.",
    /// There is no rule at all.
    RulesEmpty: "Apply at least one rule with `relay rules apply`. Without any, nothing is removed.",
    /// A runbook that destroys something, and neither the rule nor anybody says that this is meant.
    DestructiveWithoutApproval: "Write `destructive: true` at the rung if it is meant, or ask for an approval.",
    /// A rule's own alarm would stop its runs.
    StopAlarmIsOwn: "Name another alarm: this one is in ALARM already, and SSM would cancel the run at once.",
    /// Two rules may be about one alarm.
    RulesOverlap: "Narrow one of the two, or leave it: the lower `priority` wins, then the name.",
    /// A guardrail whose setting suppresses next to nothing.
    GuardLoose: "Check that this is meant.",
    /// The control document could not be read.
    ControlInvalid: "Correct the installation's parameter (/runbook-relay/control by default): {mode: active|observe|off, until?, reason}. Until then nothing is run.",
    // Alarm and resource
    /// The alarm does not say which resource the rule means.
    ResourceUnknown: "Name a dimension that the alarm has, tags, or a literal in `resource`.",
    /// The alarm is about several resources, and the rule about one.
    SeveralResources: "Set `run.maxConcurrency` and `run.maxErrors` if the runbook may run on all of them.",
    /// The rule does not allow this resource.
    ResourceRefused: "Set the field of the rule if the runbook may run on it all the same.",
    /// Something of the instance may be lost.
    InstanceMayLose: "Move what matters to EBS volumes and Elastic IPs.",
    /// A parameter could not be filled in.
    ParameterUnfilled: "Correct the parameter in the rule; the alarm has to have what it asks for.",
    /// AWS answers a look at the alarm or its resource with an error that does not pass.
    LookUpFailed: "Read AWS's error; once its reason is gone, run the rule's runbook by hand if the alarm is still in ALARM.",
    // Runbooks
    /// There is no such runbook where it should be started.
    RunbookNotFound: "Correct the name, or create and share the runbook in this account and Region.",
    /// The stack does not let this runbook be started.
    RunbookNotAllowed: "Add the runbook to the template parameter AllowedRunbookNames, and tag it `allowed`, under the installation's id as key (`runbook-relay` by default); one that another account shares, by its ARN to AllowedSharedRunbookArns.",
    /// A runbook does not take these parameters, or needs more.
    RunbookParameters: "Give the runbook the parameters that it declares.",
    /// The runbook has no `AutomationAssumeRole`, and needs the service role by it.
    AssumeRoleNotTaken: "Add the parameter AutomationAssumeRole to the runbook and use it in `assumeRole`.",
    /// The suite may not pass this role to SSM.
    RoleNotPassable: "Use a role of the hub's account under the installation's path (/runbook-relay/ by default), or the stack's own.",
    // Guardrails
    /// The whole suite is switched off.
    KillSwitch: "Set `mode: active` in the installation's parameter (/runbook-relay/control by default) when it may act again.",
    /// CloudWatch held the alarm's actions back: a mute rule, a suppressor, or actions switched off.
    AlarmMuted: "Nothing, if that is meant; the alarm acts again when it is over.",
    /// The alarm went into ALARM with its first evaluation after it was created.
    InitialCreation: "Nothing, if it clears by itself; else set it off again once it watches what it should.",
    /// By the time the suite looked, the alarm had cleared.
    AlreadyOk: "Nothing.",
    /// The change calendar is closed.
    CalendarClosed: "Run the runbook by hand if it cannot wait for the calendar.",
    /// Something else is being run on the resource.
    Locked: "Nothing: the run that holds the resource has its own outcome.",
    /// The rule was run on the resource a short while ago.
    CoolingDown: "If the alarm returns again and again, look for the cause: the runbook does not help for long.",
    /// The rule has had its runs for this hour.
    RuleBudget: "Look at why the alarm goes into ALARM so often; raise `guard.perHour` if that is meant.",
    /// The account has had its runs for this hour.
    AccountBudget: "Look at what is wrong in the account; raise `guard.perAccountHour` if that is meant.",
    /// So many resources are in ALARM at once that something bigger must be wrong.
    StormBreaker: "Look for the common cause; it closes again when a whole window has passed.",
    /// In observe mode: it would have been started now.
    WouldStart: "Set `mode: active` in the rule when it may act.",
    // Runs
    /// A run waits for an approval.
    ApprovalWaiting: "Approve or reject it with SendAutomationSignal.",
    /// A run waits for the word to go on.
    StepWaiting: "Start its next step with SendAutomationSignal.",
    /// SSM did not start the automation.
    StartRefused: "Read SSM's reason; once it is gone, start run-automation with the same input again.",
    /// A step of the automation failed.
    AutomationFailed: "Read the step's message, at the console link.",
    /// The automation took too long.
    AutomationTimedOut: "Look at what it waited for; raise the rung's `timeout` if it needs more.",
    /// The automation was stopped.
    AutomationCancelled: "Nothing, if that was meant: CloudTrail shows who stopped it.",
    /// An approver said no.
    ApprovalRefused: "Run the runbook by hand if it is needed after all.",
    /// Nobody approved or rejected a run by its deadline.
    ApprovalExpired: "Look at the resource: nobody has. Run the runbook by hand if it is needed; raise `approval.within` or name more approvers if the time is too short.",
    /// The runbooks ran, and the alarm is still in ALARM.
    AlarmNotRecovered: "Look at the resource: the runbooks of the ladder do not cure this.",
    /// Whether it helped could not be seen.
    RecoveryUnverified: "Look at the resource; the alarm is gone or cannot be read.",
    // Plan
    /// A selector names an OU that the organization does not have.
    UnknownOrganizationalUnit: "Check the OU's name, its case and its place in the tree, or use its id.",
    /// A selector names an account outside the organization, or one closed.
    AccountNotInOrganization: "Remove the account from the rule, or invite it.",
    /// Two rules want different versions of one document for one account.
    VersionConflict: "Give both rules the same documentVersion; until then this pair is left as it is.",
    // Shares
    /// Somebody else shared a document with an account in another version than the rules want.
    ForeignShare: "Change the share by hand, or remove it: the next execution then makes the share that the rules want.",
    /// Another installation claims documents that this one claims as well.
    DocumentsClaimedTwice: "Narrow ClaimedDocumentNames in the stacks of one of the installations, so that each document has one claim: stacks/owner-account.yaml in this account, or template.yaml where it is the hub.",
    /// Only another installation claims documents that the rules name.
    DocumentsClaimedElsewhere: "Take the documents out of the rules, or move the claim: ClaimedDocumentNames of stacks/owner-account.yaml in this account, or of template.yaml where it is the hub.",
    /// No claim on documents that the rules name could be found.
    DocumentsUnclaimed: "Deploy this version of stacks/owner-account.yaml in this account and in the hub's Region, with ClaimedDocumentNames that match the documents (template.yaml, where the account is the hub).",
    /// Somebody else shares documents of the suite with accounts that no rule names.
    SharesOfOthers: "Nothing, if that is meant. Otherwise let a rule name the accounts, remove the shares by hand, or set `ownership: exclusive` in the rule.",
    /// So many shares would be taken back from members that nothing is done until somebody confirms it.
    MassRemovalHeld: "Look at it with `relay plan`; confirm it with `relay apply --confirm PLAN` if it is meant, or mend the rules.",
    /// A plan that is applied is not current any more: nothing is done.
    PlanOutdated: "Make a new plan with `relay plan --out FILE`, look at it, and apply that one.",
    /// A document is shared with as many accounts as its quota allows.
    DocumentPermissionLimit: "Unshare accounts that no longer need it, or have the quota raised (1,000 accounts a document).",
    /// An account has a document of its own where the suite would make a copy.
    CopyNameTaken: "Rename or delete the account's own document, or leave the account out of the rule; the next reconcile makes the copy.",
    /// A copy could not be made, brought up to date or deleted.
    CopyFailed: "Read the reason; once it is gone, run `relay apply`, or wait for the next reconcile.",
    /// A replica could not be made, brought up to date or deleted, or the home Region could not be read.
    ReplicaFailed: "Read the reason; once it is gone, run `relay apply`, or wait for the next reconcile.",
    /// The owner account refused the call.
    AccessDenied: "Deploy stacks/owner-account.yaml in the owner account and look for service control policies that deny ssm:ModifyDocumentPermission.",
    /// The sharing role of the owner account cannot be assumed.
    RoleNotAssumable: "Deploy stacks/owner-account.yaml in the owner account with this hub's account and organization id.",
    /// The Region is not enabled in the owner account.
    RegionNotEnabled: "Enable the Region in the owner account, or take it out of the rule.",
    /// A document went away while it was being shared.
    DocumentGone: "Nothing, if it was deleted on purpose; the next run does not see it.",
    /// AWS does not accept the account yet, or no longer.
    AccountNotReady: "A new account may be refused for some minutes; a later run shares what is missing.",
    /// AWS kept throttling beyond all retries.
    Throttled: "Run again later, or lower CONCURRENCY.",
    /// A call failed for another reason.
    ShareFailed: "Read the reason; once it is gone, run share-runbooks for the account again.",
    /// The work on one owner and Region ended without a result.
    WorkerFailed: "Look into the log of share-documents for this owner and Region, then run again.",
    // Onboarding
    /// An onboarding runbook of a new account could not be started.
    OnboardingNotStarted: "Start run-automation for the account by hand: {\"runbook\": ..., \"account\": ...}.",
    // Membership
    /// AWS could not create the account.
    AccountCreationFailed: "Read AWS's reason; correct it and create the account again.",
    /// The invitation was declined, cancelled, or ran out.
    InvitationNotAccepted: "Invite the account again if it should join.",
    /// No end of the creation or invitation was seen in the time allowed.
    MembershipUnresolved: "Look at the account in Organizations; once it has joined, run share-runbooks for it.",
    // The machine
    /// The machine does not know this kind of input.
    InvalidInput: "Correct the input as the reason says, and start the execution again.",
    /// The plan could not be made.
    PlanFailed: "Read the reason; once it is gone, start the execution again.",
    /// The execution failed where no step could say why.
    ExecutionFailed: "Look at the execution in the Step Functions console, then start it again.",
    /// The execution ran out of time.
    ExecutionTimedOut: "Look at the execution in the Step Functions console, then start it again.",
    /// Somebody stopped the execution.
    ExecutionAborted: "Start it again if it was not meant to be stopped.",
    // Upgrades
    /// A later version of the suite wrote a problem whose code this version does not know.
    OfLaterVersion: "Look up the code in brackets in the documentation of the version that is being deployed.",
}

impl std::fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_later_version_keeps_its_code_in_its_text() {
        let text =
            r#"{"code": "NotYetInvented", "where": "web", "what": "it is new", "hint": "Do it."}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        let expected =
            Problem::new(ProblemCode::OfLaterVersion, "web", "[NotYetInvented] it is new");
        assert_eq!(problem, expected.with_hint("Do it."));
        for code in ProblemCode::ALL {
            let problem = Problem::new(*code, "web", "it is known");
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
        }
    }
}
