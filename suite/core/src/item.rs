//! Writes to the suite's table, as data: what DynamoDB's UpdateItem takes.

use std::collections::{BTreeMap, BTreeSet};

/// An attribute's value: the three types that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// `S`.
    Text(String),
    /// `N`, a whole number.
    Number(i64),
    /// `SS`; DynamoDB removes a set with its last element.
    Texts(BTreeSet<String>),
}

impl Attribute {
    /// A set of one.
    #[must_use]
    pub fn one(text: impl Into<String>) -> Self {
        Self::Texts(BTreeSet::from([text.into()]))
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Texts(_) => None,
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Texts(_) => None,
        }
    }
}

/// An item, without its key.
pub type Item = BTreeMap<String, Attribute>;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

/// One UpdateItem. Every attribute is named through a `#` name: some of the words are DynamoDB's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub key: Key,
    pub update: &'static str,
    /// ConditionExpression. When it fails, `ReturnValuesOnConditionCheckFailure=ALL_OLD` tells why.
    pub condition: Option<&'static str>,
    pub names: BTreeMap<&'static str, String>,
    pub values: BTreeMap<&'static str, Attribute>,
}

impl Write {
    pub fn new(key: Key, update: &'static str) -> Self {
        Self { key, update, condition: None, names: BTreeMap::new(), values: BTreeMap::new() }
    }

    pub fn when(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    pub fn name(mut self, name: &'static str, attribute: impl Into<String>) -> Self {
        self.names.insert(name, attribute.into());
        self
    }

    pub fn value(mut self, name: &'static str, value: Attribute) -> Self {
        self.values.insert(name, value);
        self
    }

    pub fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.value(name, Attribute::Text(text.into()))
    }

    pub fn number(self, name: &'static str, number: i64) -> Self {
        self.value(name, Attribute::Number(number))
    }
}
