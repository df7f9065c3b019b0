//! `TargetLocations`: accounts and Regions, and the children that run there.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-multiple-accounts-regions.html>

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Engine;
use super::authority::Authority;
use crate::arn;
use crate::error::StartError;
use crate::event::{Submission, TargetChild};
use crate::ports::{Actor, ApiCall, Assumer};
use crate::rate::Amount;
use crate::request::{StartRequest, TargetLocation};

const EXECUTION_ROLE: &str = "AWS-SystemsManager-AutomationExecutionRole";

/// Checks the locations of a request.
pub(super) fn check(request: &StartRequest) -> Result<(), StartError> {
    let invalid = |message: &str| Err(StartError::InvalidParameters(message.to_owned()));
    if request.target_locations_url.is_some() && !request.target_locations.is_empty() {
        return invalid("TargetLocations and TargetLocationsURL cannot be used together.");
    }
    for location in &request.target_locations {
        if location.accounts.is_empty() || location.regions.is_empty() {
            return invalid("A target location must have Accounts and Regions.");
        }
        let concurrency =
            [&location.target_location_max_concurrency, &location.targets_max_concurrency];
        let errors = [&location.target_location_max_errors, &location.targets_max_errors];
        let fits =
            concurrency.into_iter().flatten().all(|text| Amount::concurrency(text).is_some())
                && errors.into_iter().flatten().all(|text| Amount::errors(text).is_some());
        if !fits {
            return invalid("A target location has an invalid concurrency or number of errors.");
        }
    }
    Ok(())
}

impl Engine {
    /// The children of locations: one for each account and Region of each item.
    pub(super) fn pairs(&self, submission: &Submission) -> Result<Vec<TargetChild>, String> {
        let targeting = submission.targeting.as_deref();
        let locations =
            targeting.map(|targeting| targeting.target_locations.as_slice()).unwrap_or_default();
        let mut children = Vec::new();
        for (item, location) in (0_u32..).zip(locations) {
            for account in self.accounts(submission, location)? {
                for region in &location.regions {
                    children.push(TargetChild {
                        name: format!("{account}_{region}"),
                        parameters: std::collections::BTreeMap::new(),
                        location: Some((item, account.clone(), region.clone())),
                    });
                }
            }
        }
        if children.is_empty() {
            Err("No accounts were found in the target locations.".to_owned())
        } else {
            Ok(children)
        }
    }

    fn accounts(
        &self,
        submission: &Submission,
        location: &TargetLocation,
    ) -> Result<Vec<String>, String> {
        let below = location.include_child_organization_units;
        let mut excluded = Vec::new();
        for name in &location.exclude_accounts {
            excluded.extend(self.members(&submission.account, name, below)?);
        }
        let mut accounts: Vec<String> = Vec::new();
        for name in &location.accounts {
            for account in self.members(&submission.account, name, below)? {
                if !excluded.contains(&account) && !accounts.contains(&account) {
                    accounts.push(account);
                }
            }
        }
        Ok(accounts)
    }

    /// The accounts of an account id, an OU's or the root's.
    fn members(&self, viewer: &str, name: &str, below: bool) -> Result<Vec<String>, String> {
        if !name.starts_with("ou-") && !name.starts_with("r-") {
            return Ok(vec![name.to_owned()]);
        }
        let members = self.ports.directory.accounts(viewer, name, below);
        members.ok_or_else(|| format!("The accounts of {name} cannot be listed from {viewer}."))
    }

    /// The child of one account and Region.
    pub(super) fn location_request(
        &self,
        submission: &Submission,
        (item, account, region): (u32, &str, &str),
        id: Uuid,
        source_arn: &str,
    ) -> Result<(StartRequest, Authority), String> {
        let targeting = submission.targeting.as_deref().ok_or("the location is gone")?;
        let location =
            targeting.target_locations.get(item as usize).ok_or("the location is gone")?;
        let role = location.execution_role_name.as_deref().unwrap_or(EXECUTION_ROLE);
        let actor = Actor::Role {
            role_arn: arn::role(region, account, role),
            through: Assumer::Actor(Box::new(submission.actor.clone())),
            source_arn: source_arn.to_owned(),
        };
        let name = self.name_there(submission, account, region);
        let mut request = StartRequest::new(account, region, actor.clone(), id, &name);
        request.document_version.clone_from(&targeting.document_version);
        request.parameters.clone_from(&submission.given);
        request.alarms.clone_from(&location.target_location_alarm_configuration);
        let targets =
            if location.targets.is_empty() { &targeting.targets } else { &location.targets };
        if !targets.is_empty() || !targeting.target_maps.is_empty() {
            request.targets.clone_from(targets);
            request.target_maps.clone_from(&targeting.target_maps);
            request.target_parameter_name.clone_from(&targeting.target_parameter_name);
            let or =
                |own: &Option<String>, all: &Option<String>| own.clone().or_else(|| all.clone());
            request.max_concurrency =
                or(&location.targets_max_concurrency, &targeting.max_concurrency);
            request.max_errors = or(&location.targets_max_errors, &targeting.max_errors);
        }
        Ok((request, Authority::Through(actor)))
    }

    /// The document as the child's account sees it: by name if it is Amazon's or its own, by ARN if
    /// the parent's account shares it.
    fn name_there(&self, submission: &Submission, account: &str, region: &str) -> String {
        let name = submission.document_name.rsplit('/').next().unwrap_or_default();
        let owner = submission.document_owner.as_str();
        if owner.is_empty() || owner == account {
            return name.to_owned();
        }
        let shared = arn::document(region, owner, name);
        match self.ports.documents.find(account, region, &shared, None) {
            Ok(_) => shared,
            Err(_) => name.to_owned(),
        }
    }

    /// Reads `TargetLocationsURL`: an object in S3 that holds them as JSON.
    pub(super) async fn locations_at(
        &self,
        url: &str,
        request: &StartRequest,
        actor: &Actor,
    ) -> Result<Vec<TargetLocation>, StartError> {
        let invalid = |why: &str| {
            StartError::InvalidParameters(format!("TargetLocationsURL cannot be used: {why}"))
        };
        let (bucket, key) =
            object(url).ok_or_else(|| invalid("it is not the URL of an S3 object"))?;
        let mut parameters = Map::new();
        parameters.insert("Bucket".into(), json!(bucket));
        parameters.insert("Key".into(), json!(key));
        let call = ApiCall {
            service: "s3".to_owned(),
            api: "GetObject".to_owned(),
            parameters,
            account: request.account.clone(),
            region: request.region.clone(),
            actor: actor.clone(),
        };
        let answer = self.ports.aws.call(&call).await.map_err(|error| invalid(&error.message))?;
        let body = answer.get("Body").and_then(Value::as_str).unwrap_or_default();
        let locations: Vec<TargetLocation> =
            serde_json::from_str(body).map_err(|error| invalid(&error.to_string()))?;
        if locations.is_empty() {
            return Err(invalid("it holds no target locations"));
        }
        let read = StartRequest {
            target_locations: locations,
            target_locations_url: None,
            ..request.clone()
        };
        check(&read)?;
        Ok(read.target_locations)
    }
}

/// `https://BUCKET.s3(.REGION)?.amazonaws.com/KEY?signature`.
fn object(url: &str) -> Option<(&str, &str)> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let (bucket, service) = host.split_once(".s3")?;
    let of_s3 = service.ends_with(".amazonaws.com") || service.ends_with(".amazonaws.com.cn");
    let key = path.split_once('?').map_or(path, |(key, _)| key);
    (of_s3 && !bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_the_url_of_its_bucket() {
        for (url, expected) in [
            (
                "https://lists.s3.amazonaws.com/a/b.json?X-Amz-Signature=1",
                Some(("lists", "a/b.json")),
            ),
            ("https://lists.s3.eu-west-1.amazonaws.com/b.json", Some(("lists", "b.json"))),
            ("https://lists.s3.amazonaws.com/", None),
            ("https://lists.s3.example.com/b.json", None),
            ("http://lists.s3.amazonaws.com/b.json", None),
        ] {
            assert_eq!(object(url), expected, "{url}");
        }
    }
}
