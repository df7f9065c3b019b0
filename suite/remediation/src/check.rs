//! Checks of a remediation rule that no schema can express.

use relay_core::place::{Places, field, item};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::read::{Form, LazyForm, Problems, Written};
use relay_core::rules::{Glob, Rule};
use relay_core::text::nearest;
use run::template;
use serde_json::Value;

use crate::{RemediationRule, lint};

impl Written for RemediationRule {
    fn form() -> &'static Form {
        static FORM: LazyForm = LazyForm::new(Form::of::<RemediationRule>);
        &FORM
    }

    fn check(read: &Value, problems: &mut Problems<'_>) {
        run::check::ladder(read, problems);
        run::check::options(read, problems);
        open_words(read, problems);
        own_stop_alarm(read, problems);
    }
}

impl Rule for RemediationRule {
    fn named(mut self, name: &str, places: Places) -> Self {
        name.clone_into(&mut self.name);
        self.places = places;
        self
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn faults(&self) -> Vec<Problem> {
        lint::faults(self)
    }

    fn sort(rules: &mut [Self]) {
        rules.sort_by(|a, b| a.order().cmp(&b.order()));
    }

    fn warnings(rules: &[Self]) -> Vec<Problem> {
        lint::warnings(rules)
    }
}

/// Words in braces without a value.
fn open_words(read: &Value, problems: &mut Problems<'_>) {
    let has_resource = read.get("resource").is_some();
    for (path, text) in parameters(read) {
        for word in template::words(text) {
            let what = match word {
                "resource" if !has_resource => {
                    "`{resource}` is used, and the rule has no `resource`".to_owned()
                }
                word if template::is_known(word) => continue,
                word => format!("`{{{word}}}` has no value"),
            };
            let hint = nearest(word, template::WORDS.iter().copied())
                .filter(|near| *near != word)
                .map(|near| format!("Did you mean `{{{near}}}`?"));
            problems.report(ProblemCode::InvalidField, &path, what, hint);
        }
    }
}

/// The texts in the parameters of all rungs, with their paths.
fn parameters(read: &Value) -> impl Iterator<Item = (String, &str)> {
    let rungs = read["ladder"].as_array().into_iter().flatten().enumerate();
    rungs.flat_map(|(rung, read)| {
        let path = field(&item("ladder", rung), "parameters");
        read["parameters"].as_object().into_iter().flatten().flat_map(move |(name, texts)| {
            let path = field(&path, name);
            let texts = texts.as_array().into_iter().flatten().enumerate();
            texts.filter_map(move |(index, text)| Some((item(&path, index), text.as_str()?)))
        })
    })
}

/// The rule's own alarm is in ALARM when the run starts, so that SSM would stop the run at once.
fn own_stop_alarm(read: &Value, problems: &mut Problems<'_>) {
    let Some(stop) = read["run"]["stopOnAlarm"].as_str() else { return };
    let names = read["alarm"]["names"].as_array().into_iter().flatten();
    if names.filter_map(Value::as_str).any(|glob| Glob::new(glob).matches(stop)) {
        let what = format!("`{stop}` is one of the alarms that the rule answers");
        problems.report(ProblemCode::StopAlarmIsOwn, "run.stopOnAlarm", what, None);
    }
}
