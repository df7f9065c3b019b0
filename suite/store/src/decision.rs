//! The decision about a trigger, and the input of the run that it starts: `trigger#<trigger>` /
//! `decision` and `input`, each JSON in an attribute of the same name.
//!
//! Written and read by `route-alarms`, the input first: what is started does not depend on what has
//! become of rule and instance in the meantime.

use jiff::Timestamp;
use relay_core::alarm::TriggerId;
use remediation::guard::DecisionRecord;

use crate::item::{DAYS_100, Item, Key, Update};
use crate::table::Written;
use crate::{StoreError, Table};

impl Table {
    /// The decision that is recorded about a trigger.
    ///
    /// # Errors
    /// When the table does not answer, or the record is malformed.
    pub async fn decision(&self, trigger: TriggerId) -> Result<Option<DecisionRecord>, StoreError> {
        let what = format!("read the decision about trigger {trigger}");
        let item = self.get(&what, key(trigger, "decision")).await?;
        item.map(|item| parse(&what, &item)).transpose()
    }

    /// Records a decision, unless one is recorded already; answers the one that is recorded now.
    ///
    /// # Errors
    /// When the table does not answer, or the record is malformed.
    pub async fn record_decision(
        &self,
        trigger: TriggerId,
        record: DecisionRecord,
    ) -> Result<DecisionRecord, StoreError> {
        let what = format!("record the decision about trigger {trigger}");
        let text = serde_json::to_string(&record);
        let text = text.map_err(|error| StoreError::malformed(&*what, &error))?;
        let update = once(trigger, "decision", text, record.at);
        match self.update(&what, update).await? {
            Written::Done => Ok(record),
            Written::Refused(item) => parse(&what, &item),
        }
    }

    /// Stores the input of the run that is about to be decided on, unless one is stored already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn store_input(
        &self,
        trigger: TriggerId,
        input: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let what = format!("store the input of the run of trigger {trigger}");
        self.update(&what, once(trigger, "input", input, at)).await.map(drop)
    }

    /// The stored input of the run of a trigger.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn input(&self, trigger: TriggerId) -> Result<Option<String>, StoreError> {
        let what = format!("read the input of the run of trigger {trigger}");
        let item = self.get(&what, key(trigger, "input")).await?;
        Ok(item.and_then(|item| item.text("input").map(str::to_owned)))
    }
}

fn key(trigger: TriggerId, name: &'static str) -> Key {
    Key::new(format!("trigger#{trigger}"), name)
}

fn once(trigger: TriggerId, name: &'static str, text: String, at: Timestamp) -> Update {
    Update::new(key(trigger, name), "SET #text = :text, #expires = :expires")
        .when("attribute_not_exists(pk)")
        .name("#text", name)
        .name("#expires", "expires")
        .text(":text", text)
        .number(":expires", at.as_second() + DAYS_100)
}

fn parse(what: &str, item: &Item) -> Result<DecisionRecord, StoreError> {
    let text = item.text("decision").unwrap_or_default();
    serde_json::from_str(text).map_err(|error| StoreError::malformed(what, &error))
}
