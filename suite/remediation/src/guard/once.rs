//! What is told once, whoever notices it: `told#<id>` / `once`.

use jiff::Timestamp;
use relay_core::item::{Key, Write};
use uuid::Uuid;

const KEPT: i64 = 40 * 86_400;

/// Where it stands that an outcome was told.
#[must_use]
pub fn once_key(id: Uuid) -> Key {
    Key::new(format!("told#{id}"), "once")
}

/// Notes, after the telling, that an outcome was told.
#[must_use]
pub fn once(id: Uuid, now: Timestamp) -> Write {
    Write::new(once_key(id), "SET #expires = :expires")
        .name("#expires", "expires")
        .number(":expires", now.as_second() + KEPT)
}
