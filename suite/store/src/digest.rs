//! The triggers of one window on which nothing was started: `digest#<rule>#<code>#<begin>`, or
//! `observed#…` / `first` for the window, `t#<trigger>` for each trigger.
//!
//! One item for each trigger: counting them is exact however often one is written, and there is no
//! item that a storm would make hot. Written and read by `route-alarms`.

use relay_core::alarm::TriggerId;
use remediation::guard::digest::{DigestEntry, DigestState, DigestWindow};

use crate::item::{DAYS_40, Item, Key, Update};
use crate::table::Written;
use crate::{StoreError, Table};

/// How much of a reason is kept.
const REASON_CHARS: usize = 500;
const ENTRY: &str = "t#";

impl Table {
    /// Stores a trigger in its window. A repeat stores the same.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_entry(
        &self,
        window: &DigestWindow,
        entry: &DigestEntry,
    ) -> Result<(), StoreError> {
        let DigestEntry { trigger, alarm, account, region, resources, what, .. } = entry;
        // An alarm without contributors is the rule.
        let contributor =
            entry.contributor.as_ref().and_then(|one| serde_json::to_string(one).ok());
        let reason = entry.reason.as_deref().unwrap_or_default();
        let update = Update::new(
            entry_key(window, *trigger),
            "SET #alarm = :alarm, #account = :account, #region = :region, #resources = :resources, \
             #what = :what, #contributor = :contributor, #at = :at, #reason = :reason, #expires = :expires",
        )
        .name("#contributor", "contributor")
        .text(":contributor", contributor.as_deref().unwrap_or("null"))
        .name("#alarm", "alarm")
        .name("#account", "account")
        .name("#region", "region")
        .name("#resources", "resources")
        .name("#what", "what")
        .name("#expires", "expires")
        .text(":alarm", alarm.as_str())
        .text(":account", account.as_str())
        .text(":region", region.as_str())
        .text(":resources", resources.join(" "))
        .text(":what", what.chars().take(REASON_CHARS).collect::<String>())
        .name("#at", "at")
        .name("#reason", "reason")
        .text(":at", entry.at.map(|at| at.to_string()).unwrap_or_default())
        .text(":reason", reason.chars().take(REASON_CHARS).collect::<String>())
        .number(":expires", window.begin + DAYS_40);
        self.update("store a suppressed trigger", update).await.map(drop)
    }

    /// A trigger of a window.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn entry(
        &self,
        window: &DigestWindow,
        trigger: TriggerId,
    ) -> Result<Option<DigestEntry>, StoreError> {
        let item = self.get("read a suppressed trigger", entry_key(window, trigger)).await?;
        Ok(item.and_then(|item| parse(trigger, &item)))
    }

    /// All triggers of a window. Items of another shape are left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn entries(&self, window: &DigestWindow) -> Result<Vec<DigestEntry>, StoreError> {
        let items = self.query("read the triggers of a digest", pk(window), ENTRY).await?;
        let entries = items
            .iter()
            .filter_map(|(sk, item)| parse(TriggerId(sk.strip_prefix(ENTRY)?.parse().ok()?), item));
        Ok(entries.collect())
    }

    /// Claims to be the first of a window, which is published at once and orders the digest. The
    /// first may claim it again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_first(
        &self,
        window: &DigestWindow,
        trigger: TriggerId,
    ) -> Result<bool, StoreError> {
        let update = Update::new(state_key(window), "SET #first = :me, #expires = :expires")
            .when("attribute_not_exists(pk) OR #first = :me")
            .name("#first", "first")
            .name("#expires", "expires")
            .text(":me", trigger.to_string())
            .number(":expires", window.begin + DAYS_40);
        let written = self.update("claim to be the first of a digest", update).await?;
        Ok(written == Written::Done)
    }

    /// How far a window is published.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn digest_state(
        &self,
        window: &DigestWindow,
    ) -> Result<Option<DigestState>, StoreError> {
        let item = self.get("read how much of a digest is published", state_key(window)).await?;
        Ok(item.and_then(|item| {
            let published = item.number("published").unwrap_or(0);
            Some(DigestState {
                first: TriggerId(item.text("first")?.parse().ok()?),
                published: u32::try_from(published).unwrap_or(u32::MAX),
            })
        }))
    }

    /// Notes, after publishing, how many triggers are published now; the number only grows. So a
    /// trigger that arrives another way, or an order that arrives twice, publishes nothing again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_digest(&self, window: &DigestWindow, count: u32) -> Result<(), StoreError> {
        let update = Update::new(state_key(window), "SET #published = :count")
            .when("attribute_not_exists(#published) OR #published < :count")
            .name("#published", "published")
            .number(":count", i64::from(count));
        self.update("note how much of a digest is published", update).await.map(drop)
    }
}

fn pk(window: &DigestWindow) -> String {
    let DigestWindow { rule, code, observed, begin } = window;
    let kind = if *observed { "observed" } else { "digest" };
    format!("{kind}#{rule}#{code}#{begin}")
}

fn state_key(window: &DigestWindow) -> Key {
    Key::new(pk(window), "first")
}

fn entry_key(window: &DigestWindow, trigger: TriggerId) -> Key {
    Key::new(pk(window), format!("{ENTRY}{trigger}"))
}

fn parse(trigger: TriggerId, item: &Item) -> Option<DigestEntry> {
    Some(DigestEntry {
        trigger,
        alarm: item.text("alarm")?.parse().ok()?,
        // Entries of an earlier version have none.
        contributor: item
            .text("contributor")
            .and_then(|text| serde_json::from_str(text).ok().flatten()),
        account: item.text("account")?.parse().ok()?,
        region: item.text("region")?.parse().ok()?,
        resources: item.text("resources")?.split_whitespace().map(str::to_owned).collect(),
        what: item.text("what")?.to_owned(),
        // Entries of an earlier version have neither.
        at: item.text("at").and_then(|at| at.parse().ok()),
        reason: item.text("reason").filter(|reason| !reason.is_empty()).map(str::to_owned),
    })
}
