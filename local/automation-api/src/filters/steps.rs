//! The filters of `DescribeAutomationStepExecutions`.

use api::AwsError;
use engine::StepView;
use jiff::Timestamp;

use super::{has_status, instant, once, statuses};
use crate::errors;
use crate::input::Filter;
use crate::wire::iterator_value;

/// The filters of one request.
pub(crate) struct Filters(Vec<Test>);

enum Test {
    Action(Vec<String>),
    After(Timestamp),
    Before(Timestamp),
    Id(Vec<String>),
    Name(Vec<String>),
    ParentId(Vec<String>),
    ParentIteration(Vec<u32>),
    ParentIteratorValue(Vec<String>),
    Status(Vec<String>),
}

impl Filters {
    pub(crate) fn parse(filters: &[Filter]) -> Result<Self, AwsError> {
        once(filters.iter().map(|filter| filter.key.as_str()))?;
        filters.iter().map(Test::parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn pass(&self, step: &StepView) -> bool {
        self.0.iter().all(|test| test.passes(step))
    }
}

impl Test {
    fn parse(Filter { key, values }: &Filter) -> Result<Self, AwsError> {
        let values = values.clone();
        Ok(match key.as_str() {
            "Action" => Self::Action(values),
            "StartTimeAfter" => Self::After(instant(key, &values)?),
            "StartTimeBefore" => Self::Before(instant(key, &values)?),
            "StepExecutionId" => Self::Id(values),
            "StepName" => Self::Name(values),
            "ParentStepExecutionId" => Self::ParentId(values),
            "ParentStepIteration" => Self::ParentIteration(numbers(key, &values)?),
            "ParentStepIteratorValue" => Self::ParentIteratorValue(values),
            "StepExecutionStatus" => {
                statuses(key, &values)?;
                Self::Status(values)
            }
            other => {
                return Err(errors::invalid_filter_key(format!("Unknown filter {other}.")));
            }
        })
    }

    fn passes(&self, step: &StepView) -> bool {
        let one_of = |values: &[String], found: &str| values.iter().any(|value| value == found);
        match self {
            Self::Action(actions) => one_of(actions, step.action.name()),
            Self::After(at) => step.started_at.is_some_and(|started| started > *at),
            Self::Before(at) => step.started_at.is_some_and(|started| started < *at),
            Self::Id(ids) => one_of(ids, &step.id),
            Self::Name(names) => one_of(names, &step.name),
            Self::ParentId(ids) => step.parent.as_ref().is_some_and(|p| one_of(ids, &p.id)),
            Self::ParentIteration(numbers) => {
                step.parent.as_ref().is_some_and(|parent| numbers.contains(&parent.iteration))
            }
            Self::ParentIteratorValue(values) => {
                let value = step.parent.as_ref().and_then(|parent| parent.iterator_value.as_ref());
                value.is_some_and(|value| one_of(values, &iterator_value(value)))
            }
            Self::Status(statuses) => has_status(statuses, step.status),
        }
    }
}

fn numbers(key: &str, values: &[String]) -> Result<Vec<u32>, AwsError> {
    let number = |value: &String| {
        value.parse().map_err(|_| {
            errors::invalid_filter_value(format!("The filter {key} takes numbers, not {value}."))
        })
    };
    values.iter().map(number).collect()
}
