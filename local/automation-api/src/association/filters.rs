//! The filters of `ListAssociations`.

use api::AwsError;
use jiff::Timestamp;
use serde::Deserialize;

use super::model::Association;
use crate::errors;

/// A filter as the API has it, in lower case.
#[derive(Deserialize)]
pub(crate) struct Filter {
    key: String,
    value: String,
}

/// The filters of one request. An association must match all of them.
pub(crate) struct Filters(Vec<Test>);

enum Test {
    Id(String),
    Name(String),
    AssociationName(String),
    ResourceGroup(String),
    Status(String),
    Before(Timestamp),
    After(Timestamp),
    /// Values about nodes, which no association here is for.
    Nothing,
}

impl Filters {
    pub(crate) fn parse(filters: &[Filter]) -> Result<Self, AwsError> {
        filters.iter().map(Test::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn pass(&self, association: &Association, status: &str) -> bool {
        self.0.iter().all(|test| test.passes(association, status))
    }
}

impl Test {
    fn parse(Filter { key, value }: &Filter) -> Result<Self, AwsError> {
        let time = || {
            value.parse().map_err(|_| {
                errors::validation(format!("The filter {key} takes an ISO 8601 time, not {value}."))
            })
        };
        Ok(match key.as_str() {
            "AssociationId" => Self::Id(value.clone()),
            "Name" => Self::Name(value.clone()),
            "AssociationName" => Self::AssociationName(value.clone()),
            "ResourceGroupName" => Self::ResourceGroup(value.clone()),
            "AssociationStatusName" => Self::Status(value.clone()),
            "LastExecutedBefore" => Self::Before(time()?),
            "LastExecutedAfter" => Self::After(time()?),
            _ => Self::Nothing,
        })
    }

    fn passes(&self, association: &Association, status: &str) -> bool {
        let spec = association.spec();
        let last = association.runs.last().map(|run| run.at);
        match self {
            Self::Id(id) => association.id.to_string() == *id,
            Self::Name(name) => spec.name == *name,
            Self::AssociationName(name) => spec.association_name.as_ref() == Some(name),
            Self::ResourceGroup(name) => spec
                .targets
                .iter()
                .flatten()
                .any(|target| target.key == "ResourceGroup" && target.values.contains(name)),
            Self::Status(wanted) => status == wanted,
            Self::Before(time) => last.is_some_and(|last| last < *time),
            Self::After(time) => last.is_some_and(|last| last > *time),
            Self::Nothing => false,
        }
    }
}
