//! Collects the problems of one text.

use yaml_tree::{Node, Position};

use crate::place::{Place, Places};
use crate::problem::{Problem, ProblemCode};
use crate::read::words::found;

/// The problems of one text, each with its place.
pub struct Problems<'a> {
    places: &'a Places,
    found: Vec<Problem>,
    warned: Vec<Problem>,
}

impl<'a> Problems<'a> {
    /// No problems yet, of a text with these places.
    pub fn new(places: &'a Places) -> Self {
        Self { places, found: Vec::new(), warned: Vec::new() }
    }

    /// A problem with a field. Without a hint it has the hint of its code.
    pub fn report(&mut self, code: ProblemCode, path: &str, what: String, hint: Option<String>) {
        self.push(code, self.places.place(path), what, hint);
    }

    /// Something that is valid, and yet may not be what was meant.
    pub(super) fn warn(
        &mut self,
        code: ProblemCode,
        path: &str,
        what: String,
        hint: Option<String>,
    ) {
        let problem = Problem::new(code, self.places.place(path), what);
        self.warned.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    /// The warnings so far.
    pub(super) fn warnings(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.warned)
    }

    /// A problem with a key, which no path leads to.
    pub(super) fn report_key(
        &mut self,
        code: ProblemCode,
        at: Position,
        path: &str,
        what: String,
        hint: Option<String>,
    ) {
        // The keys of an input have no position.
        let at = (at.line > 0).then_some(at);
        self.push(code, self.places.place_at(at, path), what, hint);
    }

    /// A value of the wrong kind.
    pub(super) fn mismatch(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        hint: Option<String>,
    ) {
        let what = format!("expected {expected}, found {}", found(&node.value));
        self.report(ProblemCode::InvalidField, path, what, hint);
    }

    fn push(&mut self, code: ProblemCode, place: Place, what: String, hint: Option<String>) {
        let problem = Problem::new(code, place, what);
        self.found.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    /// All of them, in the order of the text.
    #[must_use]
    pub fn in_order(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.place.at);
        self.found
    }
}
