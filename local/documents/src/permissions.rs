//! Sharing: with accounts or with all, up to AWS's quotas, a version or every version.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    AwsError, Request,
    paging::{PageScope, page},
};
use serde::{Deserialize, Serialize};

use crate::{
    errors,
    input::{DescribeDocumentPermission, ModifyDocumentPermission},
    settings,
    state::Documents,
};

/// The id that stands for every account.
pub(crate) const ALL: &str = "all";

/// The quota of accounts that a document may be shared with privately.
const ACCOUNTS: usize = 1_000;

/// The quota of documents that an account may share publicly in a Region.
const PUBLIC: usize = 5;

/// The size of a page unless the request says otherwise.
const PAGE: usize = 20;

/// The version of a document that a consumer may use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub(crate) enum SharedVersion {
    #[default]
    #[serde(rename = "$DEFAULT")]
    Default,
    #[serde(rename = "$LATEST")]
    Latest,
    #[serde(rename = "$ALL")]
    All,
}

/// Whom a document is shared with.
#[derive(Clone, Default)]
pub(crate) struct Permissions {
    /// By account id, or [`ALL`].
    consumers: BTreeMap<String, SharedVersion>,
    /// A quota of accounts other than [`ACCOUNTS`].
    pub(crate) quota: Option<usize>,
}

impl Permissions {
    pub(crate) fn is_empty(&self) -> bool {
        self.consumers.is_empty()
    }

    /// Which version an account sees: a share with the account itself precedes a share with all.
    pub(crate) fn shared_with(&self, account: &str) -> Option<SharedVersion> {
        self.consumers.get(account).or_else(|| self.consumers.get(ALL)).copied()
    }

    fn is_public(&self) -> bool {
        self.consumers.contains_key(ALL)
    }

    /// How many accounts it is shared with by name.
    fn accounts(&self) -> usize {
        self.consumers.len() - usize::from(self.is_public())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PermissionsOut {
    account_ids: Vec<String>,
    account_sharing_info_list: Vec<SharingInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SharingInfo {
    account_id: String,
    shared_document_version: SharedVersion,
}

impl Documents {
    /// `ModifyDocumentPermission`: all of it or nothing.
    pub(crate) fn share(
        &mut self,
        request: &Request,
        input: &ModifyDocumentPermission,
    ) -> Result<(), AwsError> {
        let remove = consumers(input.account_ids_to_remove.as_deref())?;
        let mut add = consumers(input.account_ids_to_add.as_deref())?;
        if add.is_empty() && remove.is_empty() {
            return Err(errors::no_accounts());
        }
        // An id in both lists is removed.
        add.retain(|account| !remove.contains(account));
        self.within_quotas(request, &input.name, &add, &remove)?;

        let version = input.shared_document_version.unwrap_or_default();
        let region = self.region_mut(&request.region);
        let key = (request.account.clone(), input.name.clone());
        let Some(document) = region.document_mut(&key.0, &key.1) else {
            return Err(errors::invalid_document(&input.name));
        };
        let consumers = &mut document.permissions.consumers;
        for account in &remove {
            consumers.remove(account);
        }
        for account in &add {
            consumers.insert(account.clone(), version);
        }
        for account in remove {
            region.unindex(&account, &key);
        }
        for account in add {
            region.shared.entry(account).or_default().insert(key.clone());
        }
        Ok(())
    }

    fn within_quotas(
        &self,
        request: &Request,
        name: &str,
        add: &BTreeSet<String>,
        remove: &BTreeSet<String>,
    ) -> Result<(), AwsError> {
        let document = self.own(request, name)?;
        let permissions = &document.permissions;
        let news = |account: &&String| !permissions.consumers.contains_key(*account);
        let (public, private): (Vec<_>, Vec<_>) =
            add.iter().filter(news).partition(|account| *account == ALL);

        if add.contains(ALL) && settings::public_sharing_blocked(self, request) {
            return Err(errors::public_sharing_blocked());
        }
        let Some(region) = self.region(&request.region) else { return Ok(()) };
        if !public.is_empty() && region.public_of(&request.account) >= PUBLIC {
            return Err(errors::too_many_public(PUBLIC));
        }
        let gone = remove.iter().filter(|a| *a != ALL && permissions.consumers.contains_key(*a));
        let after = permissions.accounts() - gone.count() + private.len();
        let quota = permissions.quota.unwrap_or(ACCOUNTS);
        if !private.is_empty() && after > quota {
            return Err(errors::too_many_accounts(quota));
        }
        // The operation declares DocumentLimitExceeded without saying when. Here: an account whose
        // quota has been lowered below what it owns may not share more of it.
        let owned = region.owned.get(&request.account).map_or(0, BTreeMap::len);
        let documents = region.quota(&request.account);
        if !add.is_empty() && owned > documents {
            return Err(errors::too_many_documents(documents));
        }
        Ok(())
    }

    /// `DescribeDocumentPermission`, in order of account.
    pub(crate) fn permissions(
        &self,
        request: &Request,
        input: &DescribeDocumentPermission,
    ) -> Result<PermissionsOut, AwsError> {
        self.not_amazons(request, &input.name)?;
        let document = self.own(request, &input.name)?;
        let scope = PageScope::new(request, &[&input.name]);
        let (consumers, next_token) = page(
            document.permissions.consumers.iter(),
            |(account, _)| (*account).clone(),
            &scope,
            input.next_token.as_deref(),
            input.max_results.unwrap_or(PAGE),
        )
        .map_err(|_| errors::invalid_next_token())?;
        let info = |(account, version): &(&String, &SharedVersion)| SharingInfo {
            account_id: (*account).clone(),
            shared_document_version: **version,
        };
        Ok(PermissionsOut {
            account_sharing_info_list: consumers.iter().map(info).collect(),
            account_ids: consumers.into_iter().map(|(account, _)| account.clone()).collect(),
            next_token,
        })
    }
}

/// A list of ids without repeats, `all` in any spelling being [`ALL`]; that stands alone.
fn consumers(ids: Option<&[String]>) -> Result<BTreeSet<String>, AwsError> {
    let consumers: BTreeSet<_> =
        ids.unwrap_or_default().iter().map(|id| id.to_ascii_lowercase()).collect();
    if consumers.len() > 1 && consumers.contains(ALL) {
        return Err(errors::all_or_some());
    }
    Ok(consumers)
}

impl crate::state::Region {
    /// Takes a document out of what is shared with a consumer.
    pub(crate) fn unindex(&mut self, consumer: &str, key: &(String, String)) {
        if let Some(documents) = self.shared.get_mut(consumer) {
            documents.remove(key);
            if documents.is_empty() {
                self.shared.remove(consumer);
            }
        }
    }
}
