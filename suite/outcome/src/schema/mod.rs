//! JSON Schemas of what outsiders rely on, generated from the types. The files in `docs/schemas/`
//! are these texts; `cargo run -p outcome --example schemas` writes them.

use remediation::RemediationRule;
use remediation::guard::Control;
use run::RunAutomationInput;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use sharing::plan::SharePlan;
use sharing::{AwaitMembershipInput, ShareRunbooksInput, WrittenRule};

use crate::Outcome;

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
