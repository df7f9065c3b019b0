//! Twenty accounts at once and an owner of 500 documents in 17 Regions: does anything grow with it?

use std::path::Path;

use super::binaries::{RESIDENT_MB, megabytes};
use super::figure::{Figure, Section};
use super::world::World;
use super::{history, process};
use anyhow::{Context, Result};

const DOCUMENTS: usize = 500;
const ACCOUNTS: u64 = 20;
const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
];
/// Of AWS's 256 KiB.
const LARGEST_STATE_KB: f64 = 200.0;
/// The growth that the allocator's own ups and downs may cause.
const GROWTH: f64 = 1.2;

pub(super) async fn measure(binaries: &Path) -> Result<Section> {
    let members: Vec<String> = (0..ACCOUNTS).map(|n| (610_000_000_000 + n).to_string()).collect();
    let world = World::sharing(binaries, &members, DOCUMENTS, &REGIONS).await?;
    let endpoint = world.local.endpoint.clone();
    let mut seen = Seen::default();
    let history = world
        .share("bench-scale", &members, || seen.look(&endpoint, "runbook-relay-share-documents"))
        .await?;
    let calls = world.calls().await?;
    world.local.stop().await?;

    let modified = calls.get("ModifyDocumentPermission").context("nothing was shared")?;
    let (middle, end) = seen.halves().context("the function was never seen running")?;
    let took = history::execution_took(&history)?.as_secs_f64();
    let state = history::largest_state(&history) as f64 / 1e3;
    let wanted = DOCUMENTS * REGIONS.len();
    let figures = vec![
        Figure::exactly("documents shared, all Regions", modified.len(), wanted),
        Figure::exactly("ModifyDocumentPermission", modified.values().sum(), wanted),
        Figure::at_most("largest state", state, LARGEST_STATE_KB, "KB"),
        Figure::at_most("share-documents: resident", megabytes(seen.peak), RESIDENT_MB, "MB"),
        Figure::at_most(
            "share-documents: resident, last quarter against second",
            end / middle,
            GROWTH,
            "",
        ),
        Figure::noted("share-documents: processes", seen.processes.len().to_string()),
        Figure::noted("the whole execution", format!("{took:.0} s")),
        Figure::noted("events in its history", history.len().to_string()),
    ];
    Ok(Section {
        title: "20 accounts, 500 documents, 17 Regions",
        how: format!(
            "`share-runbooks` for {ACCOUNTS} accounts on the local AWS with the packaged \
             functions. State is the largest input, output or set of parameters of any event in \
             the execution's history. Resident is read from the kernel five times a second from \
             every process that runs the function: its largest peak, and the mean over processes \
             in the last quarter of the time against that in the second."
        ),
        figures,
    })
}

/// The memory of a function's processes over time.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The mean over its processes at each look.
    means: Vec<f64>,
    pub(super) peak: u64,
    pub(super) processes: std::collections::BTreeSet<u32>,
}

impl Seen {
    /// Looks at the processes that run a function now.
    pub(super) fn look(&mut self, endpoint: &str, function: &str) {
        let ids = process::of_function(endpoint, function);
        let memory: Vec<_> = ids.iter().filter_map(|id| process::memory(*id)).collect();
        self.processes.extend(ids);
        if memory.is_empty() {
            return;
        }
        let now: u64 = memory.iter().map(|memory| memory.now).sum();
        self.means.push(now as f64 / memory.len() as f64);
        self.peak = memory.iter().map(|memory| memory.peak).chain([self.peak]).max().unwrap_or(0);
    }

    /// The means over the second and over the last quarter of the time.
    pub(super) fn halves(&self) -> Option<(f64, f64)> {
        let quarter = self.means.len() / 4;
        let mean =
            |part: &[f64]| (!part.is_empty()).then(|| part.iter().sum::<f64>() / part.len() as f64);
        Some((mean(self.means.get(quarter..2 * quarter)?)?, mean(self.means.get(3 * quarter..)?)?))
    }
}
