//! A runbook beside its text: the steps with the nodes that they were read from.

use runbook::{Defects, Runbook, Step, StepBody};
use yaml_tree::{Node, Value};

/// A valid runbook and where everything of it stands.
#[derive(Debug)]
pub struct Document {
    text: String,
    root: Node,
    runbook: Runbook,
}

/// A step, in the order of the document; those of a loop follow it.
#[derive(Debug, Clone)]
pub struct StepAt<'d> {
    pub step: &'d Step,
    /// The mapping that it was read from.
    pub node: &'d Node,
    /// E.g. `mainSteps[2]`.
    pub path: String,
    /// The loop that it is in, by its place among all steps.
    pub within: Option<usize>,
}

/// A scalar and the way to it.
#[derive(Debug, Clone)]
pub struct Scalar<'d> {
    pub node: &'d Node,
    /// As written, without quotes.
    pub text: &'d str,
    /// E.g. `mainSteps[2].inputs.InstanceIds[0]`.
    pub path: String,
    /// The nearest key above it, e.g. `InstanceIds`; empty above every key.
    pub key: &'d str,
}

impl Document {
    /// Reads a runbook.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Defects> {
        let root = runbook::tree(text)?;
        let runbook = runbook::parse_tree(text, &root)?;
        Ok(Self { text: text.to_owned(), root, runbook })
    }

    /// As it was given to [`Document::parse`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The nodes of the text.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The runbook that was read from it.
    #[must_use]
    pub fn runbook(&self) -> &Runbook {
        &self.runbook
    }

    /// Every step, those of loops too.
    #[must_use]
    pub fn steps(&self) -> Vec<StepAt<'_>> {
        let mut found = Vec::new();
        if let Some(node) = field(&self.root, "mainSteps") {
            collect(&self.runbook.steps, node, "mainSteps", None, &mut found);
        }
        found
    }
}

fn collect<'d>(
    steps: &'d [Step],
    node: &'d Node,
    path: &str,
    within: Option<usize>,
    into: &mut Vec<StepAt<'d>>,
) {
    let Value::List(nodes) = &node.value else { return };
    for (nth, (step, node)) in steps.iter().zip(nodes).enumerate() {
        let path = format!("{path}[{nth}]");
        let place = into.len();
        into.push(StepAt { step, node, path: path.clone(), within });
        if let StepBody::Loop { steps, .. } = &step.body
            && let Some(inner) = field(node, "inputs").and_then(|inputs| field(inputs, "Steps"))
        {
            collect(steps, inner, &format!("{path}.inputs.Steps"), Some(place), into);
        }
    }
}

/// The value of a key; null counts as absent.
#[must_use]
pub fn field<'d>(node: &'d Node, name: &str) -> Option<&'d Node> {
    node.fields().into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Visits every scalar below a node, in the order of the text. `skip` names keys that are left out
/// with all that is below them.
pub fn scalars<'d>(node: &'d Node, path: &str, skip: &[&str], visit: &mut dyn FnMut(Scalar<'d>)) {
    walk(node, path, "", skip, visit);
}

fn walk<'d>(
    node: &'d Node,
    path: &str,
    key: &'d str,
    skip: &[&str],
    visit: &mut dyn FnMut(Scalar<'d>),
) {
    match &node.value {
        Value::List(items) => {
            for (nth, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{nth}]"), key, skip, visit);
            }
        }
        Value::Map(_) => {
            for (name, value) in node.fields() {
                if !skip.contains(&name) {
                    let path =
                        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    walk(value, &path, name, skip, visit);
                }
            }
        }
        scalar => {
            if let Some(text) = scalar.as_written() {
                visit(Scalar { node, text, path: path.to_owned(), key });
            }
        }
    }
}
