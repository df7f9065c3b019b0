//! The environment of the process, read once at start-up.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// The variables that a function was started with. ARCHITECTURE.md lists them.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// A missing or invalid variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is absent or empty.
    #[error("the environment variable {0} is not set: template.yaml sets it for every function")]
    Missing(String),
    /// The value cannot be parsed.
    #[error("the environment variable {name} is {value:?}: {reason}")]
    Invalid {
        /// The name of the variable.
        name: String,
        /// The value that was found.
        value: String,
        /// Why it cannot be parsed.
        reason: String,
    },
}

impl Environment {
    /// The environment of this process; variables that are not Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        )
    }

    /// The value of a variable, if it is set to anything.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a required variable.
    ///
    /// # Errors
    /// `Missing` when it is not set, `Invalid` when it cannot be parsed.
    pub fn require<T>(&self, name: &str) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let value = self.get(name).ok_or_else(|| ConfigError::Missing(name.to_owned()))?;
        parse(name, value)
    }

    /// The value of an optional variable.
    ///
    /// # Errors
    /// `Invalid` when it is set and cannot be parsed.
    pub fn optional<T>(&self, name: &str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.get(name).map(|value| parse(name, value)).transpose()
    }

    /// The value of an optional variable, or a default.
    ///
    /// # Errors
    /// `Invalid` when it is set and cannot be parsed.
    pub fn or<T>(&self, name: &str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.get(name).map_or(Ok(default), |value| parse(name, value))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

fn parse<T>(name: &str, value: &str) -> Result<T, ConfigError>
where
    T: FromStr,
    T::Err: Display,
{
    value.parse().map_err(|error: T::Err| ConfigError::Invalid {
        name: name.to_owned(),
        value: value.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = Environment::default().require::<String>("TABLE_NAME").unwrap_err();
        assert_eq!(error, ConfigError::Missing("TABLE_NAME".into()));
        assert!(error.to_string().contains("TABLE_NAME"));
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = Environment::from_iter([("TABLE_NAME", ""), ("CONCURRENCY", "")]);
        assert!(environment.require::<String>("TABLE_NAME").is_err());
        assert_eq!(environment.or("CONCURRENCY", 10), Ok(10));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_shown_with_the_reason() {
        let environment = Environment::from_iter([("CONCURRENCY", "many")]);
        let error = environment.or::<usize>("CONCURRENCY", 10).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable CONCURRENCY is \"many\": invalid digit found in string"
        );
    }
}
