//! Pages of lists in a stable order. A token names the item after which the next page begins, so
//! items that come and go between two calls move nothing; it is valid for its own query only.

use sha2::{Digest, Sha256};

use crate::Request;

/// The query that a token belongs to.
pub struct PageScope([u8; 8]);

/// The token does not belong to this query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidToken;

impl PageScope {
    /// The scope of a request: its operation, account and Region, and the parts of its `query`.
    pub fn new(request: &Request, query: &[&str]) -> Self {
        let mut hash = Sha256::new();
        let who = [request.operation.as_str(), &request.account, &request.region];
        for part in who.iter().chain(query) {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut start = [0; 8];
        start.copy_from_slice(&hash.finalize()[..8]);
        Self(start)
    }

    fn token(&self, position: &str) -> String {
        hex::encode(self.0) + &hex::encode(position)
    }

    fn position(&self, token: &str) -> Option<String> {
        let bytes = hex::decode(token).ok()?;
        let (scope, position) = bytes.split_at_checked(self.0.len())?;
        (scope == self.0).then(|| String::from_utf8(position.to_vec()).ok())?
    }
}

/// The page of `items` after a token. The items are in order of their keys, which are unique.
///
/// # Errors
/// When the token does not belong to this query.
pub fn page<T>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> String,
    scope: &PageScope,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), InvalidToken> {
    let after = match token.filter(|token| !token.is_empty()) {
        Some(token) => Some(scope.position(token).ok_or(InvalidToken)?),
        None => None,
    };
    let mut items =
        items.skip_while(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
    let found: Vec<_> = items.by_ref().take(size).collect();
    let next = match (items.next(), found.last()) {
        (Some(_), Some(last)) => Some(scope.token(&key(last))),
        _ => None,
    };
    Ok((found, next))
}

/// The page of `items` after a token that names the last item shown, for lists that are not in
/// order of a key. The ids are unique.
///
/// # Errors
/// When the token does not belong to this query, or its item is gone.
pub fn page_by_id<T>(
    items: impl IntoIterator<Item = T>,
    id: impl Fn(&T) -> &str,
    scope: &PageScope,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), InvalidToken> {
    let mut items = items.into_iter();
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        let after = scope.position(token).ok_or(InvalidToken)?;
        items.by_ref().find(|item| id(item) == after).ok_or(InvalidToken)?;
    }
    let found: Vec<_> = items.by_ref().take(size).collect();
    let next = match (items.next(), found.last()) {
        (Some(_), Some(last)) => Some(scope.token(id(last))),
        _ => None,
    };
    Ok((found, next))
}
