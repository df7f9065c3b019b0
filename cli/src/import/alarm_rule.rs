//! From a rule of EventBridge that starts runbooks to a remediation rule. Pure.

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::problem::ProblemCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::draft::{Draft, LeftOut};
use super::input::{Parameters, TargetInput};
use super::pattern::Alarms;

/// The most rungs of a ladder.
const MOST: usize = 10;

/// A rule as ListRules returns it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct BusRule {
    pub name: String,
    pub event_pattern: Option<String>,
    pub schedule_expression: Option<String>,
    pub state: Option<String>,
}

/// A target as ListTargetsByRule returns it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Target {
    pub arn: String,
    #[serde(flatten)]
    pub input: TargetInput,
    pub run_command_parameters: Option<Value>,
}

/// Where a rule was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub account: AccountId,
    pub region: &'a Region,
    /// The hub's stack is in the account: its documents have no other owner.
    pub is_hub: bool,
}

/// A runbook, as the ARN of a target names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Runbook {
    name: String,
    version: Option<String>,
    note: Option<String>,
}

/// The remediation rule that answers the same alarms with the same runbooks; `None` for a rule that starts none.
///
/// # Errors
/// With what cannot be said by a rule, and what to do.
pub(super) fn convert(
    rule: &BusRule,
    targets: &[Target],
    origin: Origin<'_>,
) -> Option<Result<Draft, LeftOut>> {
    let runbooks: Vec<(Runbook, &Target)> = targets
        .iter()
        .filter_map(|target| Some((Runbook::read(&target.arn, origin)?, target)))
        .collect();
    let commands = targets.iter().filter(|target| target.run_command_parameters.is_some()).count();
    let what = format!("EventBridge rule {} of {}, {}", rule.name, origin.account, origin.region);
    if runbooks.is_empty() {
        return (commands > 0).then(|| {
            Err(LeftOut::new(
                what,
                "it runs commands, and the suite starts Automation runbooks",
                "Leave it in EventBridge, or write a runbook with a step aws:runCommand: relay runbook new.",
            ))
        });
    }
    let left_out = |(why, help): (String, String)| LeftOut::new(what.clone(), why, help);
    let drafted = alarms(rule).and_then(|alarms| {
        let others = targets.len() - runbooks.len();
        draft(rule, &runbooks, &alarms, others, origin)
    });
    Some(drafted.map_err(left_out))
}

/// The alarms that start it.
fn alarms(rule: &BusRule) -> Result<Alarms, (String, String)> {
    if let (Some(schedule), None) = (&rule.schedule_expression, &rule.event_pattern) {
        return Err((
            format!("it starts the runbook on a schedule ({schedule})"),
            "The suite answers alarms. Leave this rule in EventBridge.".to_owned(),
        ));
    }
    let pattern = rule.event_pattern.as_deref().unwrap_or_default();
    let pattern: Value = serde_json::from_str(pattern).map_err(|_| {
        ("its pattern cannot be read".to_owned(), "Look at it in EventBridge.".to_owned())
    })?;
    Alarms::read(&pattern).map_err(|refused| (refused.why, refused.help))
}

fn draft(
    rule: &BusRule,
    runbooks: &[(Runbook, &Target)],
    alarms: &Alarms,
    others: usize,
    origin: Origin<'_>,
) -> Result<Draft, (String, String)> {
    let by_hand = || "Write the rule by hand: docs/rules.md.".to_owned();
    if runbooks.len() > MOST {
        return Err((
            format!("it starts {} runbooks, and a rule has 10", runbooks.len()),
            by_hand(),
        ));
    }
    let disabled = rule.state.as_deref() == Some("DISABLED");
    let mut notes = vec![
        format!(
            "From the EventBridge rule {} of {}, {}.",
            rule.name, origin.account, origin.region
        ),
        if disabled {
            "It is disabled there, so this rule is off.".to_owned()
        } else {
            "Disable it there before this rule is `mode: active`, or both answer.".to_owned()
        },
    ];
    notes.extend(alarms.notes.iter().cloned());
    if runbooks.len() > 1 {
        notes.push(format!(
            "It starts {} runbooks at once; a ladder tries one after the other, until the alarm returns to OK.",
            runbooks.len()
        ));
    }
    if others > 0 {
        notes.push("Its other targets start no runbook and stay in EventBridge.".to_owned());
    }
    let mut rungs = Vec::new();
    for (runbook, target) in runbooks {
        let parameters =
            Parameters::read(&target.input, &rule.name).map_err(|why| (why, by_hand()))?;
        notes.extend(runbook.note.iter().chain(&parameters.notes).cloned());
        rungs.push((runbook, parameters));
    }
    let resource = resource(&mut rungs, &rule.name, &mut notes);
    let ladder: Vec<Value> =
        rungs.iter().map(|(runbook, parameters)| rung(runbook, parameters)).collect();
    let mut fields = json!({
        "mode": if disabled { "off" } else { "observe" },
        "alarm": alarms.fields(origin.account, origin.region),
        "resource": resource,
        "ladder": ladder,
    });
    let made = |fields: &Value, notes: &[String]| {
        Draft::new("remediation", &rule.name, notes.to_vec(), fields)
    };
    let destructive: Vec<usize> = made(&fields, &notes)
        .problems()
        .iter()
        .filter(|problem| problem.code == ProblemCode::DestructiveWithoutApproval)
        .filter_map(|problem| index(problem.place.field.as_deref()?))
        .collect();
    if !destructive.is_empty() {
        notes.push(
            "EventBridge asks nobody, so `destructive: true` lets a runbook run that destroys something. Better: `approval`."
                .to_owned(),
        );
        destructive.into_iter().for_each(|n| fields["ladder"][n]["destructive"] = json!(true));
    }
    Ok(made(&fields, &notes))
}

/// The number in `ladder[3].runbook`.
fn index(field: &str) -> Option<usize> {
    field.strip_prefix("ladder[")?.split_once(']')?.0.parse().ok()
}

/// The resource of the rule: the dimension that the parameters take, or what they name. The rule is locked and cools
/// down by it.
fn resource(rungs: &mut [(&Runbook, Parameters)], name: &str, notes: &mut Vec<String>) -> Value {
    let dimensions: Vec<String> = rungs
        .iter()
        .flat_map(|(_, parameters)| parameters.dimensions().map(str::to_owned))
        .collect();
    let instance = dimensions.iter().find(|dimension| *dimension == "InstanceId");
    if let Some(dimension) = instance.or(dimensions.first()) {
        for (_, parameters) in rungs {
            *parameters = std::mem::take(parameters).with_resource(dimension);
        }
        return json!({"dimension": dimension});
    }
    let values = rungs.iter().flat_map(|(_, parameters)| parameters.values.values().flatten());
    let mut named: Vec<&String> = values.filter(|value| is_resource(value)).collect();
    named.sort();
    named.dedup();
    match named.as_slice() {
        [only] => json!({"literal": only}),
        _ => {
            notes.push(
                "The parameters do not name one resource, so `resource` names the rule: it runs once at a time.".to_owned(),
            );
            json!({"literal": name})
        }
    }
}

/// Ids as EC2 gives them, and ARNs but those of roles.
fn is_resource(value: &str) -> bool {
    let hex =
        |id: &str| (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kind = |kind: &str| kind.len() <= 6 && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_id = value.split_once('-').is_some_and(|(of, id)| kind(of) && hex(id));
    is_id || value.starts_with("arn:") && !value.contains(":iam::")
}

fn rung(runbook: &Runbook, parameters: &Parameters) -> Value {
    let mut rung = Map::from_iter([("runbook".to_owned(), json!(runbook.name))]);
    rung.extend(
        runbook.version.iter().map(|version| ("documentVersion".to_owned(), json!(version))),
    );
    if !parameters.values.is_empty() {
        rung.insert("parameters".to_owned(), json!(parameters.values));
    }
    Value::Object(rung)
}

impl Runbook {
    /// From `arn:<partition>:ssm:<Region>:<account>:automation-definition/<name>[:<version>]`; the account may be empty.
    fn read(arn: &str, origin: Origin<'_>) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "ssm", region, account, rest] = parts.as_slice() else {
            return None;
        };
        let definition = rest.strip_prefix("automation-definition/")?;
        let (name, version) = definition.split_once(':').unwrap_or((definition, "$DEFAULT"));
        let document: DocumentName = name.parse().ok()?;
        let version = (!["$DEFAULT", "*", ""].contains(&version)).then(|| version.to_owned());
        let is_plain = document.is_amazons() || account.is_empty();
        let own = *account == origin.account.as_str();
        let (name, note) = if is_plain || own && origin.is_hub {
            (name.to_owned(), None)
        } else {
            let arn = format!("arn:{partition}:ssm:{region}:{account}:document/{name}");
            let note = format!(
                "{name} belongs to {account}: share it with the hub account and name it in AllowedSharedRunbookArns, or create it \
                 in the hub and write its name."
            );
            (arn, Some(note))
        };
        Some(Self { name, version, note })
    }
}

#[cfg(test)]
mod tests;
