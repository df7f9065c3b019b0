//! The results of running a corpus.

use std::collections::BTreeMap;
use std::path::PathBuf;

use runbook::Defects;

use crate::Document;
use crate::judge::Objection;
use crate::play::Played;

/// A document that the parser refuses.
#[derive(Debug)]
pub struct Refused {
    pub path: PathBuf,
    /// The first defect, with its line.
    pub defect: String,
}

impl Refused {
    pub(crate) fn new(document: &Document, defects: &Defects) -> Self {
        let defect = defects.0.first().map(ToString::to_string).unwrap_or_default();
        Self { path: document.path.clone(), defect }
    }
}

/// The result of many runs.
#[derive(Debug, Default)]
pub struct Report {
    /// Documents that the parser takes.
    pub accepted: u64,
    /// Documents that it refuses.
    pub refused: Vec<Refused>,
    /// Runs that came to their end, by status.
    pub ended: BTreeMap<&'static str, u64>,
    /// Runs for whose parameters no values could be made, by the first such parameter.
    pub without_values: BTreeMap<String, u64>,
    /// Runs that the engine did not start, by what it said.
    pub not_started: BTreeMap<String, u64>,
    /// The message of the first step that failed, in each run.
    pub failures: BTreeMap<String, u64>,
    /// Steps that some run reached, and steps that there are, by document.
    reached: BTreeMap<PathBuf, (usize, usize)>,
    /// The faults of the engine: where, with which seed.
    pub objections: Vec<(PathBuf, u64, Objection)>,
}

impl Report {
    pub(crate) fn add(&mut self, document: &Document, seed: u64, played: Played) {
        match played {
            Played::NoValues(parameter) => *self.without_values.entry(parameter).or_default() += 1,
            Played::NotStarted(why) => *self.not_started.entry(why).or_default() += 1,
            Played::Ran { status, reached, steps, failure, objections } => {
                if let Some(failure) = failure {
                    *self.failures.entry(failure).or_default() += 1;
                }
                *self.ended.entry(status.name()).or_default() += 1;
                let most = self.reached.entry(document.path.clone()).or_insert((0, steps));
                *most = (most.0.max(reached), most.1.max(steps));
                let path = &document.path;
                self.objections
                    .extend(objections.into_iter().map(|wrong| (path.clone(), seed, wrong)));
            }
        }
    }

    /// Runs that came to their end.
    pub fn runs(&self) -> u64 {
        self.ended.values().sum()
    }

    /// Documents that ran at least once.
    pub fn ran(&self) -> usize {
        self.reached.len()
    }

    /// The most steps that one run reached and the steps that there are, over all documents.
    pub fn steps(&self) -> (usize, usize) {
        self.reached.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }
}
