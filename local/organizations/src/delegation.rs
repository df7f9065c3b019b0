//! Trusted services, delegated administrators, and the resource policy that delegates policies.

use api::{AwsError, Reply};
use serde_json::{Value, json};

use crate::Organizations;
use crate::accounts::State;
use crate::call::Call;
use crate::errors::{constraint, invalid_input, not_found, plain};
use crate::ids;
use crate::input::epoch;
use crate::paging::page;
use crate::policies::{delegates, kinds};
use crate::state::{Organization, ResourcePolicy};

/// AWS: most services allow this many administrators; some allow one.
const MOST_DELEGATES: usize = 5;

/// Services that allow but one delegated administrator, by the user guide.
const SINGLE: [&str; 4] = [
    "config-multiaccountsetup.amazonaws.com",
    "guardduty.amazonaws.com",
    "macie.amazonaws.com",
    "securityhub.amazonaws.com",
];

/// A service principal has the form `service.amazonaws.com`, or `member.org.stacksets.…`.
fn service<'a>(call: &Call<'a>) -> Result<&'a str, AwsError> {
    let principal = call.input.text("ServicePrincipal");
    match principal.strip_suffix(".amazonaws.com") {
        Some(name) if !name.is_empty() => Ok(principal),
        _ => Err(invalid_input("UNRECOGNIZED_SERVICE_PRINCIPAL")),
    }
}

fn resource_policy_shape(org: &Organization, policy: &ResourcePolicy) -> Value {
    json!({
        "ResourcePolicy": {
            "ResourcePolicySummary": {
                "Id": policy.id,
                "Arn": org.arn("resourcepolicy", &policy.id),
            },
            "Content": policy.content,
        },
    })
}

fn not_registered() -> AwsError {
    plain(
        "AccountNotRegisteredException",
        "The provided account is not a registered delegated administrator for your organization.",
    )
}

impl Organizations {
    pub(crate) fn enable_aws_service_access(&mut self, call: &Call) -> Reply {
        let principal = service(call)?;
        let org = self.full_organization_mut(call)?;
        org.services.entry(principal.to_owned()).or_insert(call.now());
        Ok(Value::Null)
    }

    pub(crate) fn disable_aws_service_access(&mut self, call: &Call) -> Reply {
        let principal = service(call)?;
        let org = self.full_organization_mut(call)?;
        let needed = kinds::ALL
            .iter()
            .any(|kind| kind.service == Some(principal) && org.enabled_types.contains(kind.name));
        if needed {
            return Err(constraint("POLICY_TYPE_ENABLED_FOR_THIS_SERVICE"));
        }
        org.services.remove(principal);
        // AWS deregisters the administrators of a service that is no longer trusted.
        org.delegates.retain(|(_, service), _| service != principal);
        Ok(Value::Null)
    }

    pub(crate) fn list_aws_service_access_for_organization(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let services = org.services.iter().map(|(principal, since)| {
            (
                principal.clone(),
                json!({ "ServicePrincipal": principal, "DateEnabled": epoch(*since) }),
            )
        });
        page(call.request, "EnabledServicePrincipals", services, self.empty_pages)
    }

    pub(crate) fn register_delegated_administrator(&mut self, call: &Call) -> Reply {
        let account = call.input.text("AccountId");
        let principal = service(call)?;
        let org = self.full_organization_mut(call)?;
        if account == org.management {
            return Err(constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"));
        }
        let member = org.members.get(account).ok_or_else(|| not_found("Account"))?;
        if member.state != State::Active {
            return Err(constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR"));
        }
        if !org.services.contains_key(principal) {
            return Err(constraint("SERVICE_ACCESS_NOT_ENABLED"));
        }
        let key = (account.to_owned(), principal.to_owned());
        if org.delegates.contains_key(&key) {
            return Err(plain(
                "AccountAlreadyRegisteredException",
                "The provided account is already a delegated administrator for your organization.",
            ));
        }
        let others = org.delegates.keys().filter(|(_, service)| service == principal).count();
        if others > 0 && SINGLE.contains(&principal) {
            return Err(constraint("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"));
        }
        if others >= MOST_DELEGATES {
            return Err(constraint("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED"));
        }
        org.delegates.insert(key, call.now());
        Ok(Value::Null)
    }

    pub(crate) fn deregister_delegated_administrator(&mut self, call: &Call) -> Reply {
        let account = call.input.text("AccountId");
        let principal = service(call)?;
        let org = self.full_organization_mut(call)?;
        if account == org.management {
            return Err(constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"));
        }
        if !org.members.contains_key(account) {
            return Err(not_found("Account"));
        }
        let key = (account.to_owned(), principal.to_owned());
        org.delegates.remove(&key).ok_or_else(not_registered)?;
        Ok(Value::Null)
    }

    pub(crate) fn list_delegated_administrators(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let wanted = call.input.optional("ServicePrincipal");
        let delegates: Vec<_> = org
            .members
            .keys()
            .filter_map(|account| {
                let since = org
                    .delegates
                    .iter()
                    .filter(|((delegate, service), _)| {
                        delegate == account && wanted.is_none_or(|wanted| wanted == service)
                    })
                    .map(|(_, since)| *since)
                    .min()?;
                let mut shape = self.account_core(org, account);
                shape.insert("DelegationEnabledDate".into(), epoch(since));
                Some((account.clone(), Value::Object(shape)))
            })
            .collect();
        page(call.request, "DelegatedAdministrators", delegates, self.empty_pages)
    }

    pub(crate) fn list_delegated_services_for_account(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let account = call.input.text("AccountId");
        if !org.members.contains_key(account) {
            return Err(not_found("Account"));
        }
        if !org.is_delegate(account) {
            return Err(not_registered());
        }
        let services = org.delegates.iter().filter(|((delegate, _), _)| delegate == account).map(
            |((_, service), since)| {
                (
                    service.clone(),
                    json!({ "ServicePrincipal": service, "DelegationEnabledDate": epoch(*since) }),
                )
            },
        );
        page(call.request, "DelegatedServices", services, self.empty_pages)
    }

    pub(crate) fn put_resource_policy(&mut self, call: &Call) -> Reply {
        let content = call.input.text("Content");
        delegates::check(content)?;
        let tags = call.input.tags();
        let org = self.full_organization_mut(call)?;
        let fresh = org.resource_policy.is_none();
        // AWS: tags are for a policy that is new; an existing one is tagged by TagResource.
        if !fresh && !tags.is_empty() {
            return Err(plain(
                "InvalidInputException",
                "You can specify tags only when the resource policy is created.",
            ));
        }
        if tags.len() > crate::tags::MOST {
            return Err(constraint("MAX_TAG_LIMIT_EXCEEDED"));
        }
        let id = match &org.resource_policy {
            Some(policy) => policy.id.clone(),
            None => ids::resource_policy(call.origin()),
        };
        if fresh && !tags.is_empty() {
            org.tags.insert(id.clone(), tags);
        }
        let policy = ResourcePolicy { id, content: content.to_owned() };
        let shape = resource_policy_shape(org, &policy);
        org.resource_policy = Some(policy);
        Ok(shape)
    }

    pub(crate) fn describe_resource_policy(&self, call: &Call) -> Reply {
        let org = self.full_organization(call)?;
        let policy = org.resource_policy.as_ref().ok_or_else(|| not_found("ResourcePolicy"))?;
        Ok(resource_policy_shape(org, policy))
    }

    pub(crate) fn delete_resource_policy(&mut self, call: &Call) -> Reply {
        let org = self.full_organization_mut(call)?;
        let policy = org.resource_policy.take().ok_or_else(|| not_found("ResourcePolicy"))?;
        org.tags.remove(&policy.id);
        Ok(Value::Null)
    }
}
