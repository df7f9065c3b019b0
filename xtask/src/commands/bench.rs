//! `cargo xtask bench`: measures what is promised about speed and size, and writes the figures into
//! `docs/benchmarks.md` and `docs/scale.md`. No test is timed; these are.

mod alarm;
mod binaries;
mod engine;
mod figure;
mod history;
mod join;
mod organization;
mod price;
mod process;
mod ringing;
mod runtime;
mod scale;
mod storm;
mod workbench;
mod world;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use harness::{build, root};

use super::package::{self, Architecture};
use figure::Section;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measures just this, and leaves the other figures as they are
    #[arg(long)]
    only: Option<Part>,
}

/// The parts that can be measured by themselves.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// The size of the functions' binaries
    Size,
    /// From process start to the first answer
    Start,
    /// One account, 200 documents, 4 Regions, 50 ms
    Join,
    /// 20 accounts, 500 documents, 17 Regions
    Scale,
    /// From an alarm to its runbook, and what a remediation costs
    Alarm,
    /// 5,000 alarms on 500 resources at once
    Storm,
    /// Runs in the automation engine
    Engine,
    /// Scripts in the automation engine
    Scripts,
    /// The commands of runbook authors
    Workbench,
    /// An organization of 10,000 accounts, simulated: docs/scale.md
    Organization,
}

impl Part {
    /// Whether it measures the packaged functions.
    fn packaged(self) -> bool {
        !matches!(self, Self::Engine | Self::Scripts | Self::Workbench | Self::Organization)
    }

    /// The page that has its figures.
    fn page(self) -> &'static str {
        if self == Self::Organization { "docs/scale.md" } else { "docs/benchmarks.md" }
    }
}

/// Measures, prints, and fails when a limit is broken.
pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let folder = build::target_dir().join("bench");
    if arguments.only.is_none_or(Part::packaged) {
        eprintln!("building the functions as they are packaged");
        let mut packages = build::function_names()?;
        packages.push("bench-bare".into());
        package::binaries(Architecture::host()?, &packages, &["bench-bare/binaries"], &folder)?;
        build::build_dev()?;
    }
    let mut sections = Vec::new();
    for part in Part::value_variants() {
        if arguments.only.is_some_and(|only| only != *part) {
            continue;
        }
        let measured = match part {
            Part::Size => vec![binaries::sizes(&folder)?],
            Part::Start => vec![binaries::starts(&folder).await?],
            Part::Join => vec![join::measure(&folder).await?],
            Part::Scale => vec![scale::measure(&folder).await?],
            Part::Alarm => vec![alarm::measure(&folder).await?],
            Part::Storm => vec![storm::measure(&folder).await?],
            Part::Engine => vec![engine::measure()?],
            Part::Scripts => vec![engine::scripts()?],
            Part::Workbench => vec![workbench::measure()?],
            Part::Organization => organization::measure()?,
        };
        for mut section in measured {
            // Nothing there depends on how busy the machine is: time is virtual.
            if *part != Part::Organization {
                section.how.push_str(&machine());
            }
            println!("{}", section.text());
            // At once: what comes after it may fail.
            write(&section, part.page())?;
            sections.push(section);
        }
    }
    let broken: Vec<&str> = sections.iter().flat_map(Section::broken).collect();
    if !broken.is_empty() {
        bail!("limits are broken: {}", broken.join("; "));
    }
    Ok(())
}

/// On what it was measured, and how busy that was with other things besides.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    match load.split_whitespace().next() {
        Some(load) => format!(" On {processors} processors, at a load average of {load}."),
        None => format!(" On {processors} processors."),
    }
}

const BEGIN: &str = "<!-- written by cargo xtask bench, from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Puts the figures in the place of the old ones.
fn write(section: &Section, page: &str) -> Result<()> {
    let file = root().join(page);
    let old = std::fs::read_to_string(&file).with_context(|| format!("read {page}"))?;
    let new = with(&old, &section.markdown()).with_context(|| format!("{page} has no marks"))?;
    std::fs::write(&file, new).with_context(|| format!("write {page}"))
}

/// The page with a section instead of the one with the same heading, or after the others.
fn with(page: &str, section: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (figures, after) = rest.split_once(END)?;
    let heading = |text: &str| text.lines().next().map(str::to_owned);
    let mut sections: Vec<String> = figures
        .split("### ")
        .skip(1)
        .map(|section| format!("### {}\n", section.trim_end()))
        .collect();
    match sections.iter_mut().find(|old| heading(old) == heading(section)) {
        Some(old) => section.clone_into(old),
        None => sections.push(section.to_owned()),
    }
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", sections.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_the_one_with_its_heading_and_nothing_else() {
        let page = |figures: &str| format!("a\n{BEGIN}{figures}{END}z\n");
        let one = with(&page(""), "### One\n\n1\n").unwrap();
        assert_eq!(one, page("\n### One\n\n1\n\n"));
        let two = with(&one, "### Two\n\n2\n").unwrap();
        assert_eq!(two, page("\n### One\n\n1\n\n### Two\n\n2\n\n"));
        let again = with(&two, "### One\n\n3\n").unwrap();
        assert_eq!(again, page("\n### One\n\n3\n\n### Two\n\n2\n\n"));
        assert_eq!(with("a\nz\n", "### One\n"), None);
    }

    #[test]
    fn the_pages_have_the_marks() {
        for part in Part::value_variants() {
            let page = std::fs::read_to_string(root().join(part.page())).unwrap();
            assert!(with(&page, "### One\n").is_some());
        }
    }
}
