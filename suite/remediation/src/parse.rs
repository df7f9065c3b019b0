//! One rule's text becomes a rule, or problems.

use relay_core::flow::Severity;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::accounts::{account, selectors};
use relay_core::rules::fields::{
    empty, flag, globs, is_empty, number, period, region, regions, shaped, tags, texts, word,
};
use relay_core::rules::reader::{Fields, Reader, join, positions, scalar};
use relay_core::rules::{Glob, RuleText, open};
use run::read::ladder::ladder;
use run::read::options::run;
use yaml_tree::Value;

use crate::rule::{priority, severity};
use crate::{
    AlarmSelector, AutoScaling, Guard, InstanceStore, Mode, Places, RemediationRule,
    ResourceSelector, Storm,
};

pub(super) const RULE: &[&str] =
    &["priority", "mode", "alarm", "resource", "ladder", "run", "guard", "severity"];

pub(super) const ALARM: &[&str] = &[
    "names",
    "namespace",
    "metric",
    "accounts",
    "includeChildUnits",
    "exclude",
    "regions",
    "tags",
    "contributors",
];

pub(super) const RESOURCE: &[&str] =
    &["dimension", "tags", "type", "literal", "account", "region", "autoScaling", "instanceStore"];

pub(super) const GUARD: &[&str] =
    &["coolDown", "perHour", "perAccountHour", "storm", "calendar", "deferToAutoRecovery"];

pub(super) const STORM: &[&str] = &["resources", "window"];

/// Reads one rule; everything wrong with it is named at once.
pub(super) fn rule(source: &RuleText) -> Result<RemediationRule, Vec<Problem>> {
    let mut reader = Reader::new(&source.origin);
    let rule = read(&mut reader, source);
    match (rule, reader.into_problems()) {
        (Some(rule), problems) if problems.is_empty() => Ok(rule),
        (_, problems) => Err(problems),
    }
}

fn read(reader: &mut Reader<'_>, source: &RuleText) -> Option<RemediationRule> {
    let root = open(reader, source)?;
    let fields = reader.fields(&root, "", RULE);
    if !matches!(root.value, Value::Map(_)) {
        return None;
    }
    let alarm = alarm(reader, &fields);
    let run = run(reader, &fields);
    let resource = resource(reader, &fields);
    if fields.get("resource").is_none() && run.targets.is_none() && run.locations.is_none() {
        let what = "the rule names no resource: `resource`, or `run.targets` or `run.locations`";
        empty(reader, &fields, "resource", what);
    }
    let ladder = ladder(reader, &fields, fields.get("resource").is_some());
    own_stop_alarm(reader, &fields, &alarm, run.stop_on_alarm.as_deref());
    Some(RemediationRule {
        name: source.name.clone(),
        places: Places { origin: source.origin.clone(), positions: positions(&root) },
        priority: number(reader, &fields, "priority", 0..=1_000_000).unwrap_or_else(priority),
        mode: word(
            reader,
            &fields,
            "mode",
            &[("active", Mode::Active), ("observe", Mode::Observe), ("off", Mode::Off)],
        )
        .unwrap_or_default(),
        alarm,
        resource,
        ladder,
        run,
        guard: guard(reader, &fields),
        severity: word(
            reader,
            &fields,
            "severity",
            &[
                ("info", Severity::Info),
                ("low", Severity::Low),
                ("medium", Severity::Medium),
                ("high", Severity::High),
                ("critical", Severity::Critical),
            ],
        )
        .unwrap_or_else(severity),
    })
}

fn alarm(reader: &mut Reader<'_>, fields: &Fields<'_>) -> AlarmSelector {
    const NOTHING: &str = "the rule selects no alarms: `names`, `namespace`, `metric` or `tags`";
    let mut selector = AlarmSelector::default();
    let Some((node, path)) = fields.get("alarm") else {
        empty(reader, fields, "alarm", NOTHING);
        return selector;
    };
    let own = reader.fields(node, &path, ALARM);
    if let Some((node, path)) = own.get("names") {
        selector.names = texts(reader, node, &path, "names").into_iter().map(Glob::new).collect();
    }
    let mut glob = |name: &str| {
        let (node, path) = own.get(name)?;
        reader.text(node, &path, "a name").map(Glob::new)
    };
    selector.namespace = glob("namespace");
    selector.metric = glob("metric");
    if let Some((node, path)) = own.get("accounts") {
        selector.accounts = selectors(reader, node, &path);
    }
    if let Some((node, path)) = own.get("exclude") {
        selector.exclude = selectors(reader, node, &path);
    }
    if let Some((node, path)) = own.get("regions") {
        selector.regions = regions(reader, node, &path);
    }
    if let Some((node, path)) = own.get("tags") {
        selector.tags = globs(reader, node, &path);
    }
    selector.include_child_units = flag(reader, &own, "includeChildUnits");
    selector.contributors = flag(reader, &own, "contributors");
    for list in ["names", "accounts", "regions"] {
        if own.get(list).is_some_and(|(node, _)| is_empty(node)) {
            empty(reader, &own, list, &format!("`{list}` is empty; leave it out for all"));
        }
    }
    let given = |name: &&str| own.get(name).is_some_and(|(node, _)| !is_empty(node));
    if matches!(node.value, Value::Map(_))
        && !["names", "namespace", "metric", "tags"].iter().any(given)
    {
        empty(reader, fields, "alarm", NOTHING);
    }
    selector
}

fn resource(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<ResourceSelector> {
    const WAYS: [&str; 3] = ["dimension", "tags", "literal"];
    let (node, path) = fields.get("resource")?;
    let own = reader.fields(node, &path, RESOURCE);
    let ways: Vec<&str> = WAYS.into_iter().filter(|name| own.get(name).is_some()).collect();
    if matches!(node.value, Value::Map(_)) && ways.len() != 1 {
        let what = match ways.as_slice() {
            [] => "expected one of `dimension`, `tags` and `literal`".to_owned(),
            several => format!("found {} of `dimension`, `tags` and `literal`", several.len()),
        };
        let hint = Some("Say in one way which resource is meant.".to_owned());
        reader.report(ProblemCode::InvalidField, node.at, &path, what, hint);
    }
    let mut text = |name: &str, expected: &str| {
        let (node, path) = own.get(name)?;
        reader.text(node, &path, expected)
    };
    let (dimension, literal) = (text("dimension", "a dimension's name"), text("literal", "an id"));
    let kind = text("type", "a type of the tagging API, like ec2:instance");
    let tags = own.get("tags").map(|(node, path)| tags(reader, node, &path)).unwrap_or_default();
    Some(ResourceSelector {
        dimension,
        tags,
        kind,
        literal,
        account: own.get("account").and_then(|(node, path)| account(reader, node, &path)),
        region: own.get("region").and_then(|(node, path)| region(reader, node, &path)),
        auto_scaling: word(
            reader,
            &own,
            "autoScaling",
            &[
                ("refuse", AutoScaling::Refuse),
                ("standby", AutoScaling::Standby),
                ("allow", AutoScaling::Allow),
            ],
        )
        .unwrap_or_default(),
        instance_store: word(
            reader,
            &own,
            "instanceStore",
            &[("refuse", InstanceStore::Refuse), ("allow", InstanceStore::Allow)],
        )
        .unwrap_or_default(),
    })
}

fn guard(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Guard {
    let mut guard = Guard::default();
    let Some((node, path)) = fields.get("guard") else { return guard };
    let own = reader.fields(node, &path, GUARD);
    if let Some(cool_down) = period(reader, &own, "coolDown", "0s", "30d") {
        guard.cool_down = cool_down;
    }
    if let Some(per_hour) = number(reader, &own, "perHour", 1..=1000) {
        guard.per_hour = per_hour;
    }
    if let Some(per_account_hour) = number(reader, &own, "perAccountHour", 1..=1000) {
        guard.per_account_hour = per_account_hour;
    }
    if let Some((node, path)) = own.get("storm") {
        let storm = reader.fields(node, &path, STORM);
        let usual = Storm::default();
        guard.storm = Storm {
            resources: number(reader, &storm, "resources", 1..=1000).unwrap_or(usual.resources),
            window: period(reader, &storm, "window", "10s", "1d").unwrap_or(usual.window),
        };
    }
    guard.calendar = shaped(reader, &own, "calendar", "a change calendar's name or ARN");
    if let Some(defer) = period(reader, &own, "deferToAutoRecovery", "0s", "1h") {
        guard.defer_to_auto_recovery = defer;
    }
    guard
}

/// `never the rule's own alarm`: it rings already, so SSM would cancel the run at once.
fn own_stop_alarm(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    alarm: &AlarmSelector,
    stop: Option<&str>,
) {
    let Some(stop) = stop.filter(|stop| alarm.names.iter().any(|glob| glob.matches(stop))) else {
        return;
    };
    let Some((Value::Map(run), path)) = fields.get("run").map(|(node, path)| (&node.value, path))
    else {
        return;
    };
    let at = run.iter().find(|(key, _)| scalar(&key.value).as_deref() == Some("stopOnAlarm"));
    if let Some((_, node)) = at {
        let what = format!("`{stop}` is one of the alarms that the rule is about");
        let path = join(&path, "stopOnAlarm");
        reader.report(ProblemCode::StopAlarmIsOwn, node.at, &path, what, None);
    }
}
