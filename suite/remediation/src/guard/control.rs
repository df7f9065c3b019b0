//! The kill switch: the parameter `control` of the installation, `/runbook-relay/control` by default.

use jiff::Timestamp;
use relay_core::place::Places;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::read::{self, Form, LazyForm, Written};
use relay_core::rules::RuleText;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mode;

/// The kill switch: the parameter `/runbook-relay/control`, YAML or JSON. Without it the suite is active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Control {
    /// Whether the suite runs, observes or ignores.
    pub mode: Mode,
    /// When this mode ends; from then on the suite is active again. Without it, the mode stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
    /// The reason, for those who find it.
    #[serde(default)]
    pub reason: String,
}

impl Written for Control {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<Control>);
        &FORM
    }
}

impl Control {
    /// Reads the text of the parameter of that name, YAML or JSON.
    ///
    /// # Errors
    /// With everything that is wrong with it. The caller then takes [`Control::pulled`].
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let source = RuleText::parameter(parameter, text);
        let mut problems = Vec::new();
        let control = match source.open(&mut problems) {
            Some(root) => read::rule(&root, &Places::of(&source.origin, &root)),
            None => Err(problems),
        };
        control.map(|(control, _)| control).map_err(|problems| {
            let invalid = |problem| Problem { code: ProblemCode::ControlInvalid, ..problem };
            problems.into_iter().map(invalid).collect()
        })
    }

    /// The stand-in for a parameter that cannot be read: a switch that may have been pulled counts
    /// as pulled.
    #[must_use]
    pub fn pulled(parameter: &str) -> Self {
        let reason = format!("{parameter} cannot be read");
        Self { mode: Mode::Off, until: None, reason }
    }

    /// The mode at this moment.
    #[must_use]
    pub fn mode_at(&self, now: Timestamp) -> Mode {
        match self.until {
            Some(until) if until <= now => Mode::Active,
            _ => self.mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETER: &str = "/runbook-relay/control";

    #[test]
    fn it_is_yaml_or_json_and_ends_by_itself() {
        let control =
            Control::parse(PARAMETER, "mode: off\nuntil: 2026-01-02T03:04:05Z\nreason: drill\n");
        let control = control.unwrap();
        assert_eq!(control.reason, "drill");
        let at = |text: &str| control.mode_at(text.parse().unwrap());
        assert_eq!(at("2026-01-02T03:04:04Z"), Mode::Off);
        assert_eq!(at("2026-01-02T03:04:05Z"), Mode::Active);
        let json = Control::parse(PARAMETER, r#"{"mode": "observe", "until": null, "reason": ""}"#)
            .unwrap();
        assert_eq!(json.mode_at(Timestamp::MAX), Mode::Observe);
        assert_eq!(Control::default().mode_at(Timestamp::UNIX_EPOCH), Mode::Active);
        assert_eq!(Control::pulled(PARAMETER).mode_at(Timestamp::MAX), Mode::Off);
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        for (text, what) in [
            ("mode: on", "expected one of `active`, `observe`, `off`, found \"on\""),
            ("reason: x", "missing field `mode`"),
            ("mode: off\nuntil: tomorrow", "expected an instant, like 2026-01-02T03:04:05Z, found"),
            ("off", "expected a mapping with `mode`, `until`, `reason`, found \"off\""),
            ("", "the text is empty"),
            ("mode: off\nuntill: x", "unknown field `untill`"),
        ] {
            let problems = Control::parse(PARAMETER, text).unwrap_err();
            assert!(problems[0].what.starts_with(what), "{text}: {}", problems[0].what);
            assert!(problems.iter().all(|problem| problem.code == ProblemCode::ControlInvalid));
        }
    }
}
