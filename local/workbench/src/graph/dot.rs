//! DOT, for Graphviz.

use super::{Picture, Shape};
use crate::Document;
use crate::flow::WayKind;

/// The flow as a digraph.
#[must_use]
pub fn dot(document: &Document) -> String {
    let picture = Picture::of(document);
    let mut text = String::from(
        "digraph runbook {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge \
         [fontname=\"sans-serif\", fontsize=10];\n  start [shape=circle, label=\"\", width=0.2];\n",
    );
    nodes(&picture, None, 1, &mut text);
    if picture.ends() {
        text.push_str("  finish [shape=doublecircle, label=\"\", width=0.15];\n");
    }
    text.push_str("  start -> s0;\n");
    for way in &picture.flow.ways {
        let to = way.to.map_or_else(|| "finish".to_owned(), |to| format!("s{to}"));
        let label = picture.label(way.kind, &way.label);
        let mut attributes = Vec::new();
        if !label.is_empty() {
            attributes.push(format!("label=\"{}\"", escaped(&label)));
        }
        if matches!(way.kind, WayKind::Failure | WayKind::Cancel) {
            attributes.push("style=dashed, color=\"#c0392b\"".to_owned());
        }
        let attributes = attributes.join(", ");
        let attributes =
            if attributes.is_empty() { String::new() } else { format!(" [{attributes}]") };
        text.push_str(&format!("  s{} -> {to}{attributes};\n", way.from));
    }
    text.push_str("}\n");
    text
}

fn nodes(picture: &Picture<'_>, outer: Option<usize>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for step in picture.within(outer) {
        let label =
            picture.lines(step).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n");
        let shape = match picture.shape(step) {
            Shape::Step => "",
            Shape::Branch => ", shape=diamond, style=\"\"",
            Shape::Person => ", shape=hexagon, style=filled, fillcolor=\"#fdf2d0\"",
            Shape::Wait => ", shape=oval, style=\"\"",
            Shape::Loop => ", peripheries=2",
        };
        text.push_str(&format!("{indent}s{step} [label=\"{label}\"{shape}];\n"));
        if picture.shape(step) == Shape::Loop {
            text.push_str(&format!("{indent}subgraph cluster_{step} {{\n"));
            nodes(picture, Some(step), depth + 1, text);
            text.push_str(&format!("{indent}}}\n"));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
