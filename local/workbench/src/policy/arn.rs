//! The resources of a permission: as far as a call says them, else `*` in their place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Place;
use super::table::{Action, Section};

/// More types than these, and none of them needed: the call alone does not say which it is.
const FEW: usize = 3;

/// The resources that a call of an operation needs the permission on.
pub(super) fn resources(
    section: &Section,
    action: &Action,
    inputs: &Map<String, Value>,
    names: &[String],
    place: &Place,
) -> BTreeSet<String> {
    let mut required: Vec<&str> =
        action.types.iter().filter(|(_, required)| *required).map(|(kind, _)| *kind).collect();
    if !required.is_empty() {
        // EC2 asks for the permission on everything that the call names: a VpcId on the VPC, too.
        let is_named = |kind: &str| {
            let variable = section.arn(kind).and_then(|arn| arn.rsplit_once("${"));
            let variable = variable.map(|(_, rest)| rest.trim_end_matches('}')).unwrap_or_default();
            let is = |name: &String| {
                name.eq_ignore_ascii_case(variable)
                    || name.strip_suffix('s').is_some_and(|one| one.eq_ignore_ascii_case(variable))
            };
            names.iter().any(is)
        };
        let optional = action.types.iter().filter(|(kind, required)| !required && is_named(kind));
        required.extend(optional.map(|(kind, _)| *kind));
    }
    let fill = |kind: &str| section.arn(kind).map(|arn| fill(kind, arn, inputs, place));
    let found: BTreeSet<String> = if required.is_empty() && action.types.len() <= FEW {
        // One of them: the one that the call names; an access point only if it does.
        let types = || action.types.iter().map(|(kind, _)| *kind);
        let empty = Map::new();
        let named = |kind: &&str| {
            let unnamed = section.arn(kind).map(|arn| self::fill(kind, arn, &empty, place));
            fill(kind) != unnamed
        };
        let mut kept: Vec<&str> = types().filter(named).collect();
        if kept.is_empty() {
            kept = types().filter(|kind| !kind.starts_with("accesspoint")).collect();
        }
        kept.into_iter().filter_map(fill).collect()
    } else {
        required.into_iter().filter_map(fill).collect()
    };
    if found.is_empty() { BTreeSet::from(["*".to_owned()]) } else { found }
}

/// The ARN of a resource type with all that is known.
fn fill(kind: &str, arn: &str, inputs: &Map<String, Value>, place: &Place) -> String {
    let pattern = substituted(arn, |variable| match variable {
        "Partition" => place.partition.clone(),
        "Region" => place.region.clone(),
        "Account" => place.account.clone(),
        _ => "*".to_owned(),
    });
    // A call that names the ARN says everything.
    if let Some(named) =
        texts(inputs).find(|text| text.starts_with("arn:") && matches(&pattern, text))
    {
        return named;
    }
    substituted(arn, |variable| match variable {
        "Partition" => place.partition.clone(),
        "Region" => place.region.clone(),
        "Account" => place.account.clone(),
        variable => value_of(kind, variable, inputs),
    })
}

/// A text with each `${Variable}` replaced.
fn substituted(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut parts = text.split("${");
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (variable, rest) = part.split_once('}').unwrap_or((part, ""));
        filled.push_str(&value(variable));
        filled.push_str(rest);
    }
    filled
}

/// The value of a variable of an ARN: the input of that name, or `*`.
fn value_of(kind: &str, variable: &str, inputs: &Map<String, Value>) -> String {
    let variable = variable.trim_end_matches("WithoutLeadingSlash").trim_end_matches("WithPath");
    let stem = variable.trim_end_matches("Name").trim_end_matches("Id");
    let fits = |key: &str| {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        is(variable)
            || (!stem.is_empty()
                && (is(stem) || is(&format!("{stem}Name")) || is(&format!("{stem}Identifier"))))
            || (is("Name") && kind == "parameter")
    };
    let found = inputs.iter().find(|(key, _)| fits(key)).and_then(|(_, value)| value.as_str());
    let Some(text) = found else { return "*".to_owned() };
    let text = wild(text);
    if text.starts_with("arn:") { "*".to_owned() } else { text.trim_start_matches('/').to_owned() }
}

/// A text with `*` for each reference in it, whose value only a run knows.
pub(super) fn wild(text: &str) -> String {
    let mut filled = String::new();
    let mut from = 0;
    for mention in runbook::mentions(text) {
        filled.push_str(text.get(from..mention.range.start).unwrap_or_default());
        filled.push('*');
        from = mention.range.end;
    }
    filled.push_str(text.get(from..).unwrap_or_default());
    filled
}

/// Every text of the inputs, at any depth, with `*` for its references.
fn texts(inputs: &Map<String, Value>) -> impl Iterator<Item = String> {
    let mut open: Vec<&Value> = inputs.values().collect();
    let mut found = Vec::new();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => found.push(wild(text)),
            Value::Array(items) => open.extend(items),
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    found.into_iter()
}

/// Whether a pattern with `*` and `?` matches a text. A `*` of the text is only matched by one of the pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(sign)
                if text.get(t) == Some(sign) || (*sign == b'?' && text.get(t) != Some(&b'*')) =>
            {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|sign| *sign == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(client: &str, operation: &str, inputs: &Value) -> Vec<String> {
        let section = Section::of(client).unwrap();
        let action = section.action(operation).unwrap();
        let inputs = inputs.as_object().unwrap();
        let names: Vec<String> = inputs.keys().cloned().collect();
        resources(&section, action, inputs, &names, &Place::default()).into_iter().collect()
    }

    #[test]
    fn a_resource_is_as_narrow_as_the_call_says() {
        let named = json!({"InstanceIds": ["{{ Id }}"]});
        assert_eq!(of("ec2", "StopInstances", &named), ["arn:aws:ec2:*:*:instance/*"]);
        assert_eq!(
            of("s3", "PutObject", &json!({"Bucket": "logs", "Key": "a/{{ Id }}"})),
            ["arn:aws:s3:::logs/*"]
        );
        assert_eq!(of("s3", "list_objects_v2", &json!({"Bucket": "logs"})), ["arn:aws:s3:::logs"]);
        assert_eq!(
            of("ssm", "GetParameter", &json!({"Name": "/app/{{ Stage }}/key"})),
            ["arn:aws:ssm:*:*:parameter/app/*/key"]
        );
        let topic = json!({"TopicArn": "arn:aws:sns:eu-west-1:111122223333:pages"});
        assert_eq!(of("sns", "Publish", &topic), ["arn:aws:sns:eu-west-1:111122223333:pages"]);
        assert_eq!(of("ec2", "DescribeInstances", &json!({})), ["*"]);
        let group = json!({"GroupName": "a", "VpcId": "{{ Vpc }}"});
        let both = ["arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2:*:*:vpc/*"];
        assert_eq!(of("ec2", "CreateSecurityGroup", &group), both);
    }

    #[test]
    fn patterns_match_as_iam_has_them() {
        assert!(matches("arn:aws:s3:::a*", "arn:aws:s3:::abc"));
        assert!(matches("a?c", "abc") && !matches("a?c", "a*c"));
        assert!(matches("*", "arn:*") && !matches("ab", "a*"));
        assert!(matches("a*b*", "axxbyy") && !matches("a*b", "axxbyy"));
    }
}
