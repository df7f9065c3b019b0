//! The documentation names what exists: every link leads somewhere, every path is there.

#![expect(clippy::unwrap_used, reason = "this is test code: it fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

fn root() -> PathBuf {
    harness::root()
}

/// Every Markdown file of the project, by its path from the root.
fn documents() -> Vec<String> {
    let skipped = |name: &str| matches!(name, "target" | ".git") || name.starts_with(".venv");
    let walk = walkdir::WalkDir::new(root())
        .into_iter()
        .filter_entry(move |entry| !skipped(&entry.file_name().to_string_lossy()));
    let mut documents: Vec<String> = walk
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned())
        .collect();
    documents.sort();
    assert!(documents.len() > 100, "only {} documents were found", documents.len());
    documents
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The anchors that GitHub makes of a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept =
                title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_of_the_documentation_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut checked = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        for found in link.captures_iter(&text) {
            let target = &found[1];
            if target.contains("://") {
                continue;
            }
            checked += 1;
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => root().join(&document),
                path => root().join(&document).parent().unwrap().join(path),
            };
            let there = file.exists()
                && (heading.is_empty()
                    || anchors(&std::fs::read_to_string(&file).unwrap()).contains(heading));
            if !there {
                broken.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    assert!(checked > 150, "only {checked} links were checked");
}

#[test]
fn every_path_that_the_documentation_names_exists() {
    let path = Regex::new(
        r"`((?:cli|docs|events|functions|local|rules|runbooks|stacks|statemachine|suite|tests|tools|xtask)/[A-Za-z0-9_./-]*)`",
    )
    .unwrap();
    let mut checked = 0;
    let mut missing = Vec::new();
    // The changelog and the records of decisions name paths of their time.
    let current = |document: &&String| {
        **document != "CHANGELOG.md" && !document.starts_with("docs/decisions/")
    };
    for document in documents().iter().filter(current) {
        let text = read(document);
        for found in path.captures_iter(&text) {
            checked += 1;
            if !root().join(&found[1]).exists() {
                missing.push(format!("{document}: {}", &found[1]));
            }
        }
    }
    assert!(missing.is_empty(), "these paths do not exist:\n{}", missing.join("\n"));
    assert!(checked > 60, "only {checked} paths were checked");
}

#[test]
fn the_readme_is_read_in_five_minutes() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines; move something to docs/");
}
