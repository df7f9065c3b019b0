//! Mermaid: what GitHub, GitLab and many editors draw from Markdown.
//! <https://mermaid.js.org/syntax/flowchart.html>

use super::{Picture, Shape};
use crate::Document;
use crate::flow::WayKind;

/// The flow as a flowchart, without the fence of Markdown.
#[must_use]
pub fn mermaid(document: &Document) -> String {
    let picture = Picture::of(document);
    let mut text = String::from("flowchart TD\n  start([start])\n");
    nodes(&picture, None, 1, &mut text);
    if picture.ends() {
        text.push_str("  finish([end])\n");
    }
    text.push_str("  start --> s0\n");
    let mut failures = Vec::new();
    let mut nth = 0;
    for way in &picture.flow.ways {
        // In a loop the picture shows by its frame what is entered.
        let to = way.to.map_or_else(|| "finish".to_owned(), |to| format!("s{to}"));
        let from = way.from;
        let label = picture.label(way.kind, &way.label);
        let label =
            if label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(&label)) };
        let arrow = match way.kind {
            WayKind::Failure | WayKind::Cancel => "-.->",
            _ => "-->",
        };
        nth += 1;
        if matches!(way.kind, WayKind::Failure | WayKind::Cancel) {
            failures.push(nth.to_string());
        }
        text.push_str(&format!("  s{from} {arrow}{label} {to}\n"));
    }
    if !failures.is_empty() {
        text.push_str(&format!("  linkStyle {} stroke:#c0392b\n", failures.join(",")));
    }
    let people: Vec<String> = (0..picture.steps.len())
        .filter(|step| picture.shape(*step) == Shape::Person)
        .map(|step| format!("s{step}"))
        .collect();
    if !people.is_empty() {
        text.push_str("  classDef person fill:#fdf2d0,stroke:#b7950b,color:#000\n");
        text.push_str(&format!("  class {} person\n", people.join(",")));
    }
    text
}

fn nodes(picture: &Picture<'_>, outer: Option<usize>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for step in picture.within(outer) {
        let label =
            picture.lines(step).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
        let node = match picture.shape(step) {
            Shape::Step => format!("s{step}[\"{label}\"]"),
            Shape::Branch => format!("s{step}{{\"{label}\"}}"),
            Shape::Person => format!("s{step}{{{{\"{label}\"}}}}"),
            Shape::Wait => format!("s{step}([\"{label}\"])"),
            Shape::Loop => format!("s{step}[[\"{label}\"]]"),
        };
        text.push_str(&format!("{indent}{node}\n"));
        if picture.shape(step) == Shape::Loop {
            text.push_str(&format!("{indent}subgraph loop{step} [\" \"]\n"));
            nodes(picture, Some(step), depth + 1, text);
            text.push_str(&format!("{indent}end\n"));
        }
    }
}

/// Within quotes: the entities of Mermaid for what would end the text or begin a tag.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '`' => escaped.push('\''),
            sign => escaped.push(sign),
        }
    }
    escaped
}
