//! Pictures of a runbook's flow.

mod dot;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;

use runbook::{ActionKind, Step};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use crate::Document;
use crate::document::StepAt;
use crate::flow::{Flow, WayKind};

/// Characters of a label, at most.
const LONGEST: usize = 60;

/// The steps and ways that are drawn, in every form alike.
struct Picture<'d> {
    steps: Vec<StepAt<'d>>,
    flow: Flow,
}

/// The shape that a step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Step,
    Branch,
    /// It waits for a person.
    Person,
    /// It waits for a time or a state.
    Wait,
    Loop,
}

impl<'d> Picture<'d> {
    fn of(document: &'d Document) -> Self {
        let steps = document.steps();
        let flow = Flow::of(&steps);
        Self { steps, flow }
    }

    fn shape(&self, step: usize) -> Shape {
        match self.steps.get(step).map(|at| at.step.action) {
            Some(ActionKind::Branch) => Shape::Branch,
            Some(ActionKind::Approve | ActionKind::Pause) => Shape::Person,
            Some(ActionKind::Sleep | ActionKind::WaitForAwsResourceProperty) => Shape::Wait,
            Some(ActionKind::Loop) => Shape::Loop,
            _ => Shape::Step,
        }
    }

    /// The lines in a step: its name, and what it does.
    fn lines(&self, step: usize) -> Vec<String> {
        let Some(at) = self.steps.get(step) else { return Vec::new() };
        let mut lines = vec![at.step.name.clone()];
        if at.step.action != ActionKind::Branch {
            lines.push(what(at.step));
        }
        lines
    }

    /// The words on a way.
    fn label(&self, kind: WayKind, label: &str) -> String {
        match kind {
            WayKind::Next | WayKind::Enter => String::new(),
            WayKind::Choice => short(label),
            WayKind::Default => "otherwise".to_owned(),
            WayKind::Failure => "on failure".to_owned(),
            WayKind::Cancel => "on cancel".to_owned(),
            WayKind::Again => "again".to_owned(),
        }
    }

    fn ends(&self) -> bool {
        self.flow.ways.iter().any(|way| way.to.is_none())
    }

    /// The steps directly in a loop, or at the top.
    fn within(&self, outer: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let all = self.steps.iter().enumerate();
        all.filter(move |(_, at)| at.within == outer).map(|(place, _)| place)
    }
}

/// The work of a step in a few words: its action and the operation, document or state that it names.
#[must_use]
pub fn what(step: &Step) -> String {
    let text = |name: &str| step.inputs.get(name).and_then(serde_json::Value::as_str);
    let what = match step.action {
        ActionKind::ExecuteAwsApi => match (text("Service"), text("Api")) {
            (Some(service), Some(api)) => format!("{service}:{api}"),
            _ => step.action.name().to_owned(),
        },
        ActionKind::ExecuteAutomation | ActionKind::RunCommand => {
            let name = text("DocumentName").unwrap_or_default();
            let verb = step.action.name().trim_start_matches("aws:");
            format!("{verb} {}", short(name.trim_matches(['{', '}', ' '])))
        }
        ActionKind::ChangeInstanceState => {
            format!("changeInstanceState {}", text("DesiredState").unwrap_or_default())
        }
        ActionKind::Sleep => {
            format!("sleep {}", text("Duration").or_else(|| text("Timestamp")).unwrap_or_default())
        }
        action => action.name().trim_start_matches("aws:").to_owned(),
    };
    what.trim().to_owned()
}

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
