//! The effect of a plan: what an execution would share, copy and take back, and what it would leave and why. Made by
//! a look at every owner and Region that changes nothing, and shown before anything is changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relay_core::execution::ErrorOutput;
use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::name::sha256_hex;
use relay_core::problem::Problem;
use relay_core::storage::S3Object;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SharedVersion;
use crate::plan::{DocumentCalls, Holder, Present, ReplicaChange, ReplicaEffect, Wanted, WorkView};

/// Fingerprints travel through the state of a state machine, which knows numbers as doubles.
const FINGERPRINT_BITS: u32 = 52;

/// The findings of a look at one owner in one Region, as counts of pairs of document and account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EffectCounts {
    /// Documents that some rule selects.
    pub documents: u64,
    /// Pairs that would be shared, or get another version.
    pub share: u64,
    /// Copies and replicas that would be made or brought up to date.
    pub copy: u64,
    /// Of both, those that the ledger has as the suite's: somebody removed the share or the copy.
    pub restore: u64,
    /// Pairs that would be unshared.
    pub unshare: u64,
    /// Copies and replicas that would be deleted.
    pub delete: u64,
    /// Of both, those whose account is an active member of the organization.
    pub losing: u64,
    /// All pairs with active members that the ledger has as the suite's.
    pub holding: u64,
    /// Wanted pairs that are in place.
    pub present: u64,
    /// Pairs that would be left as they are, though the rules ask for something else.
    pub left: u64,
    /// Shares that somebody else made and that no rule wants.
    pub foreign: u64,
    /// Shares that somebody else made and that the rules want as they are.
    pub unadopted: u64,
    /// Entries of the ledger that would be written without a call.
    pub recorded: u64,
    /// Those of them that make somebody else's share the suite's, since a rule is `ownership: exclusive`.
    pub adopted: u64,
    /// Documents that could not be looked at.
    pub failed: u64,
    /// Documents that this installation does not have to itself.
    pub disputed: u64,
    /// Of the pairs that members would lose: the same pairs give the same number, in whatever order.
    pub fingerprint: u64,
    /// Pairs of the plan that is applied that nobody would change any more, though they are not as it wants them.
    pub moved: u64,
}

impl std::ops::AddAssign for EffectCounts {
    fn add_assign(&mut self, other: Self) {
        let Self { documents, share, restore, unshare, losing, holding, present, .. } = other;
        self.documents += documents;
        self.share += share;
        self.copy += other.copy;
        self.delete += other.delete;
        self.restore += restore;
        self.unshare += unshare;
        self.losing += losing;
        self.holding += holding;
        self.present += present;
        self.left += other.left;
        self.foreign += other.foreign;
        self.unadopted += other.unadopted;
        self.recorded += other.recorded;
        self.adopted += other.adopted;
        self.failed += other.failed;
        self.disputed += other.disputed;
        self.fingerprint = (self.fingerprint + other.fingerprint) & mask();
        self.moved += other.moved;
    }
}

impl EffectCounts {
    /// Whether an execution has anything to do here, or anything to report.
    #[must_use]
    pub fn needs_work(&self) -> bool {
        self.share + self.unshare + self.copy + self.delete + self.recorded + self.failed > 0
    }

    /// Whether anything would be changed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.changes() > 0
    }

    /// How many pairs would be changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.share + self.unshare + self.copy + self.delete + self.adopted
    }

    /// Adds a copy, or a replica of the owner, that a member would lose to the fingerprint.
    pub(super) fn count_lost_copy(&mut self, document: &DocumentName, account: &AccountId) {
        let pair = fingerprint_of(&format!("{document}/{account}/copy"));
        self.fingerprint = (self.fingerprint + pair) & mask();
    }
}

const fn mask() -> u64 {
    (1 << FINGERPRINT_BITS) - 1
}

/// Why a pair is left as it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum LeftBecause {
    /// Somebody else made the share, and no rule wants it.
    Foreign,
    /// Somebody else made the share, and the rules want it: it is left, and never taken back.
    Unadopted,
    /// Somebody else shared another version than the rules want.
    ForeignVersion,
    /// Two rules want different versions.
    Conflict,
    /// Another installation claims the document as well, or nobody does.
    Claim,
    /// A rule is invalid, or names an OU that was not found, so it may mean the account.
    Doubt,
    /// Too little is known about the account's place or state.
    Uncertain,
    /// A later execution, or another installation, decides about the account.
    Later,
    /// The document is shared with as many accounts as its quota allows.
    Quota,
    /// The account has a document of its own of this name, so it gets no copy.
    OwnDocument,
}

impl LeftBecause {
    /// The reason in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Foreign => "somebody else shared it, and no rule names them",
            Self::Unadopted => {
                "somebody else shared it as the rules want, so it is never taken back: relay import --adopt"
            }
            Self::ForeignVersion => "somebody else shared another version",
            Self::Conflict => "two rules want different versions",
            Self::Claim => "another installation may want it",
            Self::Doubt => "a rule is invalid, or names an OU that does not exist",
            Self::Uncertain => "too little is known about them",
            Self::Later => "somebody else decides about them",
            Self::Quota => "the document has no room for more accounts",
            Self::OwnDocument => "they have a document of their own of this name",
        }
    }
}

/// Accounts that are left as they are for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Why they are left.
    pub because: LeftBecause,
    /// All of them, sorted.
    pub accounts: Vec<AccountId>,
}

/// The effect of an execution on one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentEffect {
    /// The name of the document.
    pub document: DocumentName,
    /// The rules that select it.
    pub rules: Vec<String>,
    /// The change of the document itself, where it is a replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaEffect>,
    /// Accounts that it would be shared with, new ones and those that get another version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share: Vec<AccountId>,
    /// Those of them that would see another version than the default one, and which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<AccountId, SharedVersion>,
    /// Accounts that would get a copy of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copy: Vec<AccountId>,
    /// Accounts whose copy would be brought up to date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renew: Vec<AccountId>,
    /// Of those it would be shared with or copied to: accounts that had it from the suite before, until somebody took
    /// it back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restore: Vec<AccountId>,
    /// Accounts with which somebody else shares it, and whose share would become the suite's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopt: Vec<AccountId>,
    /// Accounts that would lose it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unshare: Vec<AccountId>,
    /// Accounts in which the copy of it would be deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<AccountId>,
    /// Accounts that are left as they are, though the rules ask for something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    /// Accounts of the plan that is applied about which it is not current any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<AccountId>,
}

/// The effect of an execution on the documents of one owner in one Region: an object in S3. Documents
/// about which there is nothing to say are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartEffect {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// Every document about which there is something to say, by its name.
    pub documents: BTreeMap<DocumentName, DocumentEffect>,
    /// The documents that an execution has to work on, or report again.
    #[serde(default)]
    pub again: BTreeSet<DocumentName>,
    /// Some documents could not be looked at: an execution works on all of them.
    #[serde(default)]
    pub incomplete: bool,
    /// The documents of the plan that is applied that were looked at.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub compared: BTreeSet<DocumentName>,
    /// The problems found, and why documents could not be looked at.
    pub problems: Vec<Problem>,
}

/// One owner in one Region in the effect of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectPart {
    /// The account that owns the documents.
    pub owner: AccountId,
    /// The Region they lie in.
    pub region: Region,
    /// The work that there would be to do.
    #[serde(default)]
    pub counts: EffectCounts,
    /// Why the look ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorOutput>,
    /// Where the [`PartEffect`] lies, if there is anything to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<S3Object>,
}

/// The effect of a plan for the organization: an object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharingEffect {
    /// The plan's id: what is confirmed by it is exactly what members would lose.
    pub id: String,
    /// The execution that looked.
    pub execution: String,
    /// The rules that the plan was made from: `sha256:…`.
    pub rules_version: String,
    /// When reading for the plan began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub seen_at: Timestamp,
    /// The decision about it.
    pub verdict: crate::Verdict,
    /// The sum of the parts.
    pub totals: EffectCounts,
    /// Every owner and Region.
    pub parts: Vec<EffectPart>,
    /// The problems found while planning.
    pub problems: Vec<Problem>,
}

impl WorkView<'_> {
    /// The effect of the calls that are planned for a document, and its counts. Pure.
    #[must_use]
    pub fn effect(
        &self,
        document: &DocumentName,
        wanted: &Wanted,
        present: Present<'_>,
        calls: &DocumentCalls,
    ) -> (DocumentEffect, EffectCounts) {
        let Present { ledger, permissions } = present;
        let ours =
            |id: &AccountId| ledger.get(id).is_some_and(|share| share.holder == Holder::Ours);
        let mut share: Vec<AccountId> =
            calls.calls.iter().flat_map(|call| &call.add).copied().collect();
        let mut unshare: Vec<AccountId> =
            calls.calls.iter().flat_map(|call| &call.remove).copied().collect();
        share.sort();
        unshare.sort();
        let gone = |id: &AccountId| permissions.is_some_and(|there| !there.contains_key(id));
        let restore: Vec<AccountId> =
            share.iter().filter(|id| ours(id) && gone(id)).copied().collect();
        let foreign =
            |id: &AccountId| ledger.get(id).is_none_or(|share| share.holder == Holder::Foreign);
        let adopt: Vec<AccountId> = calls.adopt.iter().filter(|id| foreign(id)).copied().collect();
        let there: BTreeMap<AccountId, SharedVersion> = match permissions {
            Some(permissions) => permissions.clone(),
            None => ledger.iter().map(|(id, share)| (*id, share.version)).collect(),
        };
        let mut left: BTreeMap<LeftBecause, BTreeSet<AccountId>> = BTreeMap::new();
        let mut leave = |because: LeftBecause, id: &AccountId| {
            left.entry(because).or_default().insert(*id);
        };
        calls.differing.iter().for_each(|id| leave(LeftBecause::ForeignVersion, id));
        let unadopted =
            |id: &&AccountId| foreign(id) && there.contains_key(id) && !calls.adopt.contains(id);
        calls.present.iter().filter(unadopted).for_each(|id| leave(LeftBecause::Unadopted, id));
        calls.over_quota.iter().for_each(|id| leave(LeftBecause::Quota, id));
        wanted.conflicts.iter().for_each(|id| leave(LeftBecause::Conflict, id));
        for id in there.keys().filter(|id| !unshare.contains(id)) {
            let is_wanted = wanted.accounts.contains_key(id)
                || wanted.conflicts.contains(id)
                || *id == self.owner();
            if is_wanted {
                continue;
            }
            match self.why_kept(id, wanted) {
                _ if !ours(id) && !wanted.later.contains(id) => leave(LeftBecause::Foreign, id),
                Some(because) => leave(because, id),
                None => {}
            }
        }
        // Only what was not shared yet: of another installation's documents nothing is new.
        for id in wanted.later.iter().filter(|id| !there.contains_key(id)) {
            leave(LeftBecause::Later, id);
        }
        let losing: Vec<&AccountId> = unshare.iter().filter(|id| self.is_present(id)).collect();
        let pairs = |because: LeftBecause| left.get(&because).map_or(0, BTreeSet::len) as u64;
        let (foreign, unadopted) = (pairs(LeftBecause::Foreign), pairs(LeftBecause::Unadopted));
        let moved = wanted.only.as_ref().map_or_else(Vec::new, |only| only.moved(calls, &there));
        let counts = EffectCounts {
            documents: u64::from(wanted.is_selected()),
            share: share.len() as u64,
            copy: 0,
            restore: restore.len() as u64,
            unshare: unshare.len() as u64,
            delete: 0,
            losing: losing.len() as u64,
            holding: ledger.keys().filter(|id| ours(id) && self.is_present(id)).count() as u64,
            present: calls.present.len() as u64,
            left: left.values().map(BTreeSet::len).sum::<usize>() as u64 - foreign - unadopted,
            foreign,
            unadopted,
            recorded: (calls.adopt.len() + calls.foreign.len() + calls.forget.len()) as u64,
            adopted: adopt.len() as u64,
            failed: 0,
            disputed: 0,
            fingerprint: losing
                .iter()
                .fold(0, |sum, id| (sum + fingerprint(document, id)) & mask()),
            moved: moved.len() as u64,
        };
        let left = left
            .into_iter()
            .map(|(because, accounts)| Left { because, accounts: accounts.into_iter().collect() });
        let effect = DocumentEffect {
            document: document.clone(),
            rules: wanted.rules.clone(),
            share,
            versions: calls
                .calls
                .iter()
                .filter(|call| call.version != SharedVersion::default())
                .flat_map(|call| call.add.iter().map(|id| (*id, call.version)))
                .collect(),
            unshare,
            left: left.collect(),
            restore,
            adopt,
            moved,
            ..DocumentEffect::nothing(document.clone())
        };
        (effect, counts)
    }
}

impl DocumentEffect {
    /// No effect on a document that no rule selects.
    #[must_use]
    pub fn nothing(document: DocumentName) -> Self {
        Self {
            document,
            rules: Vec::new(),
            replica: None,
            share: Vec::new(),
            copy: Vec::new(),
            renew: Vec::new(),
            adopt: Vec::new(),
            restore: Vec::new(),
            unshare: Vec::new(),
            delete: Vec::new(),
            moved: Default::default(),
            versions: Default::default(),
            left: Vec::new(),
        }
    }

    /// With how many accounts somebody else shares it that no rule names.
    #[must_use]
    pub fn foreign(&self) -> u64 {
        let foreign = self.left.iter().find(|left| left.because == LeftBecause::Foreign);
        foreign.map_or(0, |left| left.accounts.len() as u64)
    }

    /// The rest of it when the document is not there any more: all that it would share has moved.
    #[must_use]
    pub fn outdated(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            moved: [&self.share[..], &self.copy, &self.renew].concat(),
            ..Self::nothing(self.document.clone())
        }
    }

    /// Whether anything would be added, which moves when the document is gone.
    #[must_use]
    pub fn adds(&self) -> bool {
        let writes = |replica: &ReplicaEffect| replica.change != ReplicaChange::Delete;
        [&self.share, &self.copy, &self.renew].into_iter().any(|list| !list.is_empty())
            || self.replica.as_ref().is_some_and(writes)
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let shares = [&self.share, &self.adopt, &self.unshare, &self.moved];
        let copies = [&self.copy, &self.renew, &self.delete];
        shares.into_iter().chain(copies).all(|list| list.is_empty())
            && self.left.is_empty()
            && self.replica.is_none()
    }
}

/// A pair as a number: the first bits of its hash.
fn fingerprint(document: &DocumentName, account: &AccountId) -> u64 {
    fingerprint_of(&format!("{document}/{account}"))
}

fn fingerprint_of(pair: &str) -> u64 {
    let hash = sha256_hex(pair.as_bytes());
    let bits = u64::from_str_radix(hash.get(..16).unwrap_or_default(), 16).unwrap_or_default();
    bits & mask()
}

/// The id of a plan: the same for the same pairs that members would lose.
#[must_use]
pub fn effect_id(parts: &[EffectPart]) -> String {
    let mut losing: Vec<String> = parts
        .iter()
        .filter(|part| part.counts.losing > 0)
        .map(|part| {
            let EffectCounts { losing, fingerprint, .. } = part.counts;
            format!("{}/{}: {losing} {fingerprint}", part.owner, part.region)
        })
        .collect();
    losing.sort();
    let mut id = sha256_hex(losing.join("\n").as_bytes());
    id.truncate(12);
    id
}
