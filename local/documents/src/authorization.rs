//! The permissions that a caller needs, as the Service Authorization Reference has it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>
//!
//! A request that its own shape condemns needs nothing: the call refuses it.

use api::{Authorization, Request};
use serde_json::{Map, Value};

use crate::{
    arn::{self, Named},
    document::DocumentType,
    input::{AddTags, CreateDocument, ListTags, RemoveTags, SettingName, Tag},
    settings,
    state::Documents,
    tags::{self, TagSet},
    validation::{check, parse},
};

impl Documents {
    /// All that a request needs.
    pub(crate) fn required(&self, request: &Request) -> Vec<Authorization> {
        if check(&request.operation, &request.body).is_err() {
            return Vec::new();
        }
        let body = &request.body;
        let needed = match request.operation.as_str() {
            "ListDocuments" => Some(vec![need(request, "*".into(), Map::new())]),
            "CreateDocument" => parse(body).ok().map(|input| self.to_create(request, &input)),
            "AddTagsToResource" => parse(body).ok().map(|input: AddTags| {
                let mut context = self.context(request, &input.resource_id);
                context.extend(requested(&input.tags));
                self.to_tag(request, &input.resource_id, context)
            }),
            "RemoveTagsFromResource" => parse(body).ok().map(|input: RemoveTags| {
                let mut context = self.context(request, &input.resource_id);
                context.insert("aws:TagKeys".into(), input.tag_keys.clone().into());
                self.to_tag(request, &input.resource_id, context)
            }),
            "ListTagsForResource" => parse(body).ok().map(|input: ListTags| {
                let context = self.context(request, &input.resource_id);
                self.to_tag(request, &input.resource_id, context)
            }),
            "GetServiceSetting" | "UpdateServiceSetting" | "ResetServiceSetting" => {
                parse(body).ok().map(|input: SettingName| to_set(request, &input.setting_id))
            }
            _ => body.get("Name").and_then(Value::as_str).map(|name| {
                let context = self.context(request, name);
                vec![need(request, self.document_arn(request, name), context)]
            }),
        };
        needed.unwrap_or_default()
    }

    /// Tags on creation need the permission to tag as well.
    fn to_create(&self, request: &Request, input: &CreateDocument) -> Vec<Authorization> {
        let resource = self.document_arn(request, &input.name);
        let tags = input.tags.as_deref().unwrap_or_default();
        let mut context = requested(tags);
        context.extend(typed(input.document_type.unwrap_or_default()));
        let mut needed = vec![need(request, resource.clone(), context)];
        if !tags.is_empty() {
            let action = "ssm:AddTagsToResource".into();
            needed.push(Authorization { action, resource, context: requested(tags) });
        }
        needed
    }

    fn to_tag(
        &self,
        request: &Request,
        id: &str,
        context: Map<String, Value>,
    ) -> Vec<Authorization> {
        vec![need(request, self.document_arn(request, id), context)]
    }

    /// The ARN that policies name. AWS's own documents have an empty account.
    fn document_arn(&self, request: &Request, name: &str) -> String {
        let own = |name: &str| self.own(request, name).is_ok();
        let (region, account, name) = match Named::parse(name) {
            Named::Bare(name) if self.amazons.contains_key(name) && !own(name) => {
                (request.region.as_str(), "", name)
            }
            Named::Arn { region, account, name } => (region, account, name),
            Named::Bare(name) => (request.region.as_str(), request.account.as_str(), name),
            Named::Nothing => return name.to_owned(),
        };
        arn::ssm(region, account, &format!("document/{name}"))
    }

    /// The type of a document and the caller's tags on it, if the caller sees it.
    fn context(&self, request: &Request, name: &str) -> Map<String, Value> {
        let Some(view) = self.find(request, name) else { return Map::new() };
        let mut context = typed(view.document.kind);
        context.extend(tagged(view.document.tags.get(&request.account)));
        context
    }
}

fn to_set(request: &Request, id: &str) -> Vec<Authorization> {
    let resource = match settings::id(request, id) {
        Some(id) => {
            let resource = format!("servicesetting/{}", id.trim_start_matches('/'));
            arn::ssm(&request.region, &request.account, &resource)
        }
        None => id.to_owned(),
    };
    vec![need(request, resource, Map::new())]
}

fn need(request: &Request, resource: String, context: Map<String, Value>) -> Authorization {
    Authorization { action: format!("ssm:{}", request.operation), resource, context }
}

fn typed(kind: DocumentType) -> Map<String, Value> {
    Map::from_iter([("ssm:DocumentType".to_owned(), kind.name().into())])
}

/// `ssm:resourceTag` is the older spelling, which still counts.
fn tagged(set: Option<&TagSet>) -> Map<String, Value> {
    let both = |Tag { key, value }: Tag| {
        let spelled = |prefix: &str| (format!("{prefix}/{key}"), Value::from(value.clone()));
        [spelled("aws:ResourceTag"), spelled("ssm:resourceTag")]
    };
    tags::list(set).into_iter().flat_map(both).collect()
}

fn requested(tags: &[Tag]) -> Map<String, Value> {
    let values = tags
        .iter()
        .map(|tag| (format!("aws:RequestTag/{}", tag.key), Value::from(tag.value.clone())));
    let keys: Vec<_> = tags.iter().map(|tag| tag.key.as_str()).collect();
    let keys = (!keys.is_empty()).then(|| ("aws:TagKeys".to_owned(), Value::from(keys)));
    values.chain(keys).collect()
}
