//! Which installation may take back the shares of which documents. Several installations may share one
//! owner's documents, and none of them sees the ledger of another: what one no longer wants may be what
//! another wants. So each says in the owner account which documents it claims.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, CLAIMS_PATH, DocumentName, InstallationId};
use relay_core::problem::{Problem, ProblemCode};
use relay_core::rules::Glob;
use serde::{Deserialize, Serialize};

/// How many documents a problem names.
const NAMED: usize = 3;

/// The record in an owner account about its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    own: InstallationId,
    recorded: Recorded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    /// The patterns of each installation, by its id.
    Read(BTreeMap<String, Vec<Glob>>),
    /// Why not, in the words of AWS.
    Unreadable(String),
}

/// Whose one document is, as far as an installation can know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Claim {
    /// This installation alone claims it.
    #[default]
    Ours,
    /// Others claim it as well.
    Both(BTreeSet<String>),
    /// Others claim it, and this installation does not.
    Theirs(BTreeSet<String>),
    /// Nobody claims it, or that could not be read.
    Unknown,
}

impl Claim {
    /// Whether shares with members may be removed and changed: nobody else can want them.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        *self == Self::Ours
    }

    /// Whether new shares may be made. Another installation that claims the document as well only gains by it.
    #[must_use]
    pub fn may_add(&self) -> bool {
        !matches!(self, Self::Theirs(_))
    }
}

impl Claims {
    /// From the parameters under [`CLAIMS_PATH`]: their names and values.
    #[must_use]
    pub fn read<'a>(
        own: &InstallationId,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let recorded = parameters.into_iter().map(|(name, value)| {
            // An id of a form that this version does not know is another installation all the same.
            let id = name.strip_prefix(CLAIMS_PATH).unwrap_or(name).trim_start_matches('/');
            (id.to_owned(), Glob::list(value))
        });
        Self { own: own.clone(), recorded: Recorded::Read(recorded.collect()) }
    }

    /// Where they cannot be read.
    #[must_use]
    pub fn unreadable(own: &InstallationId, reason: impl Into<String>) -> Self {
        Self { own: own.clone(), recorded: Recorded::Unreadable(reason.into()) }
    }

    /// Whose a document is.
    #[must_use]
    pub fn of(&self, document: &DocumentName) -> Claim {
        let Recorded::Read(recorded) = &self.recorded else { return Claim::Unknown };
        let claims = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(document.as_str()));
        let claimants = recorded.iter().filter(|(_, globs)| claims(globs));
        let mut others: BTreeSet<String> = claimants.map(|(id, _)| id.clone()).collect();
        let ours = others.remove(self.own.as_str());
        match (ours, others.is_empty()) {
            (true, true) => Claim::Ours,
            (true, false) => Claim::Both(others),
            (false, false) => Claim::Theirs(others),
            (false, true) => Claim::Unknown,
        }
    }

    /// The problems that an owner's documents have, one of each kind.
    #[must_use]
    pub fn problems(&self, owner: AccountId, found: &ClaimFindings) -> Vec<Problem> {
        let problem = |code: ProblemCode, finding: &ClaimFinding| {
            let documents = finding.in_words();
            let others: Vec<&str> = finding.installations.iter().map(String::as_str).collect();
            let others = others.join(", ");
            let what = match (code, &self.recorded) {
                (ProblemCode::DocumentsClaimedTwice, _) => format!(
                    "{documents} claimed by {others} as well as by {}: their shares are kept, wanted or not",
                    self.own
                ),
                (ProblemCode::DocumentsClaimedElsewhere, _) => format!(
                    "{documents} claimed by {others} and not by {}: they are left alone",
                    self.own
                ),
                (ProblemCode::SharesOfOthers, _) => format!(
                    "{documents} shared by somebody else with accounts that no rule names: those shares are left"
                ),
                (_, Recorded::Unreadable(reason)) => format!(
                    "which installation claims {documents} not known: their shares are kept, wanted or not ({reason})"
                ),
                (_, Recorded::Read(_)) => format!(
                    "{documents} claimed by no installation: their shares are kept, wanted or not"
                ),
            };
            Problem::new(code, owner.to_string(), what)
        };
        found.0.iter().map(|(code, finding)| problem(*code, finding)).collect()
    }
}

/// The findings about claims of a look at an owner's documents, by the problem that it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimFindings(BTreeMap<ProblemCode, ClaimFinding>);

/// Documents with the same problem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ClaimFinding {
    /// The others that claim one of them.
    installations: BTreeSet<String>,
    /// The first few that were seen.
    documents: BTreeSet<DocumentName>,
    /// Whether there are more.
    more: bool,
}

impl ClaimFinding {
    /// `Org-Backup, Org-Patch and more are`.
    fn in_words(&self) -> String {
        let names: Vec<&str> = self.documents.iter().map(DocumentName::as_str).collect();
        match (self.more, &names[..]) {
            (true, _) => format!("{} and more are", names.join(", ")),
            (false, [one]) => format!("{one} is"),
            (false, _) => format!("{} are", names.join(", ")),
        }
    }
}

impl ClaimFindings {
    /// Whether every document seen was this installation's alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a document that is looked at.
    pub fn add(&mut self, document: &DocumentName, claim: &Claim) {
        let (code, others) = match claim {
            Claim::Ours => return,
            Claim::Both(others) => (ProblemCode::DocumentsClaimedTwice, Some(others)),
            Claim::Theirs(others) => (ProblemCode::DocumentsClaimedElsewhere, Some(others)),
            Claim::Unknown => (ProblemCode::DocumentsUnclaimed, None),
        };
        self.note(code, document, others);
    }

    /// Adds a document that somebody else shares with accounts that no rule names.
    pub fn add_foreign(&mut self, document: &DocumentName) {
        self.note(ProblemCode::SharesOfOthers, document, None);
    }

    fn note(
        &mut self,
        code: ProblemCode,
        document: &DocumentName,
        others: Option<&BTreeSet<String>>,
    ) {
        let finding = self.0.entry(code).or_default();
        finding.installations.extend(others.into_iter().flatten().cloned());
        if finding.documents.contains(document) {
            return;
        }
        if finding.documents.len() < NAMED {
            finding.documents.insert(document.clone());
        } else {
            finding.more = true;
        }
    }
}
