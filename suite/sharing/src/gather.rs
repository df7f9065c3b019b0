//! Who speaks for whom: facts that arrive within a short window become the work of one execution. Each fact has
//! its execution; the one that has waited longest takes in the others, and they wait until it has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relay_core::execution::{ExecutionRef, Trigger, TriggerKind};
use relay_core::id::AccountId;
use relay_core::name::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Scope, ShareRunbooksInput, Touched};

/// While others keep arriving, a batch waits for so many windows, at most.
const WINDOWS: u32 = 15;
/// The same for changes, which are brought into line within a minute.
const WINDOWS_OF_CHANGES: u32 = 7;
/// How long after that an execution is overdue: then somebody looks whether it still runs.
const GRACE: Duration = Duration::from_secs(30);
/// The longest that an execution waits before it looks again whether the one that speaks for it still runs.
const LONGEST_LOOK: Duration = Duration::from_mins(15);
/// Most accounts of one batch. Its input travels through the state of the machine.
const MOST_ACCOUNTS: usize = 500;
/// Most ids of events that a batch names.
const MOST_EVENTS: usize = 500;

/// Asks `plan-shares` whether an execution is to go on, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatherInput {
    /// The execution that asks.
    pub execution: ExecutionRef,
    /// The trigger that it was started by.
    pub gather: Gather,
}

/// The trigger of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gather {
    /// The input of the execution, or what it has gathered.
    pub input: ShareRunbooksInput,
    /// It has shared, and waits for the moves of its accounts before it says what was done.
    #[serde(default)]
    pub settles: bool,
}

/// Whether an execution is to go on.
#[expect(clippy::large_enum_variant, reason = "one is made, written and dropped")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "next", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Gathered {
    /// Ask again after this long.
    Wait {
        /// How long to wait.
        seconds: u32,
    },
    /// Plan for what was gathered.
    Plan {
        /// Its own accounts and those of the executions that it speaks for.
        input: ShareRunbooksInput,
    },
    /// Another execution has done it.
    Done {
        /// The ARN of that execution.
        by: String,
    },
    /// Nothing more is coming: publish the outcome.
    Publish,
}

/// An execution and the fact it is about, as the others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The name of the execution.
    pub name: String,
    /// The ARN of that execution.
    pub execution: String,
    /// The trigger that it was started by.
    pub input: ShareRunbooksInput,
    /// Since when it waits.
    pub at: Timestamp,
    /// The ARN of the execution that speaks for it.
    pub by: Option<String>,
    /// It has joined an account that is still in the root, and its outcome waits until then for the move.
    pub settles_until: Option<Timestamp>,
}

/// The work of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Nobody knows of it yet: let it be seen.
    Register,
    /// Look again after this long.
    Wait(Duration),
    /// Another execution speaks for it, as long as it runs.
    Follow {
        /// The ARN of the other.
        by: String,
    },
    /// It is another one's turn, which has let it pass.
    Overdue {
        /// The name of the other.
        name: String,
        /// The ARN of the other.
        execution: String,
    },
    /// It speaks for these, itself included.
    Lead(Vec<Waiting>),
}

/// The subjects of the facts of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Account(AccountId),
    /// Documents, rules and OUs.
    Changes,
}

/// Whether an input is gathered: what events report about one account, or about documents, rules and OUs.
#[must_use]
pub fn is_gathered(input: &ShareRunbooksInput) -> bool {
    subject(input).is_some()
}

fn subject(input: &ShareRunbooksInput) -> Option<Subject> {
    let kind = input.trigger.kind;
    match &input.scope {
        Scope::Accounts(accounts) if accounts.len() == 1 && rank(kind).is_some() => {
            accounts.first().copied().map(Subject::Account)
        }
        Scope::Organization if input.touched.is_some() => Some(Subject::Changes),
        _ => None,
    }
}

/// Which of several facts about one account says the most: a departure is about where the account is now, and so
/// is a join compared with a move. The plan looks at the organization anyway.
fn rank(kind: TriggerKind) -> Option<u8> {
    match kind {
        TriggerKind::Departure => Some(3),
        TriggerKind::Join => Some(2),
        TriggerKind::Move => Some(1),
        TriggerKind::Change => Some(0),
        _ => None,
    }
}

/// Decides for the execution `me` among all that wait or were taken in. Pure; the same answer for the same facts.
#[must_use]
pub fn turn(me: &str, all: &[Waiting], now: Timestamp, window: Duration) -> Turn {
    let Some(mine) = all.iter().find(|waiting| waiting.name == me) else { return Turn::Register };
    if let Some(by) = &mine.by {
        return Turn::Follow { by: by.clone() };
    }
    let kind = mine.input.trigger.kind;
    let Some(about) = subject(&mine.input) else { return Turn::Lead(vec![mine.clone()]) };
    // Its outcome is still to come, and is about the move as well.
    let settling = all.iter().find(|join| {
        join.settles_until.is_some_and(|until| until > now) && subject(&join.input) == Some(about)
    });
    if let (TriggerKind::Move, Some(Waiting { by: Some(by), .. })) = (kind, settling) {
        return Turn::Follow { by: by.clone() };
    }
    let open: Vec<&Waiting> = all.iter().filter(|waiting| waiting.by.is_none()).collect();
    let mut says: BTreeMap<Subject, TriggerKind> = BTreeMap::new();
    for waiting in &open {
        let Some(about) = subject(&waiting.input) else { continue };
        let kind = waiting.input.trigger.kind;
        let most = says.entry(about).or_insert(kind);
        *most = std::cmp::max_by_key(*most, kind, |kind| rank(*kind));
    }
    let says =
        |waiting: &Waiting| subject(&waiting.input).and_then(|about| says.get(&about)).copied();
    let speaks = |waiting: &Waiting| says(waiting) == Some(waiting.input.trigger.kind);
    let wanted = says(mine);
    let group: Vec<&Waiting> = open
        .into_iter()
        .filter(|waiting| says(waiting) == wanted && (wanted == Some(kind) || speaks(waiting)))
        .collect();
    let first = group.iter().filter(|waiting| speaks(waiting));
    let Some(first) = first.min_by_key(|waiting| (waiting.at, &waiting.name)) else {
        return Turn::Lead(vec![mine.clone()]);
    };
    let longest = window
        * match about {
            Subject::Account(_) => WINDOWS,
            Subject::Changes => WINDOWS_OF_CHANGES,
        };
    if first.name != me {
        let overdue = first.at.checked_add(longest + GRACE).unwrap_or(now);
        let (name, execution) = (first.name.clone(), first.execution.clone());
        return if now > overdue {
            Turn::Overdue { name, execution }
        } else {
            Turn::Wait(look_again(mine, now, window))
        };
    }
    let newest = group.iter().map(|waiting| waiting.at).max().unwrap_or(mine.at);
    let ripe = newest.checked_add(window).unwrap_or(now);
    let ripe = ripe.min(mine.at.checked_add(longest).unwrap_or(now));
    if let Some(left) = left(now, ripe) {
        return Turn::Wait(left);
    }
    let mut subjects = BTreeSet::from([about]);
    let mut taken = vec![mine.clone()];
    let mut others: Vec<&Waiting> =
        group.into_iter().filter(|waiting| waiting.name != me).collect();
    others.sort_by_key(|waiting| (waiting.at, &waiting.name));
    for other in others {
        let about = subject(&other.input);
        let known = about.is_some_and(|about| subjects.contains(&about));
        if known || subjects.len() < MOST_ACCOUNTS {
            subjects.extend(about);
            taken.push(other.clone());
        }
    }
    Turn::Lead(taken)
}

/// The moves of these accounts that nobody has taken in: the rest of the story of their joins. `None` while they
/// are still arriving.
#[must_use]
pub fn moves(
    accounts: &[AccountId],
    all: &[Waiting],
    now: Timestamp,
    window: Duration,
) -> Option<Vec<Waiting>> {
    let open = all.iter().filter(|waiting| waiting.by.is_none());
    let about = |waiting: &&Waiting| {
        waiting.input.trigger.kind == TriggerKind::Move
            && matches!(subject(&waiting.input), Some(Subject::Account(id)) if accounts.contains(&id))
    };
    let moves: Vec<Waiting> = open.filter(about).cloned().collect();
    let newest = moves.iter().map(|waiting| waiting.at).max();
    let oldest = moves.iter().map(|waiting| waiting.at).min();
    let (Some(newest), Some(oldest)) = (newest, oldest) else { return Some(moves) };
    let ripe = newest.checked_add(window).unwrap_or(now);
    let ripe = ripe.min(oldest.checked_add(window * WINDOWS).unwrap_or(now));
    (ripe <= now).then_some(moves)
}

/// One input for all: the accounts of all, or what all have touched, and the cause of the first.
#[must_use]
pub fn together(mine: &ShareRunbooksInput, taken: &[Waiting]) -> ShareRunbooksInput {
    let mut touched = mine.touched.clone();
    let mut accounts: BTreeSet<AccountId> = mine.accounts().into_iter().collect();
    let mut event_ids: Vec<String> = mine.trigger.event_ids.clone();
    for waiting in taken {
        accounts.extend(waiting.input.accounts());
        if let (Some(all), Some(more)) = (&mut touched, &waiting.input.touched) {
            all.add(more);
        }
        for id in &waiting.input.trigger.event_ids {
            if !event_ids.contains(id) {
                event_ids.push(id.clone());
            }
        }
    }
    event_ids.truncate(MOST_EVENTS);
    let trigger = Trigger { event_ids, ..mine.trigger.clone() };
    let scope = match &mine.scope {
        Scope::Accounts(_) => Scope::Accounts(accounts),
        Scope::Organization => Scope::Organization,
    };
    let touched = touched.map(Touched::that_fits);
    ShareRunbooksInput { scope, trigger, touched, ..mine.clone() }
}

/// How long an execution waits for another one before it looks again: as long as it has waited, at least a window.
#[must_use]
pub fn look_again(mine: &Waiting, now: Timestamp, window: Duration) -> Duration {
    let waited = now.duration_since(mine.at);
    let waited = if waited.is_positive() { waited.unsigned_abs() } else { Duration::ZERO };
    let pause = waited.clamp(window.min(LONGEST_LOOK), LONGEST_LOOK);
    pause + Duration::from_secs(jitter(&mine.name, pause.as_secs() / 2))
}

fn left(now: Timestamp, until: Timestamp) -> Option<Duration> {
    let left: SignedDuration = until.duration_since(now);
    left.is_positive().then(|| left.unsigned_abs())
}

/// Up to so many seconds, by the hash of a name: those that wait for one do not all look at the same time.
fn jitter(name: &str, most: u64) -> u64 {
    let hash = sha256_hex(name.as_bytes());
    let bits = u64::from_str_radix(hash.get(..8).unwrap_or_default(), 16).unwrap_or_default();
    bits % (most + 1)
}
