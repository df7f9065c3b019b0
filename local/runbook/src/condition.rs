//! Conditions of `aws:branch` and `aws:loop`.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branch-condition.html>

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::substitute::{Scope, SubstitutionError, Unresolved, substitute, written};

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Each of them holds.
    And(Vec<Condition>),
    /// One of them holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    Test {
        /// The compared value, as written.
        variable: Value,
        operator: Operator,
        /// With what, as written.
        operand: Value,
    },
}

macro_rules! operators {
    ($($variant:ident),* $(,)?) => {
        /// How a condition compares.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operator {
            $(
                #[doc = concat!("`", stringify!($variant), "`")]
                $variant,
            )*
        }

        impl Operator {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in a document.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }
        }
    };
}

operators! {
    StringEquals,
    EqualsIgnoreCase,
    StartsWith,
    EndsWith,
    Contains,
    NumericEquals,
    NumericGreater,
    NumericLesser,
    NumericGreaterOrEquals,
    NumericLesserOrEquals,
    BooleanEquals,
}

/// A condition that cannot be evaluated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConditionError {
    /// Something it refers to has no value.
    #[error(transparent)]
    Substitution(#[from] SubstitutionError),
    /// Something it compares has the wrong type.
    #[error("{} compares {expected}, not {found}", operator.name())]
    Type {
        operator: Operator,
        /// The types that the operator compares.
        expected: &'static str,
        found: Value,
    },
}

impl Operator {
    /// The operator of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operator| operator.name() == name)
    }

    /// Whether an operand that refers to nothing has the type that is compared; if not, which one.
    /// AWS refuses the text of a Boolean or a number where a document is made.
    pub(crate) fn takes(self, operand: &Value) -> Result<(), &'static str> {
        match self {
            Self::BooleanEquals if !operand.is_boolean() => Err("Boolean"),
            Self::NumericEquals
            | Self::NumericGreater
            | Self::NumericLesser
            | Self::NumericGreaterOrEquals
            | Self::NumericLesserOrEquals
                if !operand.is_number() =>
            {
                Err("Integer")
            }
            Self::StringEquals
            | Self::EqualsIgnoreCase
            | Self::StartsWith
            | Self::EndsWith
            | Self::Contains
                if operand.is_array() || operand.is_object() || operand.is_null() =>
            {
                Err("String")
            }
            _ => Ok(()),
        }
    }

    fn compare(self, left: &Value, right: &Value) -> Result<bool, ConditionError> {
        let text = || (written(left), written(right));
        let order = || Ok::<_, ConditionError>(order(&self.number(left)?, &self.number(right)?));
        Ok(match self {
            Self::StringEquals => text().0 == text().1,
            Self::EqualsIgnoreCase => text().0.to_lowercase() == text().1.to_lowercase(),
            Self::StartsWith => text().0.starts_with(&text().1),
            Self::EndsWith => text().0.ends_with(&text().1),
            Self::Contains => text().0.contains(&text().1),
            Self::NumericEquals => order()?.is_eq(),
            Self::NumericGreater => order()?.is_gt(),
            Self::NumericLesser => order()?.is_lt(),
            Self::NumericGreaterOrEquals => order()?.is_ge(),
            Self::NumericLesserOrEquals => order()?.is_le(),
            Self::BooleanEquals => self.boolean(left)? == self.boolean(right)?,
        })
    }

    fn number(self, value: &Value) -> Result<Number, ConditionError> {
        let number = match value {
            Value::Number(number) => Some(number.clone()),
            Value::String(text) => serde_json::from_str(text.trim()).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.mismatch("numbers", value))
    }

    fn boolean(self, value: &Value) -> Result<bool, ConditionError> {
        match value {
            Value::Bool(value) => Ok(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.mismatch("true and false", value)),
        }
    }

    fn mismatch(self, expected: &'static str, found: &Value) -> ConditionError {
        ConditionError::Type { operator: self, expected, found: found.clone() }
    }
}

/// Whole numbers exactly, others as floating point. Numbers of JSON are never NaN.
fn order(left: &Number, right: &Number) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_i128(), right.as_i128()) {
        return left.cmp(&right);
    }
    let float = |number: &Number| number.as_f64().unwrap_or_default();
    float(left).partial_cmp(&float(right)).unwrap_or(Ordering::Equal)
}

impl Condition {
    /// Whether it holds now. What does not matter is not looked at: after the first of `Or` that
    /// holds, and the first of `And` that does not.
    ///
    /// A comparison with an output that is not there does not hold: AWS's samples branch on
    /// `Platform`, which EC2 returns for Windows only, and on outputs that a script leaves out.
    ///
    /// # Errors
    /// When something else it refers to has no value, or has the wrong type.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, ConditionError> {
        match self {
            Self::And(conditions) => {
                for condition in conditions {
                    if !condition.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(conditions) => {
                for condition in conditions {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(scope)?),
            Self::Test { variable, operator, operand } => {
                let (variable, operand) = (substitute(variable, scope), substitute(operand, scope));
                if [&variable, &operand].into_iter().any(is_not_there) {
                    return Ok(false);
                }
                operator.compare(&variable?, &operand?)
            }
        }
    }
}

fn is_not_there(value: &Result<Value, SubstitutionError>) -> bool {
    value.as_ref().is_err_and(|error| error.why == Unresolved::NotYet)
}
