//! The paths into an event that EventBridge takes: `$`, `.name`, `[n]` and `[*]`.

use serde_json::Value;

/// A path that PutTargets would accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(json_path::Path);

impl Path {
    /// `None` for what PutTargets refuses: brackets with names, `..`, `.*`, slices, negative
    /// indices.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, tail) = after.split_at(end);
                let legal = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
                if name.is_empty() || !name.chars().all(legal) {
                    return None;
                }
                rest = tail;
            } else {
                let (inside, tail) = rest.strip_prefix('[')?.split_once(']')?;
                let is_index = !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit());
                if inside != "*" && !is_index {
                    return None;
                }
                rest = tail;
            }
        }
        json_path::Path::parse(text).ok().map(Self)
    }

    /// The value that the path leads to; with `[*]`, an array of all it leads to. `None` if it leads nowhere.
    pub(crate) fn find(&self, value: &Value) -> Option<Value> {
        let found = self.0.select(value)?;
        let is_nothing = self.0.is_plural() && found.as_array().is_some_and(Vec::is_empty);
        if is_nothing {
            // Of an array that is there and empty, the answer is an empty array.
            let text = self.0.to_string();
            let list = json_path::Path::parse(text.split("[*]").next()?).ok()?.select(value)?;
            return list.is_array().then_some(found);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &str) -> Option<Value> {
        let event = json!({"detail": {
            "text": "hello", "hyphen-key": "dash", "under_score": 1, "slash/key": null,
            "array": ["one", "two", {"x": 3}], "items": [{"name": "first"}, {"name": "second"}], "none": [],
        }});
        Path::parse(path).expect(path).find(&event)
    }

    #[test]
    fn dots_indices_and_wildcards_lead_into_the_event() {
        assert_eq!(find("$.detail.text"), Some(json!("hello")));
        assert_eq!(find("$.detail.hyphen-key"), Some(json!("dash")));
        assert_eq!(find("$.detail.under_score"), Some(json!(1)));
        assert_eq!(find("$.detail.slash/key"), Some(Value::Null));
        assert_eq!(find("$.detail.array[1]"), Some(json!("two")));
        assert_eq!(find("$.detail.items[1].name"), Some(json!("second")));
        assert_eq!(find("$.detail.items[*].name"), Some(json!(["first", "second"])));
        assert_eq!(find("$").unwrap()["detail"]["text"], "hello");
    }

    #[test]
    fn a_path_to_nothing_finds_nothing() {
        assert_eq!(find("$.detail.absent"), None);
        assert_eq!(find("$.detail.array[9]"), None);
        assert_eq!(find("$.detail.text.deeper"), None);
        assert_eq!(find("$.detail.absent[*].name"), None);
        assert_eq!(find("$.detail.text[*]"), None);
        assert_eq!(find("$.detail.none[*].name"), Some(json!([])));
    }

    #[test]
    fn what_put_targets_refuses_is_no_path() {
        for path in [
            "",
            "detail.text",
            "$..text",
            "$.detail.*",
            "$['detail']",
            "$.detail['dot.key']",
            "$.detail.array[-1]",
            "$.detail.array[0:2]",
            "$.",
            "$.detail[",
            "$detail",
        ] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }
}
