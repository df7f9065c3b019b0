//! Choices of a branch and conditions of a loop.

use serde_json::Value;

use super::reader::{Cursor, Fields, Reader, join};
use crate::condition::{Condition, Operator};
use crate::input;
use crate::reference::mentions;

/// The condition that a mapping of a step holds besides the keys `also`.
pub(super) fn read(
    reader: &mut Reader<'_>,
    cursor: &Cursor<'_>,
    also: &[&str],
    step: &str,
) -> Option<Condition> {
    let fields = reader.fields(cursor, None);
    if !matches!(cursor.node.value, yaml_tree::Value::Map(_)) {
        return None;
    }
    let mut conditions = Vec::new();
    let mut comparisons = 0;
    for (name, at, field) in &fields.list {
        match name.as_str() {
            "And" | "Or" => {
                comparisons += 1;
                conditions.push(several(reader, name, field, step));
            }
            "Not" => {
                comparisons += 1;
                conditions.push(not(reader, field, step));
            }
            "Variable" => {}
            name if also.contains(&name) => {}
            name => match Operator::parse(name) {
                Some(operator) => {
                    comparisons += 1;
                    conditions.push(test(reader, cursor, &fields, operator, field));
                }
                None => {
                    let path = join(&cursor.path, name);
                    reader.defect(*at, &path, format!("Unsupported operator: {name}"));
                    comparisons += 1;
                }
            },
        }
    }
    if comparisons != 1 {
        let message =
            "Exactly one comparison is expected: Variable with an operator, And, Or or Not";
        reader.wrong(cursor, message);
        return None;
    }
    conditions.pop().flatten()
}

fn several(
    reader: &mut Reader<'_>,
    name: &str,
    cursor: &Cursor<'_>,
    step: &str,
) -> Option<Condition> {
    let items = reader.items(cursor, "conditions");
    if items.is_empty() {
        if matches!(cursor.node.value, yaml_tree::Value::List(_)) {
            reader.wrong(cursor, format!("{name} has no conditions"));
        }
        return None;
    }
    if let [_] = items.as_slice() {
        // In AWS's words: https://github.com/awsdocs/aws-systems-manager-user-guide/pull/186
        let message = format!(
            "Expect at lease two expressions for operator: {name} in step: {step}. Provided: 1"
        );
        reader.wrong(cursor, message);
    }
    let conditions: Vec<_> = items.iter().map(|item| read(reader, item, &[], step)).collect();
    let conditions = conditions.into_iter().collect::<Option<Vec<_>>>()?;
    Some(if name == "And" { Condition::And(conditions) } else { Condition::Or(conditions) })
}

/// One condition, or a list of one.
fn not(reader: &mut Reader<'_>, cursor: &Cursor<'_>, step: &str) -> Option<Condition> {
    let condition = if matches!(cursor.node.value, yaml_tree::Value::List(_)) {
        let items = reader.items(cursor, "conditions");
        let [item] = &items[..] else {
            reader.wrong(cursor, "Not takes one condition");
            return None;
        };
        read(reader, item, &[], step)
    } else {
        read(reader, cursor, &[], step)
    };
    condition.map(|condition| Condition::Not(Box::new(condition)))
}

fn test(
    reader: &mut Reader<'_>,
    cursor: &Cursor<'_>,
    fields: &Fields<'_>,
    operator: Operator,
    operand: &Cursor<'_>,
) -> Option<Condition> {
    let written = reader.json(operand);
    let literal = written.as_str().is_none_or(|text| mentions(text).next().is_none());
    if literal && let Err(expected) = operator.takes(&written) {
        reader.wrong(operand, input::mismatch(&written, expected));
        return None;
    }
    let Some(variable) = fields.get("Variable") else {
        reader.wrong(cursor, format!("Missing \"Variable\" of {}", operator.name()));
        return None;
    };
    let variable: Value = reader.json(variable);
    Some(Condition::Test { variable, operator, operand: written })
}
