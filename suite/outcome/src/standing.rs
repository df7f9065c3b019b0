//! Problems that stand until somebody mends them: invalid rules, OUs that do not exist. They are published
//! when they appear and when they are gone, not with every account.

use jiff::Timestamp;
use relay_core::problem::{Problem, ProblemCode};
use sharing::plan::SharePlan;

/// Most problems that are remembered; what does not fit is published again and again rather than lost.
const MOST: usize = 200;

/// What a plan says of the standing problems, compared with what was published before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Problems that no outcome has named yet.
    pub new: Vec<Problem>,
    /// Problems that an outcome has named and that are gone.
    pub solved: Vec<Problem>,
    /// What the next plan is compared with.
    pub known: Vec<Problem>,
}

impl Standing {
    /// Compares with the problems that were published before, and with when the last plan among those that
    /// named them saw the world. A plan that could not have seen a problem does not show that it is gone: the
    /// plan of a join looks up no OUs. One that saw the world before that has nothing new to say.
    #[must_use]
    pub fn compare(plan: &SharePlan, before: &[Problem], seen_at: Option<Timestamp>) -> Self {
        if seen_at.is_some_and(|seen_at| seen_at > plan.seen_at) {
            return Self { known: before.to_vec(), ..Self::default() };
        }
        let now: Vec<&Problem> = plan.problems.iter().filter(|problem| stands(problem)).collect();
        let is_new = |problem: &&&Problem| !before.iter().any(|known| same(known, problem));
        let is_there = |known: &Problem| now.iter().any(|problem| same(known, problem));
        let (kept, solved): (Vec<Problem>, Vec<Problem>) = before
            .iter()
            .cloned()
            .partition(|known| is_there(known) || !looks_for(plan, known.code));
        let new: Vec<Problem> =
            now.iter().filter(is_new).map(|problem| (*problem).clone()).collect();
        let known = kept.into_iter().chain(new.iter().cloned()).take(MOST).collect();
        Self { new, solved, known }
    }

    /// Whether there is something to publish.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.new.is_empty() || !self.solved.is_empty()
    }
}

/// Whether a problem of a plan stays until a rule or the organization is changed.
pub(super) fn stands(problem: &Problem) -> bool {
    problem.code != ProblemCode::OnboardingNotStarted
}

/// The hint may differ: it names what is near, as far as that was read.
fn same(one: &Problem, other: &Problem) -> bool {
    one.code == other.code && one.place == other.place && one.what == other.what
}

fn looks_for(plan: &SharePlan, code: ProblemCode) -> bool {
    match code {
        ProblemCode::UnknownOrganizationalUnit => plan.selectors_read,
        ProblemCode::AccountNotInOrganization => plan.organization,
        _ => true,
    }
}
