//! A page of a story: a title on the left, its text on the right, as wide as the terminal.

use comfy_table::{ContentArrangement, Table, presets};

use crate::output::style;

/// Rows of title and text. A text may have several lines.
#[derive(Debug, Default)]
pub(crate) struct Page(Vec<(String, String)>);

impl Page {
    /// Adds a row; nothing where the text is empty.
    pub(crate) fn add(&mut self, title: &str, text: impl Into<String>) {
        let text: String = text.into();
        if !text.is_empty() {
            self.0.push((title.to_owned(), text));
        }
    }

    /// Adds a row of several lines. Without lines it adds nothing.
    pub(crate) fn list(&mut self, title: &str, lines: &[String]) {
        self.add(title, lines.join("\n"));
    }

    /// The lines, at most so wide; titles are bold.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        for (title, text) in &self.0 {
            table.add_row([title, text]);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().map(|line| titled(line.trim_end())).collect()
    }
}

/// A line that begins with a title has it in bold.
fn titled(line: &str) -> String {
    match line.split_once("  ") {
        Some((title, rest)) if !title.is_empty() => {
            format!("{}{title}{}  {rest}", style::BOLD, style::RESET)
        }
        _ => line.to_owned(),
    }
}
