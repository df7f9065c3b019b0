//! How a command speaks to the person in front of it: steps with the time since the command was
//! typed, in 80 columns, in colour on a terminal (`NO_COLOR` is obeyed).

use std::time::{Duration, Instant};

use console::style;

/// A terminal's usual width.
const WIDTH: usize = 80;
/// Where the text of a step begins.
const INDENT: usize = 11;

/// A clock that began when the person typed the command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// `cargo run` replaces itself by this program, so the process is as old as the command. Where
    /// the system does not say how old it is, the clock begins now.
    pub(crate) fn of_the_command() -> Self {
        let age = process_age().unwrap_or_default();
        let now = Instant::now();
        Self { started: now.checked_sub(age).unwrap_or(now) }
    }

    /// One step of the story.
    pub(crate) fn step(self, text: &str) {
        let seconds = format!("{:>7.1} s", self.started.elapsed().as_secs_f32());
        println!("{}  {}", style(seconds).dim(), wrapped(text));
    }

    /// A step that ends well.
    pub(crate) fn done(self, text: &str) {
        let seconds = format!("{:>7.1} s", self.started.elapsed().as_secs_f32());
        println!("{}  {}", style(seconds).dim(), style(wrapped(text)).green());
    }
}

/// A line that belongs to the step above it.
pub(crate) fn note(text: &str) {
    println!("{}{}", " ".repeat(INDENT), wrapped(text));
}

/// A heading between two parts of the story.
pub(crate) fn heading(text: &str) {
    println!("\n{}\n", style(text).bold());
}

/// Words in lines that end before the right margin; the following lines begin below the first.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = INDENT;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > INDENT && column + 1 + length > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(INDENT));
            column = INDENT;
        } else if column > INDENT {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

/// How old this process is, where `/proc` says so: its start in clock ticks (a hundredth of a second
/// on Linux) against the system's uptime.
fn process_age() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold blanks.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: f64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(uptime - ticks / 100.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_never_passes_the_right_margin() {
        let text = "a word ".repeat(40);
        for line in wrapped(&text).lines().enumerate() {
            let first = if line.0 == 0 { INDENT } else { 0 };
            assert!(first + line.1.chars().count() <= WIDTH, "{}", line.1);
        }
        let long = "x".repeat(100);
        assert_eq!(wrapped(&long), long, "a word is never cut");
    }

    #[test]
    fn the_clock_is_as_old_as_the_process() {
        let process = process_age().unwrap_or_default();
        let age = Clock::of_the_command().started.elapsed();
        assert!(age >= process && age < process + Duration::from_secs(60), "{age:?}");
    }
}
