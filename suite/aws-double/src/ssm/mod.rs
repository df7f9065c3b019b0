//! SSM in one account and Region: parameters, documents, automations, settings and calendars.

mod automations;
mod documents;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::page;
use crate::{Call, Pages, Refusal, Reply, Served, State};

pub use automations::Automation;
pub use documents::{Document, Parameter};

/// GetParametersByPath gives no more at once.
const MOST_PARAMETERS: usize = 10;

/// The state of SSM in one account and Region.
#[derive(Debug)]
pub struct Ssm {
    /// The texts of parameters by their whole names.
    pub parameters: BTreeMap<String, String>,
    /// The account's own documents and Amazon's by name.
    pub documents: BTreeMap<String, Document>,
    /// With how many accounts a document may be shared.
    pub share_quota: usize,
    /// Executions of documents by id.
    pub automations: BTreeMap<String, Automation>,
    /// A start with a known client token is refused instead of answered with the first one's id;
    /// what SSM does is not documented.
    pub refuses_known_tokens: bool,
    /// Settings that are not at their default.
    pub settings: BTreeMap<String, String>,
    /// Change calendars, with the time of the next change where the calendar is closed; an open one
    /// has none.
    pub calendars: BTreeMap<String, Option<String>>,
}

impl Default for Ssm {
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            documents: BTreeMap::new(),
            share_quota: 1000,
            automations: BTreeMap::new(),
            refuses_known_tokens: false,
            settings: BTreeMap::new(),
            calendars: BTreeMap::new(),
        }
    }
}

pub(crate) fn serve(state: &mut State, call: &Call, now: Timestamp) -> Served {
    let pages = state.pages;
    let ssm = &mut state.at(&call.account, &call.region).ssm;
    let data = match call.operation.as_str() {
        "GetParametersByPath" => parameters(ssm, pages, call),
        "GetParameter" => {
            let missing = || Refusal::new("ParameterNotFound", "The parameter does not exist.");
            let name = call.text("Name");
            let value = ssm.parameters.get(name).ok_or_else(missing)?;
            json!({ "Parameter": { "Name": name, "Value": value } })
        }
        "GetCalendarState" => {
            let [name] = &call.texts("CalendarNames")[..] else { panic!("one calendar is named") };
            let missing = || Refusal::new("InvalidDocument", "The calendar does not exist.");
            match ssm.calendars.get(name).ok_or_else(missing)? {
                None => json!({ "State": "OPEN" }),
                Some(next) => json!({ "State": "CLOSED", "NextTransitionTime": next }),
            }
        }
        "GetServiceSetting" => {
            let id = call.text("SettingId");
            let value = ssm.settings.get(id).map_or("False", String::as_str);
            json!({ "ServiceSetting": { "SettingId": id, "SettingValue": value } })
        }
        "UpdateServiceSetting" => {
            let value = call.text("SettingValue").to_owned();
            ssm.settings.insert(call.text("SettingId").to_owned(), value);
            json!({})
        }
        "ListDocuments"
        | "DescribeDocument"
        | "GetDocument"
        | "CreateDocument"
        | "UpdateDocument"
        | "UpdateDocumentDefaultVersion"
        | "DeleteDocument"
        | "ModifyDocumentPermission"
        | "DescribeDocumentPermission" => documents::serve(state, call)?,
        "ListTagsForResource" if call.text("ResourceType") == "Document" => {
            documents::serve(state, call)?
        }
        _ => automations::serve(state, call, now)?,
    };
    Ok(Reply::Data(data))
}

fn parameters(ssm: &Ssm, pages: Pages, call: &Call) -> Value {
    let most = call.body["MaxResults"].as_u64().map(|most| most as usize);
    assert!(most.is_none_or(|most| most <= MOST_PARAMETERS));
    let path = format!("{}/", call.text("Path").trim_end_matches('/'));
    let recursive = call.body["Recursive"] == true;
    let under =
        |name: &str| name.strip_prefix(&path).is_some_and(|rest| recursive || !rest.contains('/'));
    let found: Vec<Value> = ssm
        .parameters
        .iter()
        .filter(|(name, _)| under(name))
        .map(|(name, text)| json!({ "Name": name, "Value": text }))
        .collect();
    let (size, _) = pages.of(1, most.unwrap_or(MOST_PARAMETERS));
    let (found, next) = page(&found, call.body["NextToken"].as_str(), size, false);
    json!({ "Parameters": found, "NextToken": next })
}

/// A list of tags in the API's shape.
fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
