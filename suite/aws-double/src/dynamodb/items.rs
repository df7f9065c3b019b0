//! The items of the table in the order of their keys, the index `by-account`, and what their size costs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde_json::Value;

use super::{Item, Key, key, text};

/// Sorts after every text that is in a key.
const END: &str = "\u{10ffff}";

/// The cost of reads and writes in an on-demand table, in DynamoDB's request units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// One for each 4 KB that is read consistently, a half for those that are read by the index.
    pub read: f64,
    /// One for each KB of an item that is written, and once more for its entry in the index.
    pub written: f64,
}

/// An entry of the index: account, `sk2`, and the item's key.
type Entry = (String, String, String, String);

#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    items: BTreeMap<Key, Item>,
    by_account: BTreeSet<Entry>,
    pub(super) units: Units,
}

impl Items {
    pub(super) fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    pub(super) fn insert(&mut self, item: Item) {
        let key = key(&item);
        let entry = entry(&key, &item);
        let written = size(&item).div_ceil(1024) as f64;
        self.units.written += if entry.is_some() { 2.0 * written } else { written };
        let old = self.items.insert(key.clone(), item);
        if let Some(old) = old.and_then(|old| self::entry(&key, &old)) {
            self.by_account.remove(&old);
        }
        self.by_account.extend(entry);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Item> {
        self.units.written += 1.0;
        let item = self.items.remove(key)?;
        if let Some(entry) = entry(key, &item) {
            self.units.written += 1.0;
            self.by_account.remove(&entry);
        }
        Some(item)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.items.keys()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items of a partition of the table, in the order of `sk`.
    pub(super) fn of_partition<'a>(&'a self, pk: &str) -> impl Iterator<Item = &'a Item> + use<'a> {
        let (from, to) = ((pk.to_owned(), String::new()), (pk.to_owned(), END.to_owned()));
        self.items.range(from..to).map(|(_, item)| item)
    }

    /// The items that the index has of an account, in the order of `sk2`, from one `sk2` on.
    pub(super) fn of_account<'a>(
        &'a self,
        account: &str,
        from: &str,
    ) -> impl Iterator<Item = &'a Item> + use<'a> {
        let entry = |sk2: &str| (account.to_owned(), sk2.to_owned(), String::new(), String::new());
        let range = (Bound::Included(entry(from)), Bound::Excluded(entry(END)));
        let entries = self.by_account.range(range);
        entries.filter_map(|(_, _, pk, sk)| self.items.get(&(pk.clone(), sk.clone())))
    }

    /// Counts a read of so many bytes.
    pub(super) fn read(&mut self, bytes: usize, consistent: bool) {
        let units = bytes.div_ceil(4096).max(1) as f64;
        self.units.read += if consistent { units } else { units / 2.0 };
    }
}

fn entry(key: &Key, item: &Item) -> Option<Entry> {
    let (pk, sk) = key.clone();
    Some((text(item, "account")?, text(item, "sk2")?, pk, sk))
}

/// How large an item is: the names and the values of its attributes.
pub(super) fn size(item: &Item) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(of).sum(),
            Value::Object(values) => values.values().map(of).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}
