//! A document as executions run it: parsed once, its steps in a flat table.

use std::collections::{BTreeMap, HashMap};

use runbook::{Runbook, Step, StepBody};
use uuid::Uuid;

use crate::actions::DeclaredOutput;

/// A runbook, its attachments, and where each of its steps stands.
#[derive(Debug)]
pub(crate) struct Document {
    /// Derived from the content and the attachments.
    pub(crate) key: Uuid,
    pub(crate) runbook: Runbook,
    pub(crate) attachments: BTreeMap<String, Vec<u8>>,
    /// Steps of the top level first, in order; then those within loops.
    defs: Vec<StepDef>,
    names: HashMap<String, u32>,
}

/// Where a step stands.
#[derive(Debug)]
pub(crate) struct StepDef {
    /// The indices that lead to it from the top level through loops.
    path: Vec<usize>,
    /// The loop that it is in.
    pub(crate) within: Option<u32>,
    /// The step after it in the same list.
    pub(crate) following: Option<u32>,
    /// Of a loop: its first step.
    pub(crate) first_inner: Option<u32>,
    pub(crate) outputs: Vec<DeclaredOutput>,
}

impl Document {
    pub(crate) fn new(key: Uuid, runbook: Runbook, attachments: BTreeMap<String, Vec<u8>>) -> Self {
        let mut document =
            Self { key, runbook, attachments, defs: Vec::new(), names: HashMap::new() };
        // Breadth first, so that the top level's places are those of the document.
        let mut lists = vec![(Vec::new(), None)];
        while !lists.is_empty() {
            let mut inner = Vec::new();
            for (path, within) in lists {
                document.add(&path, within, &mut inner);
            }
            lists = inner;
        }
        document
    }

    fn add(
        &mut self,
        path: &[usize],
        within: Option<u32>,
        inner: &mut Vec<(Vec<usize>, Option<u32>)>,
    ) {
        let first = index(self.defs.len());
        let steps: Vec<_> = self
            .list(path)
            .iter()
            .map(|step| {
                (step.name.clone(), matches!(step.body, StepBody::Loop { .. }), declared(step))
            })
            .collect();
        if let Some(looped) = within.filter(|_| !steps.is_empty())
            && let Some(def) = self.defs.get_mut(looped as usize)
        {
            def.first_inner = Some(first);
        }
        let count = steps.len();
        for (nth, (name, is_loop, outputs)) in steps.into_iter().enumerate() {
            let place = index(self.defs.len());
            let path: Vec<_> = path.iter().copied().chain([nth]).collect();
            if is_loop {
                inner.push((path.clone(), Some(place)));
            }
            let following = (nth + 1 < count).then_some(place + 1);
            self.names.insert(name, place);
            self.defs.push(StepDef { path, within, following, first_inner: None, outputs });
        }
    }

    /// The list of steps that a path leads to.
    fn list(&self, path: &[usize]) -> &[Step] {
        let mut steps: &[Step] = &self.runbook.steps;
        for nth in path {
            steps = match steps.get(*nth).map(|step| &step.body) {
                Some(StepBody::Loop { steps, .. }) => steps,
                _ => &[],
            };
        }
        steps
    }

    /// How many steps the top level has.
    pub(crate) fn top_level(&self) -> u32 {
        index(self.runbook.steps.len())
    }

    /// How many steps there are, those within loops included.
    pub(crate) fn len(&self) -> usize {
        self.defs.len()
    }

    pub(crate) fn def(&self, place: u32) -> Option<&StepDef> {
        self.defs.get(place as usize)
    }

    pub(crate) fn step(&self, place: u32) -> Option<&Step> {
        let (last, path) = self.def(place)?.path.split_last()?;
        self.list(path).get(*last)
    }

    /// The place of the step of a name.
    pub(crate) fn place(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }
}

fn declared(step: &Step) -> Vec<DeclaredOutput> {
    step.outputs
        .iter()
        .map(|output| DeclaredOutput {
            name: output.name.clone(),
            selector: output.selector.to_string(),
            kind: output.kind.name().to_owned(),
        })
        .collect()
}

/// Places are 32 bits: a document of 64 KB has no more steps.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
