//! ModifyDocumentPermission and DescribeDocumentPermission.

use crate::calls::{Caller, Refusal};
use std::collections::BTreeMap;

use aws::AwsError;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::DocumentPermissionType;
use relay_core::id::{AccountId, DocumentName};
use sharing::SharedVersion;
use sharing::plan::Call;

/// The most accounts that DescribeDocumentPermission returns at once.
const PAGE: i32 = 200;

/// The permissions of one owner's documents in one Region.
#[derive(Debug)]
pub(crate) struct Permissions<'a> {
    pub(crate) client: &'a Client,
}

impl Permissions<'_> {
    /// Makes one call. Idempotent: adding an account twice changes nothing, and neither does removing it
    /// twice.
    pub(crate) async fn modify(
        &self,
        caller: &Caller,
        document: &DocumentName,
        call: &Call,
    ) -> Result<(), Refusal> {
        let ids = |accounts: &[AccountId]| {
            let ids: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
            (!ids.is_empty()).then_some(ids)
        };
        // A version belongs to accounts that are added.
        let version = (!call.add.is_empty()).then(|| call.version.as_str().to_owned());
        let request = self
            .client
            .modify_document_permission()
            .name(document.as_str())
            .permission_type(DocumentPermissionType::Share)
            .set_account_ids_to_add(ids(&call.add))
            .set_account_ids_to_remove(ids(&call.remove))
            .set_shared_document_version(version);
        let answer = caller
            .call(document.as_str(), || {
                let request = request.clone();
                async move { request.send().await.map_err(AwsError::from) }
            })
            .await;
        answer.map(|_| ())
    }

    /// Reads with which accounts the document is shared, and which version each sees.
    pub(crate) async fn read(
        &self,
        caller: &Caller,
        document: &DocumentName,
    ) -> Result<BTreeMap<AccountId, SharedVersion>, Refusal> {
        let mut shared = BTreeMap::new();
        let mut token = None;
        // DescribeDocumentPermission has no paginator.
        loop {
            let request = self
                .client
                .describe_document_permission()
                .name(document.as_str())
                .permission_type(DocumentPermissionType::Share)
                .max_results(PAGE)
                .set_next_token(token);
            let page = caller
                .call(document.as_str(), || {
                    let request = request.clone();
                    async move { request.send().await.map_err(AwsError::from) }
                })
                .await?;
            // `all`, for a public document, is not an account.
            let ids = page.account_ids().iter().filter_map(|id| id.parse::<AccountId>().ok());
            shared.extend(ids.map(|id| (id, SharedVersion::Default)));
            for info in page.account_sharing_info_list() {
                let account = info.account_id().and_then(|id| id.parse::<AccountId>().ok());
                let version = info.shared_document_version().and_then(SharedVersion::parse);
                if let (Some(account), Some(version)) = (account, version) {
                    shared.insert(account, version);
                }
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(shared);
            }
        }
    }
}
