//! The permissions that a caller needs, from the Service Authorization Reference.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>
//!
//! A request with an invalid input needs none: the call refuses it.

use api::{Authorization, Request, arn};
use engine::{StartRequest, Tag};
use serde_json::{Map, Value, json};

use crate::api::Automation;
use crate::executions::start_request;
use crate::input::{AddTags, Start};
use crate::validation::{check, parse};

/// Sets of permissions, one of which is enough, if the caller has all of it. A refusal names the
/// first.
pub type PermissionAlternatives = Vec<Vec<Authorization>>;

impl Automation {
    /// The permissions that a request needs.
    pub fn authorizations(&self, request: &Request) -> PermissionAlternatives {
        let body = &request.body;
        if check(&request.operation, body).is_err() {
            return vec![Vec::new()];
        }
        let text = |member: &str| body.get(member).and_then(Value::as_str).unwrap_or_default();
        match request.operation.as_str() {
            "StartAutomationExecution" => match parse::<Start>(body) {
                Ok(input) => self.to_start(request, &start_request(request, input)),
                Err(_) => vec![Vec::new()],
            },
            "StopAutomationExecution"
            | "GetAutomationExecution"
            | "SendAutomationSignal"
            | "DescribeAutomationStepExecutions" => {
                vec![vec![self.on_execution(request, text("AutomationExecutionId"), Map::new())]]
            }
            "ListTagsForResource" => {
                vec![vec![self.on_execution(request, text("ResourceId"), Map::new())]]
            }
            "AddTagsToResource" => {
                let tags = parse::<AddTags>(body).map(|input| input.tags).unwrap_or_default();
                vec![vec![self.on_execution(request, text("ResourceId"), requested(&tags))]]
            }
            "RemoveTagsFromResource" => {
                let keys = Map::from_iter([("aws:TagKeys".to_owned(), body["TagKeys"].clone())]);
                vec![vec![self.on_execution(request, text("ResourceId"), keys)]]
            }
            "GetCalendarState" => {
                let names = body["CalendarNames"].as_array().into_iter().flatten();
                let names = names.filter_map(Value::as_str);
                vec![names.map(|name| self.on_document(request, name)).collect()]
            }
            "StartExecutionPreview" => {
                vec![vec![self.on_document(request, text("DocumentName"))]]
            }
            "CreateAssociation" => vec![self.to_associate(request)],
            "UpdateAssociation" => {
                let mut needs = self.to_associate(request);
                needs.insert(0, on_association(request, text("AssociationId")));
                vec![needs]
            }
            "DeleteAssociation"
            | "DescribeAssociation"
            | "ListAssociationVersions"
            | "DescribeAssociationExecutions"
            | "DescribeAssociationExecutionTargets"
                if !text("AssociationId").is_empty() =>
            {
                vec![vec![on_association(request, text("AssociationId"))]]
            }
            "StartAssociationsOnce" => {
                let ids = body["AssociationIds"].as_array().into_iter().flatten();
                vec![ids.filter_map(Value::as_str).map(|id| on_association(request, id)).collect()]
            }
            _ => vec![vec![need(request, "*".to_owned(), Map::new())]],
        }
    }

    /// The document, and the role that the association's executions run under.
    fn to_associate(&self, request: &Request) -> Vec<Authorization> {
        let body = &request.body;
        let name = body["Name"].as_str();
        let role = &body["Parameters"]["AutomationAssumeRole"][0];
        let document = name.map(|name| self.on_document(request, name));
        let role = role.as_str().filter(|role| !role.is_empty());
        document.into_iter().chain(role.map(|role| passed(role.to_owned()))).collect()
    }

    fn on_document(&self, request: &Request, name: &str) -> Authorization {
        let (account, region) = (&request.account, &request.region);
        let found = self.documents.find(account, region, name, None);
        let owner = found.map_or_else(|_| account.clone(), |document| document.owner);
        need(request, document_arn(region, &owner, name), Map::new())
    }

    /// The document and the new execution, or the older `automation-definition`, which policies of
    /// years ago name; the permission to tag, where the start has tags (as of documents: AWS says so of
    /// each resource of SSM whose creation takes tags, and of automations nowhere); and the role that
    /// the execution will run under.
    fn to_start(&self, request: &Request, start: &StartRequest) -> PermissionAlternatives {
        let (account, region) = (&request.account, &request.region);
        let name = start.document_name.as_str();
        let found = self.documents.find(account, region, name, start.document_version.as_deref());
        let (owner, version) = match &found {
            Ok(document) => (document.owner.as_str(), Some(document.version.as_str())),
            Err(_) => (account.as_str(), None),
        };
        let pass = self.engine.assume_role(start).ok().flatten().map(passed);
        let mut context = requested(&start.tags);
        context.extend(version.map(|version| ("ssm:DocumentVersion".to_owned(), json!([version]))));
        let document = document_arn(region, owner, name);
        let execution = arn::ssm(region, account, "automation-execution/*");
        let tag = (!start.tags.is_empty()).then(|| Authorization {
            action: "ssm:AddTagsToResource".to_owned(),
            resource: execution.clone(),
            context: requested(&start.tags),
        });
        let mut alternatives = vec![vec![
            need(request, document.clone(), context.clone()),
            need(request, execution, context.clone()),
        ]];
        let asked = start.document_version.as_deref().unwrap_or("$DEFAULT");
        let definition = document.replace(":document/", ":automation-definition/");
        for version in [Some(asked), version].into_iter().flatten() {
            let resource = format!("{definition}:{version}");
            alternatives.push(vec![need(request, resource, context.clone())]);
        }
        for alternative in &mut alternatives {
            alternative.extend(tag.clone());
            alternative.extend(pass.clone());
        }
        alternatives
    }

    fn on_execution(
        &self,
        request: &Request,
        id: &str,
        mut context: Map<String, Value>,
    ) -> Authorization {
        let (account, region) = (&request.account, &request.region);
        if let Some(view) = self.engine.execution(account, region, id) {
            context.extend(tagged(&view.tags));
        }
        let resource = arn::ssm(region, account, &format!("automation-execution/{id}"));
        need(request, resource, context)
    }
}

fn document_arn(region: &str, owner: &str, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    arn::ssm(region, owner, &format!("document/{name}"))
}

fn on_association(request: &Request, id: &str) -> Authorization {
    let resource = arn::ssm(&request.region, &request.account, &format!("association/{id}"));
    need(request, resource, Map::new())
}

fn need(request: &Request, resource: String, context: Map<String, Value>) -> Authorization {
    Authorization { action: format!("ssm:{}", request.operation), resource, context }
}

/// A caller that starts an execution under a role passes the role to Systems Manager.
fn passed(role: String) -> Authorization {
    let to = ("iam:PassedToService".to_owned(), json!("ssm.amazonaws.com"));
    Authorization {
        action: "iam:PassRole".to_owned(),
        resource: role,
        context: Map::from_iter([to]),
    }
}

/// `ssm:resourceTag` is the older spelling, which is still valid.
fn tagged(tags: &[Tag]) -> impl Iterator<Item = (String, Value)> {
    tags.iter().flat_map(|Tag { key, value }| {
        let spelled = |prefix: &str| (format!("{prefix}/{key}"), json!(value));
        [spelled("aws:ResourceTag"), spelled("ssm:resourceTag")]
    })
}

fn requested(tags: &[Tag]) -> Map<String, Value> {
    let values = tags.iter().map(|tag| (format!("aws:RequestTag/{}", tag.key), json!(tag.value)));
    let keys: Vec<_> = tags.iter().map(|tag| tag.key.as_str()).collect();
    let keys = (!keys.is_empty()).then(|| ("aws:TagKeys".to_owned(), json!(keys)));
    values.chain(keys).collect()
}
