//! `Targets` and `TargetMaps`: resolves the targets of an execution.

use std::collections::{BTreeMap, HashSet};

use relay_core::id::Arn;
use serde_json::{Map, Value, json};

use super::Engine;
use super::execution::Execution;
use crate::event::{Kind, Submission, TargetChild, Targeting};
use crate::request::Target;

/// How many pages of a list are read: far more than an execution can have targets.
const PAGES: usize = 1_000;

impl Engine {
    /// Finds the targets, under the execution's authority.
    pub(super) async fn resolve(&self, execution: &Execution) -> Result<Vec<TargetChild>, String> {
        let (submission, document) = {
            let state = execution.state();
            (state.submitted(), std::sync::Arc::clone(&state.document))
        };
        if submission.kind == Kind::Locations {
            return self.pairs(&submission);
        }
        let Some(targeting) = submission.targeting.as_deref() else {
            return Ok(Vec::new());
        };
        if !targeting.target_maps.is_empty() {
            return Ok(targeting.target_maps.iter().map(of_map).collect());
        }
        let name = targeting.target_parameter_name.clone().unwrap_or_default();
        let parameter = document.runbook.parameters.iter().find(|parameter| parameter.name == name);
        let of_instances = parameter
            .is_some_and(|parameter| parameter.kind.name.contains("AWS::EC2::Instance::Id"));
        let mut values: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for target in &targeting.targets {
            let filter = ResourceFilter::new(targeting, of_instances);
            for value in self.values(&submission, target, &filter).await? {
                if seen.insert(value.clone()) {
                    values.push(value);
                }
            }
        }
        if values.is_empty() {
            return Err("No targets were found that match the specified Targets.".to_owned());
        }
        let child = |value: String| TargetChild {
            parameters: BTreeMap::from([(name.clone(), vec![value.clone()])]),
            name: value,
            location: None,
        };
        Ok(values.into_iter().map(child).collect())
    }

    async fn values(
        &self,
        submission: &Submission,
        target: &Target,
        filter: &ResourceFilter,
    ) -> Result<Vec<String>, String> {
        let all = |filters: Value| {
            let mut parameters = Map::new();
            parameters.insert("Filters".into(), filters);
            parameters
        };
        match target.key.as_str() {
            "ParameterValues" => Ok(target.values.clone()),
            "AWS::EC2::Instance" => {
                let parameters = if target.values.iter().any(|value| value == "*") {
                    Map::new()
                } else {
                    all(json!([{"Name": "instance-id", "Values": target.values}]))
                };
                self.instances(submission, parameters).await
            }
            "ResourceGroup" => {
                let mut values = Vec::new();
                for group in &target.values {
                    let mut parameters = Map::new();
                    parameters.insert("Group".into(), json!(group));
                    let pages = self.pages(
                        submission,
                        "resource-groups",
                        "ListGroupResources",
                        "NextToken",
                        parameters,
                    );
                    values.extend(filter.ids(&pages.await?));
                }
                Ok(values)
            }
            key => {
                let tag = key.strip_prefix("tag:").unwrap_or(key);
                let mut parameters = Map::new();
                parameters
                    .insert("TagFilters".into(), json!([{"Key": tag, "Values": target.values}]));
                let api = "GetResources";
                let pages = self.pages(
                    submission,
                    "resourcegroupstaggingapi",
                    api,
                    "PaginationToken",
                    parameters,
                );
                let ids = filter.ids(&pages.await?);
                if !filter.instances || ids.is_empty() {
                    return Ok(ids);
                }
                // The tags of an instance outlive it for a while.
                let filters = json!([{"Name": format!("tag:{tag}"), "Values": target.values}]);
                let mut there = self.instances(submission, all(filters)).await?;
                there.retain(|id| ids.contains(id));
                Ok(there)
            }
        }
    }

    /// The ids of instances that are not terminated.
    async fn instances(
        &self,
        submission: &Submission,
        parameters: Map<String, Value>,
    ) -> Result<Vec<String>, String> {
        let pages =
            self.pages(submission, "ec2", "DescribeInstances", "NextToken", parameters).await?;
        let gone = |instance: &Value| {
            let state = instance.pointer("/State/Name").and_then(Value::as_str);
            matches!(state, Some("terminated" | "shutting-down"))
        };
        let reservations = pages.iter().flat_map(|page| list(page, "Reservations"));
        let instances = reservations.flat_map(|reservation| list(reservation, "Instances"));
        let there = instances.filter(|instance| !gone(instance));
        Ok(there.filter_map(|instance| text(instance, "InstanceId")).collect())
    }

    async fn pages(
        &self,
        submission: &Submission,
        service: &str,
        api: &str,
        token: &str,
        mut parameters: Map<String, Value>,
    ) -> Result<Vec<Value>, String> {
        let mut pages = Vec::new();
        while pages.len() < PAGES {
            let page = self.call(submission, service, api, parameters.clone()).await;
            let page = page.map_err(|error| error.message)?;
            let next = page.get(token).and_then(Value::as_str).filter(|next| !next.is_empty());
            let next = next.map(str::to_owned);
            pages.push(page);
            match next {
                Some(next) => parameters.insert(token.to_owned(), next.into()),
                None => break,
            };
        }
        Ok(pages)
    }
}

/// A map of `TargetMaps` is shown by its values.
fn of_map(map: &BTreeMap<String, Vec<String>>) -> TargetChild {
    let values: Vec<_> = map.values().flatten().map(String::as_str).collect();
    TargetChild { name: values.join(","), parameters: map.clone(), location: None }
}

/// Which resources are targets.
struct ResourceFilter {
    instances: bool,
    /// Service and type as ARNs have them, unless any will do.
    kind: Option<(String, String)>,
}

impl ResourceFilter {
    /// By the document's `TargetType`, or by the type of the parameter that gets the target.
    fn new(targeting: &Targeting, of_instances: bool) -> Self {
        let kind = targeting.target_type.as_deref().and_then(|kind| {
            let (service, resource) = kind.strip_prefix("/AWS::")?.split_once("::")?;
            Some((service.to_lowercase(), arn_type(service, resource)))
        });
        let instance = ("ec2".to_owned(), "instance".to_owned());
        let instances = kind.as_ref().map_or(of_instances, |kind| *kind == instance);
        Self { instances, kind: kind.or_else(|| of_instances.then_some(instance)) }
    }

    /// The ids of the resources that pages list by their ARN.
    fn ids(&self, pages: &[Value]) -> Vec<String> {
        let listed = pages.iter().flat_map(|page| {
            let resources =
                list(page, "Resources").map(|item| item.get("Identifier").unwrap_or(item));
            let old = list(page, "ResourceIdentifiers");
            let tagged = list(page, "ResourceTagMappingList");
            // `Resources` and `ResourceIdentifiers` say the same, twice.
            let listed: Vec<_> = resources.chain(tagged).collect();
            if listed.is_empty() { old.collect() } else { listed }
        });
        // The tagging API writes ARN where the others write Arn.
        let arn = |item| text(item, "ResourceArn").or_else(|| text(item, "ResourceARN"));
        listed.filter_map(|item| self.id(&arn(item)?)).collect()
    }

    fn id(&self, arn: &str) -> Option<String> {
        let Arn { service, resource, .. } = arn.parse().ok()?;
        let (kind, id) = match resource.find(['/', ':']) {
            Some(at) => (&resource[..at], resource[at + 1..].trim_start_matches('/')),
            None => ("", resource.as_str()),
        };
        let fits = self.kind.as_ref().is_none_or(|(wanted_service, wanted_kind)| {
            service == *wanted_service && (kind.is_empty() || kind == wanted_kind)
        });
        fits.then(|| id.to_owned())
    }
}

/// The type of a resource as its ARN has it: `SecurityGroup` is `security-group`.
fn arn_type(service: &str, resource: &str) -> String {
    match (service, resource) {
        ("RDS", "DBInstance") => return "db".to_owned(),
        ("RDS", "DBCluster") => return "cluster".to_owned(),
        ("EC2", "VPC") => return "vpc".to_owned(),
        _ => {}
    }
    let mut name = String::new();
    for letter in resource.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(target_type: Option<&str>, of_instances: bool) -> ResourceFilter {
        let target_type = target_type.map(str::to_owned);
        ResourceFilter::new(&Targeting { target_type, ..Targeting::default() }, of_instances)
    }

    #[test]
    fn the_target_type_says_which_resources_of_a_group_are_targets() {
        let instance = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0";
        let group = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1";
        let bucket = "arn:aws:s3:::logs";
        let database = "arn:aws:rds:eu-west-1:111122223333:db:orders";
        for (target_type, arn, expected) in [
            (Some("/AWS::EC2::Instance"), instance, Some("i-0123456789abcdef0")),
            (Some("/AWS::EC2::Instance"), group, None),
            (Some("/AWS::EC2::SecurityGroup"), group, Some("sg-1")),
            (Some("/AWS::S3::Bucket"), bucket, Some("logs")),
            (Some("/AWS::S3::Bucket"), instance, None),
            (Some("/AWS::RDS::DBInstance"), database, Some("orders")),
            (Some("/"), database, Some("orders")),
            (None, bucket, Some("logs")),
        ] {
            assert_eq!(filter(target_type, false).id(arn).as_deref(), expected, "{arn}");
        }
    }

    #[test]
    fn without_a_target_type_the_parameter_says_that_instances_are_meant() {
        assert!(filter(None, true).instances);
        assert!(filter(Some("/AWS::EC2::Instance"), false).instances);
        assert!(!filter(Some("/AWS::S3::Bucket"), true).instances);
        assert!(!filter(None, false).instances);
    }
}
