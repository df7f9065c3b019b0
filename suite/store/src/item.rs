//! Items of the table and writes to them, as data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// How long what belongs to a guardrail or a digest is kept: longer than any cool-down.
pub(crate) const DAYS_40: i64 = 40 * DAY;
/// How long what belongs to an execution is kept: longer than the 90 days for which Step Functions
/// keeps a closed execution and blocks its name.
pub(crate) const DAYS_100: i64 = 100 * DAY;
pub(crate) const DAY: i64 = 86_400;

/// An attribute's value: the types that guardrails, runs and digests use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `S`.
    Text(String),
    /// `N`, a whole number.
    Number(i64),
    /// `SS`; DynamoDB removes a set with its last element.
    Texts(BTreeSet<String>),
}

impl Attribute {
    /// A set of one.
    pub(crate) fn one(text: impl Into<String>) -> Self {
        Self::Texts(BTreeSet::from([text.into()]))
    }

    pub(crate) fn into_value(self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::S(text),
            Self::Number(number) => AttributeValue::N(number.to_string()),
            Self::Texts(texts) => AttributeValue::Ss(texts.into_iter().collect()),
        }
    }

    fn from_value(value: AttributeValue) -> Option<Self> {
        match value {
            AttributeValue::S(text) => Some(Self::Text(text)),
            AttributeValue::N(number) => number.parse().ok().map(Self::Number),
            AttributeValue::Ss(texts) => Some(Self::Texts(texts.into_iter().collect())),
            _ => None,
        }
    }
}

/// An item without its key. Attributes of other types are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Item(BTreeMap<String, Attribute>);

impl Item {
    pub(crate) fn from_values(values: HashMap<String, AttributeValue>) -> Self {
        let attributes = values.into_iter().filter(|(name, _)| name != "pk" && name != "sk");
        Self(attributes.filter_map(|(name, v)| Some((name, Attribute::from_value(v)?))).collect())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Attribute::Text(text) => Some(text),
            Attribute::Number(_) | Attribute::Texts(_) => None,
        }
    }

    /// The elements of a set; none where there is no set, since DynamoDB has no empty ones.
    pub(crate) fn texts(&self, name: &str) -> Option<&BTreeSet<String>> {
        match self.0.get(name)? {
            Attribute::Texts(texts) => Some(texts),
            Attribute::Text(_) | Attribute::Number(_) => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Attribute::Number(number) => Some(*number),
            Attribute::Text(_) | Attribute::Texts(_) => None,
        }
    }
}

impl Item {
    /// The numbers whose names begin so, by the rest of their names.
    pub(crate) fn numbers<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = (&'a str, i64)> {
        self.0.iter().filter_map(move |(name, value)| match value {
            Attribute::Number(number) => Some((name.strip_prefix(begin)?, *number)),
            Attribute::Text(_) | Attribute::Texts(_) => None,
        })
    }
}

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn into_values(self) -> HashMap<String, AttributeValue> {
        let values = [("pk", self.pk), ("sk", self.sk)];
        values.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).into()
    }
}

/// One UpdateItem. Attributes are named through `#` names: some of the words are DynamoDB's own.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) key: Key,
    pub(crate) expression: &'static str,
    pub(crate) condition: Option<&'static str>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Update {
    pub(crate) fn new(key: Key, expression: &'static str) -> Self {
        let (names, values) = (HashMap::new(), HashMap::new());
        Self { key, expression, condition: None, names, values }
    }

    pub(crate) fn when(self, condition: &'static str) -> Self {
        Self { condition: Some(condition), ..self }
    }

    pub(crate) fn name(mut self, name: &'static str, attribute: impl Into<String>) -> Self {
        self.names.insert(name.to_owned(), attribute.into());
        self
    }

    pub(crate) fn value(mut self, name: &'static str, value: Attribute) -> Self {
        self.values.insert(name.to_owned(), value.into_value());
        self
    }

    pub(crate) fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.value(name, Attribute::Text(text.into()))
    }

    pub(crate) fn number(self, name: &'static str, number: i64) -> Self {
        self.value(name, Attribute::Number(number))
    }
}
