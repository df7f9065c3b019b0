//! The measured figures beside their limits.

use comfy_table::{Table, presets};

/// One measured value, with its limit if there is one.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    what: String,
    measured: String,
    limit: String,
    /// None where nothing is promised.
    held: Option<bool>,
}

impl Figure {
    /// A value that may be at most `limit`.
    pub(super) fn at_most(what: impl Into<String>, value: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: with_unit(value, unit),
            limit: format!("≤ {}", with_unit(limit, unit)),
            held: Some(value <= limit),
        }
    }

    /// A value that must be `limit` or more.
    pub(super) fn at_least(what: impl Into<String>, value: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            measured: with_unit(value.round(), unit),
            limit: format!("≥ {}", with_unit(limit, unit)),
            held: Some(value >= limit),
        }
    }

    /// A number that must be just this one.
    pub(super) fn exactly(what: impl Into<String>, value: usize, expected: usize) -> Self {
        Self {
            what: what.into(),
            measured: value.to_string(),
            limit: expected.to_string(),
            held: Some(value == expected),
        }
    }

    /// A value that explains the others and has no limit.
    pub(super) fn noted(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { what: what.into(), measured: measured.into(), limit: "—".into(), held: None }
    }

    fn cells(&self) -> [&str; 4] {
        let held = match self.held {
            Some(true) => "ok",
            Some(false) => "broken",
            None => "",
        };
        [&self.what, &self.measured, &self.limit, held]
    }
}

/// Figures that were measured together.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    /// How they were measured.
    pub(super) how: String,
    pub(super) figures: Vec<Figure>,
}

const HEADER: [&str; 4] = ["", "measured", "limit", ""];

impl Section {
    /// The figures whose limit is broken.
    pub(super) fn broken(&self) -> impl Iterator<Item = &str> {
        self.figures.iter().filter(|figure| figure.held == Some(false)).map(|f| f.what.as_str())
    }

    /// As a terminal shows it.
    pub(super) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(HEADER);
        for figure in &self.figures {
            table.add_row(figure.cells());
        }
        format!("\n{}\n{}\n{table}\n", self.title, self.how)
    }

    /// As a page holds it.
    pub(super) fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n\n", self.title, self.how);
        let mut row = |cells: [&str; 4]| text.push_str(&format!("| {} |\n", cells.join(" | ")));
        row(HEADER);
        row(["---"; 4]);
        for figure in &self.figures {
            row(figure.cells());
        }
        text
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    if unit.is_empty() { format!("{value:.2}") } else { format!("{value:.1} {unit}") }
}

/// The median; of an even number of values, the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_over_its_limit_is_broken_and_one_without_a_limit_never_is() {
        let section = Section {
            title: "",
            how: String::new(),
            figures: vec![
                Figure::at_most("at the limit", 1.3, 1.3, ""),
                Figure::at_most("over", 1.31, 1.3, ""),
                Figure::exactly("one more", 801, 800),
                Figure::at_least("under", 999.9, 1000.0, ""),
                Figure::at_least("enough", 1000.0, 1000.0, ""),
                Figure::noted("noted", "anything"),
            ],
        };
        assert_eq!(section.broken().collect::<Vec<_>>(), ["over", "one more", "under"]);
    }

    #[test]
    fn the_median_is_the_value_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 100.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 100.0]), 3.0);
        assert!(median(Vec::new()).is_nan());
    }
}
