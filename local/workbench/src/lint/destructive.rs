//! Steps that destroy something, with no approval before them.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;
use runbook::{ActionKind, Reference, mentions};
use serde_json::Value;
use yaml_tree::Position;

use super::script::{Language, Script};
use super::{Review, Rule};
use crate::document::{StepAt, field};
use crate::flow::WayKind;

/// How operations begin that end something for good.
const VERBS: &[&str] = &["terminate", "delete", "purge", "destroy", "batchdelete", "forcedelete"];

/// Operations that end something under another verb.
const OTHERS: &[&str] = &[
    "deregisterimage",
    "releaseaddress",
    "schedulekeydeletion",
    "disableorganizationadminaccount",
    "closeaccount",
];

/// The kinds of resources that may go without being missed: each is made again by the same call that made it, holds no data, or is
/// the very finding that a remediation removes.
const HARMLESS: &[&str] = &[
    "tag",
    "tags",
    "message",
    "messagebatch",
    "networkaclentry",
    "route",
    "bucketpolicy",
    "bucketwebsite",
    "bucketcors",
    "bucketlifecycle",
    "publicaccessblock",
    "buckettagging",
    "objecttagging",
    "resourcepolicy",
    "policyversion",
    "lifecyclehook",
    "subscriptionfilter",
    "metricfilter",
    "alarms",
    "scheduledaction",
    "inventory",
    "resourcedatasync",
    "parameterlabel",
    "itemfield",
    "ruletarget",
    "accountalias",
    "accountpublicaccessblock",
    "publicaccessconfiguration",
    "loginprofile",
    "accesskey",
];

const HINT: &str =
    "Put an aws:approve step before it, or say in a suppression why nobody has to agree.";

static PYTHON: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\.((?:terminate|delete|purge|batch_delete|force_delete)_[a-z0-9_]+|deregister_image|release_address|schedule_key_deletion|close_account)\s*\(").ok()
});

static POWER_SHELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\bRemove-((?:EC2|S3|RDS|IAM|DDB|EFS|EKS|ECS|ELB2?|LM|CFN|SSM|SNS|SQS|KMS|ASG?|CW|CWL)[A-Z][A-Za-z]+)").ok()
});

/// A destructive call of a script: the operation, and where it is.
struct Deed {
    step: usize,
    operation: String,
    at: Position,
    path: String,
}

pub(super) fn check(review: &mut Review<'_>) {
    let open = unapproved(review);
    let made = made(review);
    let mut deeds = Vec::new();
    for (place, at) in review.steps.iter().enumerate() {
        if open.get(place) == Some(&true) {
            deeds.extend(step(review, place, at, &made));
        }
    }
    for script in review.scripts.iter().filter(|script| open.get(script.step) == Some(&true)) {
        deeds.extend(scripted(review, script, &made));
    }
    for deed in deeds {
        let name = review.steps.get(deed.step).map_or("", |at| at.step.name.as_str()).to_owned();
        let message =
            format!("{name} calls {}, and no aws:approve comes before it", deed.operation);
        review.find(Rule::DestructiveWithoutApproval, deed.at, &deed.path, message, HINT);
    }
}

/// The steps that can be reached without an approval. One that was rejected or timed out does not count.
fn unapproved(review: &Review<'_>) -> Vec<bool> {
    review.flow.reached(|way| {
        let is_approval =
            review.steps.get(way.from).is_some_and(|at| at.step.action == ActionKind::Approve);
        !is_approval || matches!(way.kind, WayKind::Failure | WayKind::Cancel)
    })
}

/// `DeleteSnapshot` and `delete_snapshot` are `deletesnapshot`.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// The kind of resource that an operation destroys, from its name, e.g. `snapshot`; `None` if nothing is lost.
fn destroyed(operation: &str) -> Option<String> {
    let name = plain(operation);
    if OTHERS.contains(&name.as_str()) {
        return Some(name);
    }
    let noun =
        VERBS.iter().filter_map(|verb| name.strip_prefix(verb)).min_by_key(|noun| noun.len())?;
    (!HARMLESS.contains(&noun)).then(|| noun.to_owned())
}

/// The resources that the runbook makes itself, by steps and scripts: it may clean up after itself.
fn made(review: &Review<'_>) -> HashSet<String> {
    let mut made = HashSet::new();
    let mut add = |operation: &str| {
        let name = plain(operation);
        for verb in ["create", "run", "copy", "register", "allocate", "start", "put", "restore"] {
            if let Some(noun) = name.strip_prefix(verb) {
                // `RestoreDBInstanceFromDBSnapshot` makes a DB instance.
                let noun = noun.split_once("from").map_or(noun, |(noun, _)| noun);
                made.insert(noun.to_owned());
            }
        }
        // Operations that end it under a name of their own.
        let ends = match name.as_str() {
            "createimage" | "copyimage" | "registerimage" => "deregisterimage",
            "allocateaddress" => "releaseaddress",
            "createkey" => "schedulekeydeletion",
            _ => return,
        };
        made.insert(ends.to_owned());
    };
    for at in &review.steps {
        match at.step.action {
            ActionKind::RunInstances => add("RunInstances"),
            ActionKind::CreateStack => add("CreateStack"),
            ActionKind::CreateImage | ActionKind::CopyImage => add("CreateImage"),
            ActionKind::ExecuteAwsApi => {
                at.step.inputs.get("Api").and_then(Value::as_str).into_iter().for_each(&mut add);
            }
            _ => {}
        }
    }
    static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\.((?:create|run|copy|register|allocate|put|restore)_[a-z0-9_]+)\s*\(").ok()
    });
    if let Some(call) = CALL.as_ref() {
        for script in &review.scripts {
            for found in call.captures_iter(&script.source.code) {
                found.get(1).into_iter().for_each(|name| add(name.as_str()));
            }
        }
    }
    made
}

/// The resource that a step of an action destroys.
fn step(
    review: &Review<'_>,
    place: usize,
    at: &StepAt<'_>,
    made: &HashSet<String>,
) -> Option<Deed> {
    let inputs = &at.step.inputs;
    let text = |name: &str| inputs.get(name).and_then(Value::as_str);
    let node = |name| field(at.node, "inputs").and_then(|inputs| field(inputs, name));
    let action = field(at.node, "action").unwrap_or(at.node);
    let (operation, key, marked) = match at.step.action {
        ActionKind::ChangeInstanceState => {
            let only_checks = inputs.get("CheckStateOnly").is_some_and(is_true);
            let ends = text("DesiredState") == Some("terminated") && !only_checks;
            ends.then(|| ("TerminateInstances".to_owned(), "InstanceIds", node("DesiredState")))?
        }
        ActionKind::DeleteStack => ("DeleteStack".to_owned(), "StackName", Some(action)),
        ActionKind::DeleteImage => ("DeregisterImage".to_owned(), "ImageId", Some(action)),
        ActionKind::ExecuteAwsApi => {
            let api = text("Api")?;
            if destroyed(api).is_none() || inputs.get("DryRun").is_some_and(is_true) {
                return None;
            }
            (api.to_owned(), "", node("Api"))
        }
        ActionKind::ExecuteAutomation => {
            let name = text("DocumentName")?;
            let bare = name.rsplit('/').next().unwrap_or(name);
            let ends = ["AWS-Terminate", "AWS-Delete"].iter().any(|start| bare.starts_with(start));
            (ends && !bare.contains("Approval"))
                .then(|| (bare.to_owned(), "RuntimeParameters", node("DocumentName")))?
        }
        _ => return None,
    };
    let own = destroyed(&operation).is_some_and(|noun| is_made(made, &noun))
        || is_own(review, inputs.get(key).unwrap_or(&Value::Object(inputs.clone())));
    let marked = marked.unwrap_or(action);
    (!own).then(|| Deed { step: place, operation, at: marked.at, path: at.path.clone() })
}

fn is_made(made: &HashSet<String>, noun: &str) -> bool {
    let single = noun.strip_suffix('s').unwrap_or(noun);
    made.iter().any(|known| known.strip_suffix('s').unwrap_or(known) == single)
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
        || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Whether a value is the output of a step that makes something.
fn is_own(review: &Review<'_>, value: &Value) -> bool {
    let text = value.to_string();
    mentions(&text).any(|mention| {
        let Ok(Reference::Output { step, .. }) = mention.to else { return false };
        let source = review.steps.iter().find(|at| at.step.name == step);
        source.is_some_and(|at| match at.step.action {
            ActionKind::RunInstances
            | ActionKind::CreateStack
            | ActionKind::CreateImage
            | ActionKind::CopyImage => true,
            ActionKind::ExecuteAwsApi => {
                let api = at.step.inputs.get("Api").and_then(Value::as_str).map(plain);
                let makes = ["create", "run", "copy", "register", "allocate", "restore"];
                api.is_some_and(|api| makes.iter().any(|verb| api.starts_with(verb)))
            }
            _ => false,
        })
    })
}

/// The resources that a script destroys.
fn scripted(review: &Review<'_>, script: &Script<'_>, made: &HashSet<String>) -> Vec<Deed> {
    let form = match script.language {
        Language::Python => &PYTHON,
        Language::PowerShell => &POWER_SHELL,
    };
    let Some(form) = form.as_ref().filter(|_| script.calls_aws()) else { return Vec::new() };
    let mut deeds: Vec<Deed> = Vec::new();
    for found in form.captures_iter(&script.source.code) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
        let operation = match script.language {
            Language::Python => name.as_str().to_owned(),
            Language::PowerShell => whole.as_str().to_owned(),
        };
        let noun = match script.language {
            Language::Python => destroyed(&operation),
            Language::PowerShell => Some(name.as_str().to_lowercase()),
        };
        let Some(noun) = noun.filter(|noun| !is_made(made, noun)) else { continue };
        debug_assert!(!noun.is_empty() || script.language == Language::Python);
        // Once for each script: the first place shows what it is about.
        if deeds.iter().any(|deed| deed.operation == operation) {
            continue;
        }
        let at = script.place(&review.lines, &name.range());
        deeds.push(Deed { step: script.step, operation, at, path: script.path.clone() });
    }
    deeds
}
