//! From policy and organization to calls, in three pure steps: [`SharePlan::build`] resolves rules
//! to accounts, [`WorkView::wanted`] says what that makes of one document, [`WorkView::calls`]
//! which calls lead there from what is.

mod build;
mod calls;
mod copies;
mod effect;
mod onboarding;
mod only;
mod replicas;
mod share_plan;
mod view;

pub use build::{Evidence, FRESH_FOR, PlanInput};
pub use calls::{
    Call, DEFAULT_QUOTA, DocumentCalls, Holder, IDS_PER_CALL, Present, Recorded, RecordedShare,
    Territory, needs_permissions, plan_calls,
};
pub use copies::{
    CopyCalls, CopySources, FoundCopy, PresentCopies, RecordedCopies, RecordedCopy, plan_copies,
};
pub use effect::{
    DocumentEffect, EffectCounts, EffectPart, Left, LeftBecause, PartEffect, SharingEffect,
    effect_id,
};
pub use onboarding::{NEW_FOR, OnboardingInput, OnboardingReport, OnboardingStart};
pub use only::OnlyPairs;
pub use replicas::{
    PresentReplica, RecordedReplica, ReplicaCall, ReplicaChange, ReplicaEffect, Standing,
    WantedReplica, plan_replica,
};
pub use share_plan::{AccountPlace, AppliedPlan, PlannedRule, PlannedWork, Removals, SharePlan};
pub use view::{Wanted, WorkView};

#[cfg(test)]
mod calls_tests;

#[cfg(test)]
mod copies_tests;

#[cfg(test)]
mod installations_tests;

#[cfg(test)]
mod onboarding_tests;

#[cfg(test)]
mod only_tests;

#[cfg(test)]
mod replicas_tests;

#[cfg(test)]
mod tests;
