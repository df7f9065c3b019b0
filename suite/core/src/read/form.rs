//! The JSON Schema of a type, taken apart for the reader: as much of JSON Schema as our types use.

use std::collections::BTreeMap;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde_json::Value;

use crate::read::choice::Choice;

/// The form of the texts of a type.
pub struct Form {
    schema: Value,
    /// The compiled patterns, by their text.
    patterns: BTreeMap<String, Regex>,
}

impl Form {
    /// The form of a type, from its JSON Schema.
    #[must_use]
    pub fn of<T: JsonSchema>() -> Self {
        let schema = schemars::schema_for!(T).to_value();
        let mut patterns = BTreeMap::new();
        collect(&schema, &mut patterns);
        Self { schema, patterns }
    }

    pub(super) fn root(&self) -> Shape<'_> {
        self.shape(&self.schema)
    }

    /// Follows references. An optional field has the shape of its value: null counts as absent.
    fn shape<'a>(&'a self, site: &'a Value) -> Shape<'a> {
        let (mut definition, mut name) = (site, "");
        loop {
            let reference = definition["$ref"].as_str();
            if let Some(wanted) = reference.and_then(|text| text.strip_prefix("#/$defs/")) {
                (definition, name) = (&self.schema["$defs"][wanted], wanted);
                continue;
            }
            match list(&definition["anyOf"]) {
                [value, null] if null["type"] == "null" => definition = value,
                _ => return Shape { form: self, site, definition, name },
            }
        }
    }
}

fn collect(schema: &Value, patterns: &mut BTreeMap<String, Regex>) {
    match schema {
        Value::Object(entries) => {
            for (keyword, value) in entries {
                match value {
                    Value::String(pattern) if keyword == "pattern" => {
                        // A test compiles the patterns of all schemas.
                        if let Ok(regex) = Regex::new(pattern) {
                            patterns.insert(pattern.clone(), regex);
                        }
                    }
                    value => collect(value, patterns),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        _ => {}
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The form of one value.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    form: &'a Form,
    /// The schema at the field.
    site: &'a Value,
    /// The schema of the field's type.
    definition: &'a Value,
    /// The name of the field's type, if it has a schema of its own.
    pub(super) name: &'a str,
}

pub(super) enum Kind<'a> {
    /// A mapping with known fields.
    Fields(Fields<'a>),
    /// A mapping with any keys.
    Map(Shape<'a>),
    List(Shape<'a>),
    /// A list that may be written as its only item.
    OneOrMore(Shape<'a>),
    Words(Vec<&'a str>),
    Text,
    Number,
    Flag,
    /// A value that is not looked into.
    Any,
}

/// The fields of a mapping.
pub(super) struct Fields<'a> {
    pub(super) known: Vec<(&'a str, Shape<'a>)>,
    pub(super) required: Vec<&'a str>,
    /// No other fields are allowed.
    pub(super) closed: bool,
    /// Which of them go together.
    pub(super) choices: Vec<Choice<'a>>,
}

impl<'a> Shape<'a> {
    /// The value of a keyword; the field's own comes before its type's.
    pub(super) fn get(self, keyword: &str) -> Option<&'a Value> {
        self.site.get(keyword).or_else(|| self.definition.get(keyword))
    }

    /// The text of a keyword at the field's type.
    pub(super) fn of_type(self, keyword: &str) -> Option<&'a str> {
        self.definition[keyword].as_str()
    }

    pub(super) fn number(self, keyword: &str) -> Option<u64> {
        self.get(keyword)?.as_u64()
    }

    pub(super) fn text(self, keyword: &str) -> Option<&'a str> {
        self.get(keyword)?.as_str()
    }

    /// Whether a text matches the pattern, if there is one.
    pub(super) fn matches(self, text: &str) -> bool {
        let pattern = self.text("pattern").and_then(|pattern| self.form.patterns.get(pattern));
        pattern.is_none_or(|regex| regex.is_match(text))
    }

    /// The words for what is expected here.
    pub(super) fn expected(self) -> Option<&'a str> {
        let is_text = self.definition["pattern"].is_string() && !self.name.is_empty();
        self.text("x-expected").or(self.definition["description"].as_str().filter(|_| is_text))
    }

    pub(super) fn kind(self) -> Kind<'a> {
        if let Some(words) = self.words() {
            return Kind::Words(words);
        }
        let values = self.get("additionalProperties").filter(|values| values.is_object());
        match self.type_name() {
            Some("object") => match values {
                Some(values) => Kind::Map(self.form.shape(values)),
                None => Kind::Fields(self.fields()),
            },
            Some("array") => Kind::List(self.form.shape(self.get("items").unwrap_or(&Value::Null))),
            Some("string") => Kind::Text,
            Some("integer") => Kind::Number,
            Some("boolean") => Kind::Flag,
            Some(_) => Kind::Any,
            None if self.definition.get("oneOf").is_some() => Kind::Fields(self.fields()),
            None => {
                let mut ways = list(&self.definition["anyOf"]).iter();
                match ways.find(|way| way["type"] == "array") {
                    Some(way) => Kind::OneOrMore(self.form.shape(&way["items"])),
                    None => Kind::Any,
                }
            }
        }
    }

    /// Whether null is a value here.
    pub(super) fn takes_null(self) -> bool {
        list(self.get("type").unwrap_or(&Value::Null)).iter().any(|name| name == "null")
    }

    fn type_name(self) -> Option<&'a str> {
        match self.get("type")? {
            Value::String(name) => Some(name),
            names => list(names).iter().filter_map(Value::as_str).find(|name| *name != "null"),
        }
    }

    fn words(self) -> Option<Vec<&'a str>> {
        if let Some(words) = self.get("enum") {
            return Some(list(words).iter().filter_map(Value::as_str).collect());
        }
        let of = |way: &'a Value| -> Option<Vec<&'a str>> {
            match (&way["const"], way.get("enum")) {
                (Value::String(word), _) => Some(vec![word]),
                (_, Some(words)) => Some(list(words).iter().filter_map(Value::as_str).collect()),
                _ => None,
            }
        };
        let ways = list(&self.definition["oneOf"]);
        let words: Option<Vec<Vec<&str>>> = ways.iter().map(of).collect();
        words.filter(|words| !words.is_empty()).map(|words| words.concat())
    }

    /// The allowed words that have a description, each with it.
    pub(super) fn described_words(self) -> Vec<(String, String)> {
        let of = |way: &'a Value| {
            let (word, says) = (way["const"].as_str()?, way["description"].as_str()?);
            Some((word.to_owned(), says.replace('\n', " ")))
        };
        list(&self.definition["oneOf"]).iter().filter_map(of).collect()
    }

    fn fields(self) -> Fields<'a> {
        let mut fields = Fields {
            known: Vec::new(),
            required: list(&self.definition["required"]).iter().filter_map(Value::as_str).collect(),
            closed: ["additionalProperties", "unevaluatedProperties"]
                .iter()
                .any(|keyword| self.definition[*keyword] == false),
            choices: Vec::new(),
        };
        fields.know(self.form, self.definition);
        for (keyword, exactly_one) in [("anyOf", false), ("oneOf", true)] {
            let ways = list(&self.definition[keyword]);
            for way in ways.iter().filter(|way| way["type"] == "object") {
                // A variant of an enum, with the field that it is named after.
                fields.know(self.form, way);
                fields.closed |= way["additionalProperties"] == false;
            }
            if !ways.is_empty() {
                fields.choices.push(Choice { ways, exactly_one });
            }
        }
        fields
    }
}

impl<'a> Fields<'a> {
    fn know(&mut self, form: &'a Form, schema: &'a Value) {
        let properties = schema["properties"].as_object().into_iter().flatten();
        self.known.extend(properties.map(|(name, site)| (name.as_str(), form.shape(site))));
    }

    pub(super) fn names(&self) -> Vec<&'a str> {
        self.known.iter().map(|(name, _)| *name).collect()
    }
}
