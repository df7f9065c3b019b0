//! Alarms that no rule is about: `history#unanswered` / `count` has how many there were (`total`), and
//! `slot#<00..99>` the last hundred, each in the slot of its number.
//!
//! Best effort, for people who ask why nothing was done: a message that is delivered twice counts twice, and the
//! writer leaves some out in a storm (`route-alarms`).

use jiff::Timestamp;
use outcome::UnansweredAlarm;

use crate::item::{Key, Update};
use crate::{StoreError, Table};

const PK: &str = "history#unanswered";
/// How many are kept.
const SLOTS: i64 = 100;

/// The alarms that no rule was about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnansweredAlarms {
    /// How many there were.
    pub total: u64,
    /// Since when they are counted.
    pub since: Option<Timestamp>,
    /// The last of them, the newest first.
    pub last: Vec<UnansweredAlarm>,
}

impl Table {
    /// Counts so many alarms, and keeps the last of them.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note_unanswered(
        &self,
        alarm: &UnansweredAlarm,
        count: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const WHAT: &str = "note an alarm without a rule";
        let counted = Update::new(
            Key::new(PK, "count"),
            "SET #since = if_not_exists(#since, :now) ADD #total :count",
        );
        let counted = counted
            .name("#since", "since")
            .name("#total", "total")
            .text(":now", now.to_string())
            .number(":count", i64::from(count));
        let total = self.update_and_read(WHAT, counted, "total").await?;
        let text = serde_json::to_string(alarm);
        let text = text.map_err(|error| StoreError::malformed(WHAT, &error))?;
        let slot = total.rem_euclid(SLOTS);
        let kept = Update::new(Key::new(PK, format!("slot#{slot:02}")), "SET #alarm = :alarm")
            .name("#alarm", "alarm")
            .text(":alarm", text);
        self.update(WHAT, kept).await.map(drop)
    }

    /// How many alarms no rule was about, and the last hundred.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn unanswered(&self) -> Result<UnansweredAlarms, StoreError> {
        let mut found = UnansweredAlarms::default();
        for (sk, item) in self.query("read the alarms without a rule", PK.to_owned(), "").await? {
            if sk == "count" {
                let total = item.number("total").unwrap_or(0);
                found.total = u64::try_from(total).unwrap_or(0);
                found.since = item.text("since").and_then(|at| at.parse().ok());
            }
            let alarm = item.text("alarm").and_then(|text| serde_json::from_str(text).ok());
            found.last.extend::<Option<UnansweredAlarm>>(alarm);
        }
        found.last.sort_by_key(|alarm| std::cmp::Reverse(alarm.at));
        Ok(found)
    }
}
