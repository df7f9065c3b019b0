//! The defects of a document: all of it at once, each with its place.

use std::fmt;

use yaml_tree::Position;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Where it stands, if it stands anywhere.
    pub at: Option<Position>,
    /// The path of the value that is wrong, e.g. `mainSteps[2].inputs.Choices[0]`; empty for the
    /// whole document.
    pub path: String,
    /// The defect: AWS's own words where they are known.
    pub message: String,
    /// Which of AWS's errors it is.
    pub kind: DefectKind,
}

/// Which of AWS's errors a defect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefectKind {
    /// `InvalidDocumentContent`.
    Content,
    /// `InvalidDocumentSchemaVersion`.
    SchemaVersion,
}

/// Everything that is wrong with a document, in the order of the text. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defects(pub Vec<Defect>);

impl Defects {
    /// Whether the document has another schema version, which AWS reports before all else.
    pub fn is_schema_version(&self) -> bool {
        self.0.iter().any(|defect| defect.kind == DefectKind::SchemaVersion)
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (&self.at, self.path.as_str()) {
            (None, "") => Ok(()),
            (None, path) => write!(f, " ({path})"),
            (Some(at), "") => write!(f, " (line {}, column {})", at.line, at.column),
            (Some(at), path) => write!(f, " (line {}, column {}: {path})", at.line, at.column),
        }
    }
}

impl fmt::Display for Defects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, defect) in self.0.iter().enumerate() {
            let separator = if nth == 0 { "" } else { "\n" };
            write!(f, "{separator}{defect}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Defects {}
