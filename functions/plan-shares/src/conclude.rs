//! Concludes what to do about the effect of a plan: nothing, apply it, hold it, or only show it. Decided in `sharing`; this
//! file reads and writes.

use sharing::plan::{EffectCounts, EffectPart, SharingEffect, effect_id};
use sharing::{
    Conclude, ConcludeInput, Conclusion, MassRemovalGuard, ShareCounts, ShareReport, SurveyReport,
    Verdict, WorkItem,
};

use crate::{Deps, Error, planned};

/// Stores the effect and says what to do about it. A plan that is held gets the problem that says so. Safe to
/// repeat: the same reports lead to the same answer.
///
/// # Errors
/// When the plan cannot be read, or plan and effect cannot be stored.
pub async fn conclude(deps: &Deps, input: ConcludeInput) -> Result<Conclusion, Error> {
    let ConcludeInput { execution, conclude } = input;
    let Conclude { plan: object, surveys, dry_run, confirm } = conclude;
    let mut plan = deps.bucket.plan(&object).await.map_err(Error::Plan)?;
    let mut parts: Vec<EffectPart> = surveys
        .into_iter()
        .map(|SurveyReport { owner, region, counts, error }| EffectPart {
            object: counts.map(|_| deps.bucket.part_object(&execution.name, (owner, &region))),
            owner,
            region,
            counts: counts.unwrap_or_default(),
            error,
        })
        .collect();
    if let Some(only) = &plan.only {
        add_unseen(&planned(deps, &only.execution).await?.parts, &mut parts);
    }
    let mut totals = EffectCounts::default();
    parts.iter().for_each(|part| totals += part.counts);
    let id = effect_id(&parts);
    // A pair that was not looked at counts as it did when everything was.
    let holding = if plan.touched { deps.table.holding().await? } else { 0 };
    let verdict = deps.guard.decide(&parts, holding, dry_run, confirm.as_deref());
    let whole = !plan.touched && parts.iter().all(|part| part.error.is_none());
    if whole && !dry_run {
        deps.table.store_holding(totals.holding).await?;
    }
    if verdict == Verdict::Held {
        let counts = EffectCounts { holding: totals.holding.max(holding), ..totals };
        let problem = match (&plan.only, totals.moved) {
            (Some(only), moved @ 1..) => MassRemovalGuard::outdated(&only.execution, moved),
            _ => deps.guard.problem(&id, counts),
        };
        if !plan.problems.contains(&problem) {
            plan.problems.push(problem);
            deps.bucket.store_plan(&execution.name, &plan).await.map_err(Error::Plan)?;
        }
    }
    tracing::info!(id, ?verdict, ?totals, "looked everywhere");
    let effect = SharingEffect {
        id,
        execution: execution.arn,
        rules_version: plan.rules_version,
        seen_at: plan.seen_at,
        verdict,
        totals,
        parts,
        problems: plan.problems,
    };
    let stored = deps.bucket.store_effect(&execution.name, &effect).await.map_err(Error::Plan)?;
    let (again, done): (Vec<&EffectPart>, Vec<&EffectPart>) =
        effect.parts.iter().partition(|part| part.error.is_some() || part.counts.needs_work());
    let applies = verdict == Verdict::Apply;
    let again = again.into_iter().filter(|_| applies);
    let done = done.into_iter().filter(|_| applies || verdict == Verdict::Nothing);
    Ok(Conclusion {
        verdict,
        id: effect.id.clone(),
        effect: stored,
        totals,
        work: again
            .map(|part| WorkItem { owner: part.owner, region: part.region.clone() })
            .collect(),
        untouched: done.map(untouched).collect(),
    })
}

/// Counts as moved what a plan would change where nobody has looked: the owner and Region are not planned for any
/// more, or could not be looked at.
fn add_unseen(before: &[EffectPart], now: &mut Vec<EffectPart>) {
    for part in before.iter().filter(|part| part.counts.has_changes()) {
        let moved = part.counts.changes();
        match now.iter_mut().find(|now| now.owner == part.owner && now.region == part.region) {
            Some(now) if now.error.is_some() => now.counts.moved = moved,
            Some(_) => {}
            None => now.push(EffectPart {
                counts: EffectCounts { moved, ..EffectCounts::default() },
                object: None,
                ..part.clone()
            }),
        }
    }
}

/// The reports of a look where nothing is to be done.
fn untouched(part: &EffectPart) -> ShareReport {
    let EffectCounts { documents, present, disputed, .. } = part.counts;
    let counts = ShareCounts { documents, present, disputed, ..ShareCounts::default() };
    let (owner, region) = (part.owner, part.region.clone());
    ShareReport { owner, region, counts: Some(counts), error: None }
}
