//! The filters of `ListDocuments`, the legacy ones included. Values of one key are alternatives,
//! keys add up, and case matters.

use api::AwsError;

use crate::{
    errors,
    input::{KeyValues, LegacyFilter, ListDocuments},
    lookup::View,
};

/// Whose documents are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Owner {
    /// Without a filter: one's own, AWS's, and those shared with one by name.
    #[default]
    Unsaid,
    All,
    Amazon,
    Private,
    Public,
    Own,
    ThirdParty,
}

/// The filters of one request.
#[derive(Default)]
pub(crate) struct Filters {
    pub(crate) owner: Owner,
    tests: Vec<Test>,
}

enum Test {
    DocumentType(Vec<String>),
    Keyword(Vec<String>),
    NamePrefix(Vec<String>),
    Platform(Vec<String>),
    Tag(String, Vec<String>),
    TargetType(Vec<String>),
}

impl Filters {
    pub(crate) fn parse(input: &ListDocuments) -> Result<Self, AwsError> {
        let legacy = input.document_filter_list.iter().flatten();
        let legacy = legacy.map(|LegacyFilter { key, value }| (key.as_str(), vec![value.clone()]));
        let current = input.filters.iter().flatten().map(|KeyValues { key, values }| {
            (key.as_deref().unwrap_or_default(), values.clone().unwrap_or_default())
        });
        let mut filters = Self::default();
        for (key, values) in legacy.chain(current) {
            filters.add(key, values)?;
        }
        let names = |test: &Test| matches!(test, Test::NamePrefix(_));
        let keywords = |test: &Test| matches!(test, Test::Keyword(_));
        if filters.tests.iter().any(names) && filters.tests.iter().any(keywords) {
            return Err(errors::validation(
                "The filters Name and SearchKeyword can't be used together.",
            ));
        }
        Ok(filters)
    }

    fn add(&mut self, key: &str, values: Vec<String>) -> Result<(), AwsError> {
        let test = match key {
            "Owner" => return self.own(&values),
            "Name" => Test::NamePrefix(values),
            "PlatformTypes" => Test::Platform(values),
            "DocumentType" => Test::DocumentType(values),
            "TargetType" => Test::TargetType(values),
            "SearchKeyword" => Test::Keyword(keywords(values)?),
            tag => match tag.strip_prefix("tag:").filter(|key| !key.is_empty()) {
                Some(key) => Test::Tag(key.to_owned(), values),
                None => return Err(errors::invalid_filter_key()),
            },
        };
        self.tests.push(test);
        Ok(())
    }

    fn own(&mut self, values: &[String]) -> Result<(), AwsError> {
        let [owner] = values else { return Err(one_owner(values)) };
        if self.owner != Owner::Unsaid {
            return Err(one_owner(values));
        }
        self.owner = match owner.as_str() {
            "All" => Owner::All,
            "Amazon" => Owner::Amazon,
            "Private" => Owner::Private,
            "Public" => Owner::Public,
            "Self" => Owner::Own,
            "ThirdParty" => Owner::ThirdParty,
            _ => return Err(one_owner(values)),
        };
        Ok(())
    }

    /// Whether a caller's view of a document passes.
    pub(crate) fn pass(&self, view: &View<'_>, caller: &str) -> bool {
        self.tests.iter().all(|test| test.pass(view, caller))
    }
}

impl Test {
    fn pass(&self, view: &View<'_>, caller: &str) -> bool {
        let document = view.document;
        let Some(version) = view.version() else { return false };
        let one_of = |values: &[String], told: &str| values.iter().any(|value| value == told);
        match self {
            Self::DocumentType(types) => one_of(types, document.kind.name()),
            Self::Keyword(words) => words.iter().any(|word| {
                let display = version.display_name.as_deref().unwrap_or_default();
                document.name.contains(word.as_str()) || display.contains(word.as_str())
            }),
            Self::NamePrefix(prefixes) => {
                prefixes.iter().any(|prefix| document.name.starts_with(prefix.as_str()))
            }
            Self::Platform(platforms) => {
                version.content.platforms.iter().any(|platform| one_of(platforms, platform))
            }
            Self::Tag(key, values) => {
                let value = document.tags.get(caller).and_then(|tags| tags.get(key));
                value.is_some_and(|value| one_of(values, value))
            }
            Self::TargetType(types) => {
                version.target_type.as_deref().is_some_and(|target| one_of(types, target))
            }
        }
    }
}

fn one_owner(values: &[String]) -> AwsError {
    errors::validation(format!(
        "The filter Owner takes exactly one of All, Amazon, Private, Public, Self and ThirdParty \
         in a request, not [{}].",
        values.join(", ")
    ))
}

/// At most five words of 3 to 20 characters.
fn keywords(words: Vec<String>) -> Result<Vec<String>, AwsError> {
    let fits = |word: &String| (3..=20).contains(&word.chars().count());
    if words.len() > 5 || !words.iter().all(fits) {
        return Err(errors::validation(
            "The filter SearchKeyword takes at most 5 words of 3 to 20 characters.",
        ));
    }
    Ok(words)
}
