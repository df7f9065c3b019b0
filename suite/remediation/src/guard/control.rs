//! The kill switch: the parameter `control` of the installation, `/runbook-relay/control` by default.

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::fields::choice;
use relay_core::rules::reader::{Reader, scalar};
use relay_core::rules::{RuleText, open};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mode;

const FIELDS: &[&str] = &["mode", "until", "reason"];

/// `{mode: active|observe|off, until?, reason}`. Without the parameter the suite is active.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Control {
    /// What the suite does.
    pub mode: Mode,
    /// Until when; then it is active again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
    /// Why, for whoever finds it.
    #[serde(default)]
    pub reason: String,
}

impl Control {
    /// Reads the text of the parameter of that name, YAML or JSON.
    ///
    /// # Errors
    /// With everything that is wrong with it. The caller then takes [`Control::pulled`].
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let source = RuleText::parameter(parameter, text);
        let mut reader = Reader::new(&source.origin);
        let control = Self::read(&mut reader, &source);
        let problems = reader.into_problems();
        match control {
            Some(control) if problems.is_empty() => Ok(control),
            _ => Err(problems
                .into_iter()
                .map(|problem| Problem { code: ProblemCode::ControlInvalid, ..problem })
                .collect()),
        }
    }

    fn read(reader: &mut Reader<'_>, source: &RuleText) -> Option<Self> {
        let root = open(reader, source)?;
        let fields = reader.fields(&root, "", FIELDS);
        let mode = match choice(reader, &fields, "mode", &["active", "observe", "off"]).as_deref() {
            Some("observe") => Mode::Observe,
            Some("off") => Mode::Off,
            _ => Mode::Active,
        };
        if fields.get("mode").is_none() {
            let what = "no `mode` is named".to_owned();
            reader.report(ProblemCode::ControlInvalid, root.at, "mode", what, None);
        }
        let until = fields.get("until").and_then(|(node, path)| {
            let expected = "an instant, like 2026-01-02T03:04:05Z";
            let text = reader.text(node, &path, expected)?;
            let until = text.parse().ok();
            if until.is_none() {
                reader.mismatch(node, &path, expected);
            }
            until
        });
        let reason = fields.get("reason").and_then(|(node, path)| match scalar(&node.value) {
            None => {
                reader.mismatch(node, &path, "a text");
                None
            }
            reason => reason,
        });
        Some(Self { mode, until, reason: reason.unwrap_or_default() })
    }

    /// What is taken for a parameter that cannot be read: a switch that may have been pulled counts
    /// as pulled.
    #[must_use]
    pub fn pulled(parameter: &str) -> Self {
        let reason = format!("{parameter} cannot be read");
        Self { mode: Mode::Off, until: None, reason }
    }

    /// What holds now.
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
            ("mode: on", "found \"on\", expected one of `active`, `observe`, `off`"),
            ("reason: x", "no `mode` is named"),
            ("mode: off\nuntil: tomorrow", "found \"tomorrow\", expected an instant"),
            ("off", "found \"off\", expected a mapping"),
            ("", "the rule is empty"),
            ("mode: off\nuntill: x", "unknown field `untill`"),
        ] {
            let problems = Control::parse(PARAMETER, text).unwrap_err();
            assert!(problems[0].what.starts_with(what), "{text}: {}", problems[0].what);
            assert!(problems.iter().all(|problem| problem.code == ProblemCode::ControlInvalid));
        }
    }
}
