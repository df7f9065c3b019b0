//! `cargo xtask bench`: measures what is promised about speed and size, and writes the figures of a
//! whole run into `docs/benchmarks.md`. No test is timed; these are.

mod binaries;
mod figure;
mod history;
mod join;
mod process;
mod runtime;
mod scale;
mod world;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use xtask::{build, root};

use super::package::{self, Architecture};
use figure::Section;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measures just this, and leaves docs/benchmarks.md alone
    #[arg(long)]
    only: Option<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// The functions' binaries
    Size,
    /// From process start to the first answer
    Start,
    /// One account, 200 documents, 4 Regions, 50 ms
    Join,
    /// 20 accounts, 500 documents, 17 Regions
    Scale,
}

/// Measures, prints, and fails when a limit is broken.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let folder = build::target_dir().join("bench");
    eprintln!("building the functions as they are packaged");
    let mut packages = build::function_names()?;
    packages.push("bench-bare".into());
    package::binaries(Architecture::host()?, &packages, &["bench-bare/binaries"], &folder)?;
    build::build_dev()?;
    let mut sections = Vec::new();
    for part in Part::value_variants() {
        if arguments.only.is_some_and(|only| only != *part) {
            continue;
        }
        let section = match part {
            Part::Size => binaries::sizes(&folder)?,
            Part::Start => binaries::starts(&folder).await?,
            Part::Join => join::measure(&folder).await?,
            Part::Scale => scale::measure(&folder).await?,
        };
        println!("{}", section.text());
        sections.push(section);
    }
    if arguments.only.is_none() {
        write(&sections)?;
    }
    let broken: Vec<&str> = sections.iter().flat_map(Section::broken).collect();
    if !broken.is_empty() {
        bail!("limits are broken: {}", broken.join("; "));
    }
    Ok(())
}

const BEGIN: &str = "<!-- written by cargo xtask bench, from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Puts the figures in the place of the old ones.
fn write(sections: &[Section]) -> Result<()> {
    let file = root().join("docs/benchmarks.md");
    let old = std::fs::read_to_string(&file).context("read docs/benchmarks.md")?;
    let figures: Vec<String> = sections.iter().map(Section::markdown).collect();
    let new = between(&old, &figures.join("\n")).context("docs/benchmarks.md has no marks")?;
    std::fs::write(&file, new).context("write docs/benchmarks.md")
}

fn between(text: &str, new: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{new}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}old\n{END}z\n");
        assert_eq!(between(&text, "new").unwrap(), format!("a\n{BEGIN}\nnew\n{END}z\n"));
        assert_eq!(between("a\nz\n", "new"), None);
    }

    #[test]
    fn the_page_has_the_marks() {
        let page = std::fs::read_to_string(root().join("docs/benchmarks.md")).unwrap();
        assert!(between(&page, "").is_some());
    }
}
