//! The part of JSONPath that EventBridge evaluates: `$`, `.name`, `[n]` and `[*]`.

use serde_json::Value;

/// A step from a value to what is inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
    Each,
}

/// A path that PutTargets would accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// `None` for what PutTargets refuses: brackets with names, `..`, `.*`, slices, negative
    /// indices.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, tail) = after.split_at(end);
                let legal = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
                if name.is_empty() || !name.chars().all(legal) {
                    return None;
                }
                steps.push(Step::Member(name.to_owned()));
                rest = tail;
            } else {
                let (inside, tail) = rest.strip_prefix('[')?.split_once(']')?;
                steps.push(match inside {
                    "*" => Step::Each,
                    digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                        Step::Index(digits.parse().ok()?)
                    }
                    _ => return None,
                });
                rest = tail;
            }
        }
        Some(Self(steps))
    }

    /// What the path leads to; with `[*]`, an array of all it leads to. `None` if it leads nowhere.
    pub(crate) fn find(&self, value: &Value) -> Option<Value> {
        follow(&self.0, value)
    }
}

fn follow(steps: &[Step], value: &Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Step::Member(name) => follow(rest, value.get(name)?),
        Step::Index(index) => follow(rest, value.get(index)?),
        Step::Each => {
            Some(value.as_array()?.iter().filter_map(|item| follow(rest, item)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &str) -> Option<Value> {
        let event = json!({"detail": {
            "text": "hello", "hyphen-key": "dash", "under_score": 1, "slash/key": null,
            "array": ["one", "two", {"x": 3}], "items": [{"name": "first"}, {"name": "second"}],
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
