//! Random values for a runbook's parameters, as the API takes them.

use std::collections::BTreeMap;

use fastrand::Rng;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use runbook::{OutputType, Parameter, Pattern, Runbook};
use serde_json::Value;

/// Values of all parameters that need one, and of some that have a default.
///
/// # Errors
/// The first parameter that no value could be made for, with its pattern.
pub(crate) fn given(
    runbook: &Runbook,
    rng: &mut Rng,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut given = BTreeMap::new();
    for parameter in &runbook.parameters {
        if parameter.default.is_some() && rng.u8(0..4) > 0 {
            continue;
        }
        let acts =
            runbook.assume_role.as_deref().is_some_and(|role| is_named(role, &parameter.name));
        let values = if acts && parameter.allowed_pattern.is_none() {
            Some(vec![resource("AWS::IAM::Role::Arn", rng)])
        } else {
            values(parameter, rng)
        };
        match values {
            Some(values) => given.insert(parameter.name.clone(), values),
            None if parameter.default.is_some() => continue,
            None => {
                let pattern =
                    parameter.allowed_pattern.as_ref().map_or("", |pattern| pattern.as_str());
                return Err(format!("{}: {pattern}", parameter.name));
            }
        };
    }
    Ok(given)
}

/// Whether a text refers to a parameter.
fn is_named(text: &str, parameter: &str) -> bool {
    text.trim_matches(|c| "{} ".contains(c)) == parameter
}

fn values(parameter: &Parameter, rng: &mut Rng) -> Option<Vec<String>> {
    let limits = parameter.limits;
    let one = |rng: &mut Rng| -> Option<String> {
        if let Some(allowed) = &parameter.allowed_values {
            let choices: Vec<&Value> = allowed.iter().collect();
            return rng.choice(choices).map(plain);
        }
        let text = match &parameter.allowed_pattern {
            Some(pattern) => {
                looks_like(pattern, rng).or_else(|| matching(pattern.as_str(), rng))?
            }
            None => match parameter.kind.shape {
                OutputType::Integer => {
                    let least = limits.min_value.unwrap_or(0);
                    let most = limits.max_value.unwrap_or(least.saturating_add(1_000));
                    rng.i64(least..=most.max(least)).to_string()
                }
                OutputType::Boolean => rng.bool().to_string(),
                OutputType::StringMap | OutputType::MapList => "{\"Key\": \"value\"}".to_owned(),
                OutputType::String | OutputType::StringList => resource(&parameter.kind.name, rng),
            },
        };
        let least = usize::try_from(limits.min_chars.unwrap_or(0)).ok()?;
        let most = usize::try_from(limits.max_chars.unwrap_or(4_096)).ok()?;
        let chars = text.chars().count();
        match (chars < least, chars > most) {
            (true, _) => Some(text + &"x".repeat(least - chars)),
            (_, true) => Some(text.chars().take(most).collect()),
            _ => Some(text),
        }
    };
    let values: Vec<String> = match parameter.kind.shape {
        OutputType::StringList | OutputType::MapList => {
            let least = limits.min_items.unwrap_or(1).max(1);
            let most = limits.max_items.unwrap_or(3).max(least).min(least + 2);
            (0..rng.u64(least..=most)).map(|_| one(rng)).collect::<Option<_>>()?
        }
        _ => vec![one(rng)?],
    };
    // A length limit may have broken a pattern: such a parameter is not tried.
    let fits = |value: &String| parameter.allowed_pattern.as_ref().is_none_or(|p| p.matches(value));
    values.iter().all(fits).then_some(values)
}

/// A value of a type of AWS's resources, as it looks.
fn resource(kind: &str, rng: &mut Rng) -> String {
    let id = rng.u64(..);
    match kind.trim_start_matches("List<").trim_end_matches('>') {
        "AWS::EC2::Instance::Id" => format!("i-{id:017x}"),
        "AWS::IAM::Role::Arn" => format!("arn:aws:iam::111122223333:role/Role{}", id % 10),
        "AWS::S3::Bucket::Name" => format!("bucket-{}", id % 1_000),
        _ => format!("value-{}", id % 1_000),
    }
}

/// One of the identifiers that runbooks are about, if a pattern is about it.
fn looks_like(pattern: &Pattern, rng: &mut Rng) -> Option<String> {
    let id = rng.u64(..);
    let (hex, digits) = (format!("{id:017x}"), format!("{:012}", id % 1_000_000_000_000));
    let known = [
        format!("arn:aws:iam::111122223333:role/Role{}", id % 10),
        format!("i-{hex}"),
        digits,
        format!("bucket-{}", id % 1_000),
        "eu-west-1".to_owned(),
        format!("vpc-{hex}"),
        format!("subnet-{hex}"),
        format!("sg-{hex}"),
        format!("vol-{hex}"),
        format!("ami-{hex}"),
        format!("snap-{hex}"),
        format!("eni-{hex}"),
        format!("arn:aws:sns:eu-west-1:111122223333:topic-{}", id % 10),
        format!("arn:aws:s3:::bucket-{}", id % 1_000),
        format!("arn:aws:kms:eu-west-1:111122223333:key/{}", uuid::Uuid::from_u64_pair(id, id)),
        format!(
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/lb/{id:016x}"
        ),
        format!("arn:aws:rds:eu-west-1:111122223333:db:db-{}", id % 10),
        format!("arn:aws:lambda:eu-west-1:111122223333:function:function-{}", id % 10),
        format!("https://sqs.eu-west-1.amazonaws.com/111122223333/queue-{}", id % 10),
        uuid::Uuid::from_u64_pair(id, id).to_string(),
        format!("{}", id % 100),
        "2026-01-02T03:04:05Z".to_owned(),
        "PT5M".to_owned(),
        "somebody@example.com".to_owned(),
        "10.0.0.0/16".to_owned(),
    ];
    let fitting: Vec<String> = known.into_iter().filter(|text| pattern.matches(text)).collect();
    rng.choice(fitting)
}

/// A text that matches a pattern.
fn matching(pattern: &str, rng: &mut Rng) -> Option<String> {
    let inner = pattern.trim_start_matches('^');
    let inner = inner.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(inner);
    // The generator's classes are Unicode's, those of the language are ASCII's.
    let ascii = inner.replace(r"\d", "[0-9]").replace(r"\w", "[A-Za-z0-9_]").replace(r"\s", " ");
    let strategy = proptest::string::string_regex(&ascii).ok()?;
    let mut seed = [0; 32];
    rng.fill(&mut seed);
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    strategy.new_tree(&mut runner).ok().map(|tree| tree.current())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
