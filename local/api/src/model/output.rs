//! Checks of replies against the model, for tests: members, types, enumerations, lengths, patterns.

use serde_json::Value;

use super::Model;
use super::shape::Kind;
use crate::AwsError;

impl Model {
    /// Every way in which a reply breaks the model.
    pub fn reply_defects(&self, operation: &str, reply: &Value) -> Vec<String> {
        let mut defects = Vec::new();
        match self.operations.get(operation).map(|operation| operation.output.as_deref()) {
            None => defects.push(format!("unknown operation {operation}")),
            Some(None) if reply.is_null() => {}
            Some(None) => defects.push(format!("{operation} has no output, found {reply}")),
            Some(Some(shape)) => self.judge(shape, reply, operation, &mut defects),
        }
        defects
    }

    /// Every way in which an error's members break its shape in the model.
    pub fn error_defects(&self, error: &AwsError) -> Vec<String> {
        let mut defects = Vec::new();
        self.judge(&error.code, &error.fields.clone().into(), &error.code, &mut defects);
        defects
    }

    fn judge(&self, shape: &str, value: &Value, path: &str, defects: &mut Vec<String>) {
        let Some(shape) = self.shapes.get(shape) else {
            defects.push(format!("{path}: the model has no shape {shape}"));
            return;
        };
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => {
                let missing = shape.required.iter().filter(|name| !members.contains_key(*name));
                defects.extend(missing.map(|name| format!("{path}: {name} is missing")));
                for (name, value) in members {
                    let path = format!("{path}.{name}");
                    match shape.members.get(name) {
                        Some(member) => self.judge(&member.shape, value, &path, defects),
                        None => defects.push(format!("{path} is not in the model")),
                    }
                }
            }
            (Kind::List, Value::Array(items)) => {
                let length = shape.wrong_length(items.len());
                defects.extend(length.iter().map(|(defect, _)| format!("{path}: {defect}")));
                let Some(member) = &shape.member else { return };
                for (index, item) in items.iter().enumerate() {
                    self.judge(&member.shape, item, &format!("{path}[{index}]"), defects);
                }
            }
            (Kind::Map, Value::Object(entries)) => {
                let length = shape.wrong_length(entries.len());
                defects.extend(length.iter().map(|(defect, _)| format!("{path}: {defect}")));
                for (key, value) in entries {
                    let path = format!("{path}.{key}");
                    if let Some(of) = &shape.key {
                        self.judge(&of.shape, &Value::from(key.as_str()), &path, defects);
                    }
                    if let Some(of) = &shape.value {
                        self.judge(&of.shape, value, &path, defects);
                    }
                }
            }
            (Kind::String, Value::String(text)) => {
                let broken = shape.broken(text);
                defects
                    .extend(broken.iter().map(|(defect, _)| format!("{path}: {text}: {defect}")));
            }
            (Kind::Boolean, Value::Bool(_))
            | (Kind::Timestamp | Kind::Double | Kind::Float, Value::Number(_)) => {}
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() => {
                let range = shape.out_of_range(number.as_i64().unwrap_or_default());
                defects.extend(range.iter().map(|(d, _)| format!("{path}: {number}: {d}")));
            }
            (kind, value) => defects.push(format!("{path}: expected {kind:?}, found {value}")),
        }
    }
}
