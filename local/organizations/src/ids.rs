//! Ids and ARNs: derived from the request that makes the thing, in the shapes of AWS's model.

use uuid::Uuid;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// `length` lowercase letters and digits out of a UUID's bits.
fn short(id: Uuid, length: usize) -> String {
    let mut bits = id.as_u128();
    (0..length)
        .map(|_| {
            let digit = DIGITS[(bits % 36) as usize];
            bits /= 36;
            char::from(digit)
        })
        .collect()
}

/// `o-` and ten characters.
pub(crate) fn organization(id: Uuid) -> String {
    format!("o-{}", short(id, 10))
}

/// `r-` and four characters.
pub(crate) fn root(id: Uuid) -> String {
    format!("r-{}", short(id, 4))
}

/// `ou-`, the root's four characters, and eight more.
pub(crate) fn unit(root: &str, id: Uuid) -> String {
    format!("ou-{}-{}", root.trim_start_matches("r-"), short(id, 8))
}

/// `p-` and ten characters: the model's ARN pattern wants no fewer.
pub(crate) fn policy(id: Uuid) -> String {
    format!("p-{}", short(id, 10))
}

/// `car-` and 32 characters.
pub(crate) fn creation(id: Uuid) -> String {
    format!("car-{}", id.simple())
}

/// `h-` and 32 characters.
pub(crate) fn handshake(id: Uuid) -> String {
    format!("h-{}", id.simple())
}

/// `rp-` and ten characters.
pub(crate) fn resource_policy(id: Uuid) -> String {
    format!("rp-{}", short(id, 10))
}

/// `rt-` and ten characters.
pub(crate) fn transfer(id: Uuid) -> String {
    format!("rt-{}", short(id, 10))
}

/// Twelve digits, the first of them not zero.
pub(crate) fn account(id: Uuid) -> String {
    (100_000_000_000 + id.as_u128() % 900_000_000_000).to_string()
}

/// An Organizations ARN in the account that owns the thing.
pub(crate) fn arn(account: &str, resource: &str) -> String {
    format!("arn:aws:organizations::{account}:{resource}")
}
