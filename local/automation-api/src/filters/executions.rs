//! The filters of `DescribeAutomationExecutions`.

use api::AwsError;
use engine::ExecutionView;
use jiff::Timestamp;

use super::{each_of, has_status, instant, once, statuses};
use crate::errors;
use crate::input::Filter;

/// The filters of one request.
pub(crate) struct Filters(Vec<Test>);

enum Test {
    After(Timestamp),
    Before(Timestamp),
    CurrentAction(Vec<String>),
    DocumentNamePrefix(Vec<String>),
    Id(Vec<String>),
    Parent(Vec<String>),
    ResourceGroup(Vec<String>),
    Status(Vec<String>),
    TagKey(Vec<String>),
    Type(Vec<String>),
    /// Values of change requests and just-in-time access, which the local AWS does not have.
    Nothing,
}

impl Filters {
    pub(crate) fn parse(filters: &[Filter]) -> Result<Self, AwsError> {
        once(filters.iter().map(|filter| filter.key.as_str()))?;
        filters.iter().map(Test::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn pass(&self, view: &ExecutionView) -> bool {
        self.0.iter().all(|test| test.passes(view))
    }
}

impl Test {
    fn parse(Filter { key, values }: &Filter) -> Result<Self, AwsError> {
        let values = values.clone();
        Ok(match key.as_str() {
            "StartTimeAfter" => Self::After(instant(key, &values)?),
            "StartTimeBefore" => Self::Before(instant(key, &values)?),
            "CurrentAction" => Self::CurrentAction(values),
            "DocumentNamePrefix" => Self::DocumentNamePrefix(values),
            "ExecutionId" => Self::Id(values),
            "ParentExecutionId" => Self::Parent(values),
            "TargetResourceGroup" => Self::ResourceGroup(values),
            "ExecutionStatus" => {
                statuses(key, &values)?;
                Self::Status(values)
            }
            "TagKey" => Self::TagKey(values),
            "AutomationType" => {
                each_of(key, &values, &["Local", "CrossAccount"])?;
                Self::Type(values)
            }
            "AutomationSubtype" => {
                each_of(key, &values, &["ChangeRequest", "AccessRequest"])?;
                Self::Nothing
            }
            "OpsItemId" => Self::Nothing,
            other => {
                return Err(errors::invalid_filter_key(format!("Unknown filter {other}.")));
            }
        })
    }

    fn passes(&self, view: &ExecutionView) -> bool {
        let one_of = |values: &[String], found: &str| values.iter().any(|value| value == found);
        match self {
            Self::After(at) => view.started_at > *at,
            Self::Before(at) => view.started_at < *at,
            Self::CurrentAction(actions) => {
                view.current_action.is_some_and(|action| one_of(actions, action.name()))
            }
            Self::DocumentNamePrefix(prefixes) => {
                prefixes.iter().any(|prefix| view.document_name.starts_with(prefix.as_str()))
            }
            Self::Id(ids) => one_of(ids, &view.id),
            Self::Parent(ids) => view.parent.as_deref().is_some_and(|parent| one_of(ids, parent)),
            Self::ResourceGroup(groups) => view.targets.iter().any(|target| {
                target.key == "ResourceGroup" && target.values.iter().any(|v| one_of(groups, v))
            }),
            Self::Status(statuses) => has_status(statuses, view.status),
            Self::TagKey(keys) => view.tags.iter().any(|tag| one_of(keys, &tag.key)),
            Self::Type(types) => {
                one_of(types, if view.cross_account { "CrossAccount" } else { "Local" })
            }
            Self::Nothing => false,
        }
    }
}
