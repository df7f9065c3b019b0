//! A first line that is a selector is read again as it is shown, and finds the same in the rest.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runbook::Selector;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (path, rest) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(selector) = Selector::parse(path) else {
        return;
    };
    assert_eq!(Selector::parse(&selector.to_string()).as_ref(), Ok(&selector));
    if let Ok(value) = serde_json::from_str::<Value>(rest) {
        let found = selector.select(&value);
        assert!(!path.contains("..") || path.contains(['\'', '"']) || found.is_some());
    }
});
