//! Problems that stand until somebody mends them: invalid rules, OUs that do not exist, documents that two
//! installations claim. They are published when they appear and when they are gone, not with every account.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use sharing::plan::{Removals, SharePlan};
use sharing::{ShareDetails, ShareReport};

/// Most problems that are remembered; what does not fit is published again and again rather than lost.
const MOST: usize = 200;
/// Most bytes of JSON that are remembered: DynamoDB takes items of 400 KB, keys and the other attributes included.
const MOST_BYTES: usize = 300_000;

/// The things that an execution has seen: its plan and, of owners' documents, what the work on them reports.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The plan that it was to carry out.
    pub plan: &'a SharePlan,
    /// How the work at each owner in each Region ended.
    pub reports: &'a [ShareReport],
    /// Failures and disputes there, as far as they were read.
    pub details: &'a [ShareDetails],
}

impl<'a> From<&'a SharePlan> for Seen<'a> {
    fn from(plan: &'a SharePlan) -> Self {
        Self { plan, reports: &[], details: &[] }
    }
}

/// The standing problems by a plan, compared with what was published before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Problems that no outcome has named yet.
    pub new: Vec<Problem>,
    /// Problems that an outcome has named and that are gone.
    pub solved: Vec<Problem>,
    /// The problems that the next plan is compared with.
    pub known: Vec<Problem>,
}

impl Standing {
    /// Compares with the problems that were published before, and with when the last plan among those that
    /// named them saw the world. A plan that could not have seen a problem does not show that it is gone: the
    /// plan of a join looks up no OUs. One that saw the world before that has nothing new to say.
    #[must_use]
    pub fn compare<'a>(
        seen: impl Into<Seen<'a>>,
        before: &[Problem],
        seen_at: Option<Timestamp>,
    ) -> Self {
        let seen = seen.into();
        let Seen { plan, details, .. } = seen;
        if seen_at.is_some_and(|seen_at| seen_at > plan.seen_at) {
            return Self { known: before.to_vec(), ..Self::default() };
        }
        let mut places = BTreeSet::new();
        let found = details.iter().flat_map(|details| &details.problems);
        // An owner's documents have the same problem in each Region.
        let stands_there =
            |code: ProblemCode| stands_at_owner(code) || plan.organization && is_about_reach(code);
        let found = found.filter(|problem| {
            stands_there(problem.code) && places.insert((problem.code, &problem.place))
        });
        let now = plan.problems.iter().filter(|problem| stands(problem));
        let now: Vec<&Problem> = now.chain(found).collect();
        let is_new = |problem: &&&Problem| !before.iter().any(|known| same(known, problem));
        let is_there = |known: &Problem| now.iter().any(|problem| same(known, problem));
        let (kept, solved): (Vec<Problem>, Vec<Problem>) =
            before.iter().cloned().partition(|known| is_there(known) || !looks_for(seen, known));
        let new: Vec<Problem> =
            now.iter().filter(is_new).map(|problem| (*problem).clone()).collect();
        let known = remembered(kept.into_iter().chain(new.iter().cloned()));
        Self { new, solved, known }
    }

    /// Whether an outcome has named a problem before.
    #[must_use]
    pub(super) fn has_named(&self, problem: &Problem) -> bool {
        let named = |problems: &[Problem]| problems.iter().any(|known| same(known, problem));
        named(&self.known) && !named(&self.new)
    }

    /// Whether there is something to publish.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.new.is_empty() || !self.solved.is_empty()
    }
}

/// The problems that are stored to be compared with the next ones: 200, and 300,000 bytes of JSON. A long one is left
/// out, so that it does not push out the others.
#[must_use]
pub fn remembered(problems: impl IntoIterator<Item = Problem>) -> Vec<Problem> {
    let mut room = MOST_BYTES;
    let fits = |problem: &Problem| {
        // With the comma or bracket before it.
        let size = serde_json::to_vec(problem).map_or(usize::MAX, |text| text.len() + 1);
        let rest = room.checked_sub(size);
        room = rest.unwrap_or(room);
        rest.is_some()
    };
    problems.into_iter().filter(fits).take(MOST).collect()
}

/// Whether a problem of a plan stays until a rule or the organization is changed.
pub(super) fn stands(problem: &Problem) -> bool {
    problem.code != ProblemCode::OnboardingNotStarted
}

/// Whether a problem is about who may take back the shares of an owner's documents.
pub(super) fn is_about_claims(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::DocumentsClaimedTwice
            | ProblemCode::DocumentsClaimedElsewhere
            | ProblemCode::DocumentsUnclaimed
            | ProblemCode::SharesOfOthers
    )
}

/// Whether a problem of an owner's documents stays until claims or rules are changed.
pub(super) fn stands_at_owner(code: ProblemCode) -> bool {
    is_about_claims(code)
        || matches!(code, ProblemCode::VersionConflict | ProblemCode::CopyNameTaken)
}

/// Whether a problem is that an owner lets nobody in. Every account that joins has it in its outcome; of reconciles it
/// stands.
pub(super) fn is_about_reach(code: ProblemCode) -> bool {
    code == ProblemCode::RoleNotAssumable
}

/// The hint may differ: it names what is near, as far as that was read. Claims may concern one document more, and
/// a conflict, or a name that is taken, one account more.
fn same(one: &Problem, other: &Problem) -> bool {
    one.code == other.code
        && one.place == other.place
        && (one.what == other.what || stands_at_owner(one.code) || is_about_reach(one.code))
}

fn looks_for(seen: Seen<'_>, known: &Problem) -> bool {
    let plan = seen.plan;
    match known.code {
        ProblemCode::UnknownOrganizationalUnit => plan.selectors_read,
        ProblemCode::AccountNotInOrganization => plan.organization,
        ProblemCode::MassRemovalHeld => plan.surveyed && !plan.touched,
        ProblemCode::SharesOfOthers | ProblemCode::CopyNameTaken if !plan.drift => false,
        code if is_about_reach(code) => {
            !plan.touched && plan.organization && was_reached(seen, &known.place.to_string())
        }
        code if stands_at_owner(code) => {
            // The owner, or `<owner>/<Region>/<document>`.
            let place = known.place.to_string();
            let owner = place.split_once('/').map_or(place.as_str(), |(owner, _)| owner);
            !plan.touched
                && plan.organization
                && plan.removals == Removals::Everybody
                && has_looked(seen, owner)
        }
        _ => true,
    }
}

/// Whether it is known how the work at `<owner>/<Region>` ended: its problems were read, or there was no work.
fn was_reached(seen: Seen<'_>, place: &str) -> bool {
    let Seen { reports, details, .. } = seen;
    let of_place = |report: &&ShareReport| format!("{}/{}", report.owner, report.region) == place;
    reports.iter().filter(of_place).all(|report| {
        let is_read = || {
            details.iter().any(|read| read.owner == report.owner && read.region == report.region)
        };
        report.error.is_none()
            && report.counts.is_some_and(|counts| counts.failed == 0 || is_read())
    })
}

/// Whether an owner's documents were looked at in every Region of the plan.
fn has_looked(seen: Seen<'_>, owner: &str) -> bool {
    let Seen { plan, reports, details } = seen;
    let is_read = |report: &ShareReport| {
        details.iter().any(|read| read.owner == report.owner && read.region == report.region)
    };
    let whole = |report: &ShareReport| {
        report.error.is_none()
            && report.counts.is_some_and(|counts| {
                counts.failed == 0 && (counts.disputed == 0 || is_read(report))
            })
    };
    let work = plan.work.iter().filter(|work| work.owner.as_str() == owner);
    let mut looked = work.map(|work| {
        let mut of_work = reports.iter().filter(|report| {
            report.owner == work.owner && report.region == work.region && whole(report)
        });
        of_work.next().is_some()
    });
    looked.all(|looked| looked)
}
