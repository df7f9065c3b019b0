//! Any text is a runbook or says why not; defects stand in the order of the text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match runbook::parse(text) {
        Ok(runbook) => assert!(!runbook.steps.is_empty()),
        Err(defects) => {
            assert!(!defects.0.is_empty());
            assert!(defects.0.is_sorted_by_key(|defect| defect.at));
            assert!(!defects.to_string().is_empty());
        }
    }
});
