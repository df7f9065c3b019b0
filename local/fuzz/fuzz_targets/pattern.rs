//! Any text is a pattern of Java or says why not; a quoted text is matched by itself alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook::Pattern;

fuzz_target!(|text: &str| {
    let (pattern, value) = text.split_once('\n').unwrap_or((text, ""));
    match Pattern::parse(pattern) {
        Ok(pattern) => assert_eq!(pattern.matches(value), pattern.matches(value)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if !pattern.contains('\\') {
        let quoted = Pattern::parse(&format!("\\Q{pattern}\\E")).expect("a quoted text is a pattern");
        assert!(quoted.matches(pattern));
    }
});
