//! Fields that rules of every kind have.

use std::collections::BTreeMap;
use std::str::FromStr;

use yaml_tree::{Node, Value};

use crate::id::{InvalidId, Region};
use crate::period::Period;
use crate::problem::ProblemCode;
use crate::rules::Glob;
use crate::rules::reader::{Fields, Reader, describe, join, list, scalar};
use crate::text::nearest;

/// A mapping of tags to patterns over their values.
pub fn globs(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, Glob> {
    let Value::Map(entries) = &node.value else {
        reader.mismatch(node, path, "a mapping of tags to values");
        return BTreeMap::new();
    };
    let mut tags = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = reader.text(key, path, "a tag's key") else { continue };
        match scalar(&value.value) {
            Some(text) => {
                tags.insert(name, Glob::new(text));
            }
            None => reader.mismatch(value, &join(path, &name), "the tag's value, as a text"),
        }
    }
    tags
}

/// A list of Regions that AWS has; sorted, without repeats.
pub fn regions(reader: &mut Reader<'_>, node: &Node, path: &str) -> Vec<Region> {
    let mut regions = Vec::new();
    for (index, item) in reader.items(node, path, "Regions").iter().enumerate() {
        let path = format!("{path}[{index}]");
        regions.extend(region(reader, item, &path));
    }
    regions.sort();
    regions.dedup();
    regions
}

/// A Region that AWS has.
pub fn region(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Region> {
    let text = reader.text(node, path, "a Region's code")?;
    match text.parse::<Region>() {
        Ok(region) if region.is_known() => Some(region),
        _ => {
            let what = format!("`{text}` is no Region of AWS");
            let hint = nearest(&text, Region::known().iter().copied())
                .map(|near| format!("Did you mean `{near}`?"));
            reader.report(ProblemCode::UnknownRegion, node.at, path, what, hint);
            None
        }
    }
}

/// A field that is a text of a certain shape.
pub fn shaped<T: FromStr<Err = InvalidId>>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    expected: &str,
) -> Option<T> {
    let (node, path) = fields.get(name)?;
    let text = reader.text(node, &path, expected)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            let what = error.to_string();
            reader.report(ProblemCode::InvalidField, node.at, &path, what, None);
            None
        }
    }
}

/// SSM's parameters are lists of texts; a single text stands for a list of one.
pub fn parameters(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
) -> BTreeMap<String, Vec<String>> {
    let Value::Map(entries) = &node.value else {
        reader.mismatch(node, path, "a mapping of parameters to lists of texts");
        return BTreeMap::new();
    };
    let mut parameters = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = reader.text(key, path, "a parameter's name") else { continue };
        let values = match scalar(&value.value) {
            Some(text) => vec![text],
            None => texts(reader, value, &join(path, &name), "texts"),
        };
        parameters.insert(name, values);
    }
    parameters
}

/// A list of texts.
pub fn texts(reader: &mut Reader<'_>, node: &Node, path: &str, of: &str) -> Vec<String> {
    let items = reader.items(node, path, of);
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| reader.text(item, &format!("{path}[{index}]"), "a text"))
        .collect()
}

/// One of a few words.
pub fn choice(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    words: &[&str],
) -> Option<String> {
    let (node, path) = fields.get(name)?;
    let found = scalar(&node.value).filter(|text| words.contains(&text.as_str()));
    if found.is_none() {
        let what = format!("found {}, expected one of {}", describe(&node.value), list(words));
        let hint = match &node.value {
            Value::Number(..) => Some("Versions are not shared by number.".to_owned()),
            value => scalar(value)
                .and_then(|text| nearest(&text, words.iter().copied()))
                .map(|near| format!("Did you mean `{near}`?")),
        };
        reader.report(ProblemCode::InvalidField, node.at, &path, what, hint);
    }
    found
}

/// Something that a rule needs is not there.
pub fn empty(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str, what: &str) {
    let (at, path) = fields.place(name);
    reader.report(ProblemCode::EmptySelection, at, &path, what.to_owned(), None);
}

/// Whether a list or a mapping has no entries.
#[must_use]
pub fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A mapping of tags to values.
pub fn tags(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (key, value) in globs(reader, node, path) {
        tags.insert(key, value.as_str().to_owned());
    }
    if is_empty(node) {
        reader.mismatch(node, path, "at least one tag");
    }
    tags
}

/// One of a few words, and what it stands for.
pub fn word<T: Copy>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let found = choice(reader, fields, name, &names)?;
    words.iter().find(|(word, _)| *word == found).map(|(_, value)| *value)
}

pub fn flag(reader: &mut Reader<'_>, fields: &Fields<'_>, name: &str) -> bool {
    fields.get(name).and_then(|(node, path)| reader.boolean(node, &path)).unwrap_or(false)
}

pub fn number(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    bounds: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    let (node, path) = fields.get(name)?;
    reader.number(node, &path, bounds)
}

/// A length of time within bounds.
pub fn period(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    least: &str,
    most: &str,
) -> Option<Period> {
    let (node, path) = fields.get(name)?;
    let expected = format!("a length of time from {least} to {most}, like 10m");
    let bound = |text: &str| text.parse::<Period>().unwrap_or_else(|_| Period::seconds(0));
    let text = scalar(&node.value);
    let read = text.as_deref().and_then(|text| text.parse::<Period>().ok());
    match read {
        Some(period) if (bound(least)..=bound(most)).contains(&period) => Some(period),
        _ => {
            let found = describe(&node.value);
            let hint = match &node.value {
                Value::Number(_, text) => {
                    Some(format!("Add the unit: {text}s, {text}m or {text}h."))
                }
                _ => None,
            };
            let what = format!("found {found}, expected {expected}");
            reader.report(ProblemCode::InvalidField, node.at, &path, what, hint);
            None
        }
    }
}
