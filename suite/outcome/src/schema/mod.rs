//! JSON Schemas of what outsiders rely on, and the reference page of rules, generated from the types. The
//! files in `docs/schemas/` and `docs/rules-reference.md` are these texts; `cargo run -p outcome --example
//! schemas` writes them.

pub mod reference;

use remediation::RemediationRule;
use remediation::guard::{Control, UnlockInput};
use run::RunAutomationInput;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, ReplaceUnevaluatedProperties};
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use sharing::plan::{PartEffect, SharePlan, SharingEffect};
use sharing::{AwaitMembershipInput, ShareRunbooksInput, SharingRule};

use crate::Outcome;

/// File names and texts.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("sharing-rule.json", rule::<SharingRule>()),
        ("remediation-rule.json", rule::<RemediationRule>()),
        ("outcome.json", text::<Outcome>()),
        ("share-plan.json", text::<SharePlan>()),
        ("sharing-effect.json", text::<SharingEffect>()),
        ("part-effect.json", text::<PartEffect>()),
        ("share-runbooks-input.json", text::<ShareRunbooksInput>()),
        ("await-membership-input.json", text::<AwaitMembershipInput>()),
        ("run-automation-input.json", text::<RunAutomationInput>()),
        ("unlock-input.json", text::<UnlockInput>()),
        ("control.json", rule::<Control>()),
    ]
}

fn text<T: JsonSchema>() -> String {
    print(&SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>())
}

/// People write these: a field that is not needed is left out, and null is not offered to them.
fn rule<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings
        .with_transform(RecursiveTransform(without_null))
        .with_transform(ReplaceUnevaluatedProperties::default());
    print(&settings.into_generator().into_root_schema_for::<T>())
}

fn without_null(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(Value::Array(names)) = schema.get("type")
        && let [name, Value::String(null)] = names.as_slice()
        && null == "null"
    {
        let name = name.clone();
        schema.insert("type".to_owned(), name);
    }
    if let Some(Value::Array(ways)) = schema.get("anyOf")
        && let [Value::Object(value), null] = ways.as_slice()
        && null["type"] == "null"
    {
        let value = value.clone();
        schema.shift_remove("anyOf");
        schema.extend(value);
    }
}

fn print(schema: &Schema) -> String {
    // A schema is JSON already.
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
