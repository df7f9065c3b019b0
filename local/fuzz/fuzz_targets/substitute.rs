//! Any JSON can be filled in. What stands for itself stays, however often it is filled in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook::{Reference, Scope, Unresolved, substitute};
use serde_json::Value;

/// Resolves every reference to the text that it was.
struct Echo;

impl Scope for Echo {
    fn resolve(&self, reference: &Reference) -> Result<Value, Unresolved> {
        Ok(Value::String(format!("{{{{ {reference} }}}}")))
    }
}

fuzz_target!(|text: &str| {
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    if let Ok(once) = substitute(&value, &Echo) {
        assert_eq!(substitute(&once, &Echo), Ok(once));
    }
});
