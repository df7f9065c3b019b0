//! Where steps lead: to steps that exist, and never in a circle.

use std::collections::{HashMap, HashSet};

use crate::read::{Link, LinkKind, Outline, Reader};

pub(crate) fn flow(reader: &mut Reader<'_>, steps: &[Outline]) {
    unique(reader, steps, &mut HashSet::new());
    let mut scope = HashMap::new();
    targets(reader, steps, &mut scope);
    cycles(reader, steps);
}

fn unique<'o>(reader: &mut Reader<'_>, steps: &'o [Outline], seen: &mut HashSet<&'o str>) {
    for step in steps {
        if let Some(name) = &step.name
            && !seen.insert(name)
        {
            let message = "Duplicate step names found in mainSteps of the document.";
            reader.defect(step.named_at, &format!("{}.name", step.path), message);
        }
        unique(reader, &step.inner, seen);
    }
}

/// A step leads to steps of its own list, or out of the loops that it is in; never into a loop.
fn targets<'o>(
    reader: &mut Reader<'_>,
    steps: &'o [Outline],
    scope: &mut HashMap<&'o str, &'o Outline>,
) {
    let here: Vec<_> =
        steps.iter().filter_map(|step| Some((step.name.as_deref()?, step))).collect();
    scope.extend(here.iter().copied());
    for step in steps {
        for link in &step.links {
            target(reader, link, scope);
        }
        targets(reader, &step.inner, scope);
    }
    for (name, _) in here {
        scope.remove(name);
    }
}

fn target(reader: &mut Reader<'_>, link: &Link, scope: &HashMap<&str, &Outline>) {
    let Link { to, kind, at, path } = link;
    let Some(target) = scope.get(to.as_str()) else {
        reader.defect(*at, path, format!("Unknown step name: \"{to}\" in {}", kind.key()));
        return;
    };
    if let Some(action) = target.action
        && *kind == LinkKind::OnCancel
        && !action.signature().on_cancel
    {
        let message = format!(
            "onCancel leads to \"{to}\", whose action {} is not supported there",
            action.name()
        );
        reader.defect(*at, path, message);
    }
}

/// Steps of one list, and which leads to which.
struct Graph<'o> {
    steps: &'o [Outline],
    edges: Vec<Vec<usize>>,
}

fn cycles(reader: &mut Reader<'_>, steps: &[Outline]) {
    let graph = Graph::new(steps);
    for trace in graph.cycles() {
        let names: Vec<_> = trace.iter().map(|step| graph.name(*step)).collect();
        if let Some(step) = trace.iter().rev().nth(1).and_then(|step| steps.get(*step)) {
            let message = format!("The steps form a cycle: {}", names.join(" -> "));
            let mut links = Vec::new();
            links_of(step, &mut links);
            // The ways back; nothing is written where the next step in order does.
            let back = links.iter().find(|link| names.last() == Some(&link.to.as_str()));
            let (at, path) = back.map_or((step.at, &step.path), |link| (link.at, &link.path));
            reader.defect(at, path, message);
        }
    }
    for step in steps {
        cycles(reader, &step.inner);
    }
}

impl<'o> Graph<'o> {
    fn new(steps: &'o [Outline]) -> Self {
        let place: HashMap<_, _> = steps
            .iter()
            .enumerate()
            .filter_map(|(nth, step)| Some((step.name.as_deref()?, nth)))
            .collect();
        let edges = steps.iter().enumerate().map(|(nth, step)| {
            let mut links = Vec::new();
            links_of(step, &mut links);
            let mut to: Vec<_> =
                links.iter().filter_map(|link| place.get(link.to.as_str()).copied()).collect();
            if step.goes_on && nth + 1 < steps.len() {
                to.push(nth + 1);
            }
            to
        });
        Self { steps, edges: edges.collect() }
    }

    fn name(&self, step: usize) -> &str {
        self.steps.get(step).and_then(|step| step.name.as_deref()).unwrap_or("?")
    }

    /// A trace for every edge that leads back to a step on the way to it. Without recursion: a
    /// document may have any number of steps.
    fn cycles(&self) -> Vec<Vec<usize>> {
        let mut found = Vec::new();
        let mut visits = vec![Visit::None; self.steps.len()];
        for start in 0..self.steps.len() {
            let mut way = Vec::new();
            enter(start, &mut visits, &mut way);
            while let Some((step, next)) = way.last_mut() {
                let Some(to) = self.edges.get(*step).and_then(|edges| edges.get(*next)).copied()
                else {
                    if let Some(visit) = visits.get_mut(*step) {
                        *visit = Visit::Done;
                    }
                    way.pop();
                    continue;
                };
                *next += 1;
                if visits.get(to) == Some(&Visit::OnTheWay) {
                    let steps = way.iter().map(|(step, _)| *step);
                    found.push(steps.skip_while(|step| *step != to).chain([to]).collect());
                } else {
                    enter(to, &mut visits, &mut way);
                }
            }
        }
        found
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    None,
    OnTheWay,
    Done,
}

/// Goes on to a step that was not visited.
fn enter(step: usize, visits: &mut [Visit], way: &mut Vec<(usize, usize)>) {
    if let Some(visit @ Visit::None) = visits.get_mut(step) {
        *visit = Visit::OnTheWay;
        way.push((step, 0));
    }
}

/// The links of a step, and of a loop those of its steps, which may lead out of it.
fn links_of<'o>(step: &'o Outline, into: &mut Vec<&'o Link>) {
    into.extend(&step.links);
    step.inner.iter().for_each(|step| links_of(step, into));
}
