//! JSON Schemas of what outsiders rely on, generated from the types. The files in `docs/schemas/`
//! are these texts; `cargo run -p domain --example schemas` writes them.

use schemars::{JsonSchema, generate::SchemaSettings};

use crate::brake::Control;
use crate::contract::{AwaitMembershipInput, ShareRunbooksInput};
use crate::outcome::Outcome;
use crate::plan::SharePlan;
use crate::remediation::RemediationRule;
use crate::run::RunAutomationInput;
use crate::sharing::WrittenRule;

/// File names and texts.
#[must_use]
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("sharing-rule.json", text::<WrittenRule>()),
        ("remediation-rule.json", text::<RemediationRule>()),
        ("outcome.json", text::<Outcome>()),
        ("share-plan.json", text::<SharePlan>()),
        ("share-runbooks-input.json", text::<ShareRunbooksInput>()),
        ("await-membership-input.json", text::<AwaitMembershipInput>()),
        ("run-automation-input.json", text::<RunAutomationInput>()),
        ("control.json", text::<Control>()),
    ]
}

fn text<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    // A schema is JSON already.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
