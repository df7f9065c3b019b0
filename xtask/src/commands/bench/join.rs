//! One account joins an owner of 200 documents in 4 Regions, behind a slow network.

use std::path::Path;

use anyhow::{Context, Result};

use super::figure::{Figure, Section, median};
use super::history;
use super::world::{self, Calls, World};

const DOCUMENTS: usize = 200;
const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1"];
const LATENCY_MS: u64 = 50;
/// Documents on a page of ListDocuments, at most.
const PAGE: usize = 50;
/// Calls in flight for one owner and Region, at most: the template's default.
const CONCURRENCY: usize = 10;
/// How often it is measured with warm functions.
const WARM: usize = 5;
/// How much longer than the calls themselves it may take.
const SLACK: f64 = 1.5;

pub(super) async fn measure(binaries: &Path) -> Result<Section> {
    let members: Vec<String> = (0..=WARM).map(|n| format!("61000000000{n}")).collect();
    let world = World::sharing(binaries, &members, DOCUMENTS, &REGIONS).await?;
    // The first account finds the functions cold, the second warm.
    world.slow_ssm(LATENCY_MS).await?;
    let first = world.share("bench-cold", &members[..1], || {}).await?;
    let (mut warm, mut whole) = (Vec::new(), Vec::new());
    let (mut before, mut calls) = (Calls::default(), world.calls().await?);
    for (number, member) in members[1..].iter().enumerate() {
        before = calls;
        let name = format!("bench-warm-{number}");
        let history = world.share(&name, std::slice::from_ref(member), || {}).await?;
        warm.push(history::map_took(&history)?.as_secs_f64());
        whole.push(history::execution_took(&history)?.as_secs_f64());
        calls = world.calls().await?;
    }
    world.local.stop().await?;

    let calls = world::since(calls, &before);
    let count = |operation: &str| -> usize {
        calls.get(operation).into_iter().flat_map(|places| places.values()).sum()
    };
    let modified = calls.get("ModifyDocumentPermission").context("nothing was shared")?;
    let wanted = DOCUMENTS * REGIONS.len();
    let pages = DOCUMENTS.div_ceil(PAGE) * REGIONS.len();
    let made = count("ModifyDocumentPermission") + count("ListDocuments");
    let in_flight = CONCURRENCY * REGIONS.len();
    let ideal = made as f64 * LATENCY_MS as f64 / 1e3 / in_flight as f64;
    let cold = history::map_took(&first)?.as_secs_f64();
    let (warm, whole) = (median(warm), median(whole));
    let figures = vec![
        Figure::exactly("documents shared, all Regions", modified.len(), wanted),
        Figure::exactly("ModifyDocumentPermission", count("ModifyDocumentPermission"), wanted),
        Figure::exactly("ListDocuments, all Regions", count("ListDocuments"), pages),
        Figure::exactly("DescribeDocumentPermission", count("DescribeDocumentPermission"), 0),
        Figure::at_most("sharing, functions warm", warm, SLACK * ideal, "s"),
        Figure::noted("sharing, functions cold", format!("{cold:.1} s")),
        Figure::noted("the whole execution, functions warm", format!("{whole:.1} s")),
        Figure::noted("calls × latency / concurrency", format!("{ideal:.1} s")),
    ];
    Ok(Section {
        title: "One account, 200 documents, 4 Regions, 50 ms",
        how: format!(
            "`share-runbooks` for one account on the local AWS (its gateway built as profile `speed`) with the packaged functions, every \
             call to SSM delayed by {LATENCY_MS} ms at the gateway. Calls are counted from the \
             gateway's record; the time is that of the state machine's Map, from its history; warm, the median of \
             {WARM} accounts. \
             Concurrency is {CONCURRENCY} calls for each of {} Regions, worked on side by side.",
            REGIONS.len()
        ),
        figures,
    })
}
