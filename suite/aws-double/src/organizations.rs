//! AWS Organizations: its accounts and units. Lists come in small pages, some of them empty with a
//! next one, as AWS may answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::call::page;
use crate::{Call, Pages, Refusal, Reply, Served};

/// The id of the organization's root.
const ROOT: &str = "r-root";
/// The most that ListAccounts and ListOrganizationalUnitsForParent return at once.
const MOST_LISTED: usize = 20;

/// The organization: its members and OUs.
#[derive(Debug, Default)]
pub struct Organization {
    /// By account id, twelve digits.
    pub members: BTreeMap<String, Member>,
    /// The parent and the name of every unit by id.
    pub units: BTreeMap<String, (String, String)>,
    /// Members that are no longer usable.
    pub suspended: BTreeSet<String>,
    /// AWS shows no paths of accounts.
    pub without_paths: bool,
}

#[derive(Debug)]
pub struct Member {
    /// The root or unit that holds the account.
    pub parent: String,
    /// When it joined, in epoch milliseconds.
    pub joined: i64,
}

impl Organization {
    /// Adds an account that joined at the beginning of 1970, or moves it.
    pub fn member(&mut self, account: &str, parent: &str) {
        let member = self.members.entry(account.to_owned());
        member.or_insert(Member { parent: String::new(), joined: 0 }).parent = parent.to_owned();
    }

    pub fn unit(&mut self, id: &str, parent: &str, name: &str) {
        self.units.insert(id.to_owned(), (parent.to_owned(), name.to_owned()));
    }

    fn account(&self, id: &str) -> Option<Value> {
        let member = self.members.get(id)?;
        let mut path = vec![id, member.parent.as_str()];
        while let Some((parent, _)) = self.units.get(*path.last().unwrap()) {
            path.push(parent);
        }
        path.push("o-exampleorgid");
        path.reverse();
        let state = if self.suspended.contains(id) { "SUSPENDED" } else { "ACTIVE" };
        let mut account = json!({
            "Id": id, "State": state, "JoinedTimestamp": member.joined as f64 / 1000.0,
        });
        if !self.without_paths {
            account["Paths"] = json!([format!("{}/", path.join("/"))]);
        }
        Some(account)
    }

    fn described(&self, id: &str) -> Option<Value> {
        let (_, name) = self.units.get(id)?;
        Some(json!({ "Id": id, "Name": name }))
    }
}

pub(crate) fn serve(organization: &Organization, pages: Pages, call: &Call) -> Served {
    let not_found = |code: &str| Refusal::new(code, "You specified something that does not exist.");
    let token = call.body["NextToken"].as_str();
    let data = match call.operation.as_str() {
        "ListRoots" => json!({ "Roots": [{ "Id": ROOT }] }),
        "ListAccounts" => {
            let ids: Vec<&String> = organization.members.keys().collect();
            let (size, empty_first) = pages.of(1, MOST_LISTED);
            let (ids, next) = page(&ids, token, size, empty_first);
            let accounts: Vec<Value> =
                ids.iter().filter_map(|id| organization.account(id)).collect();
            json!({ "Accounts": accounts, "NextToken": next })
        }
        "DescribeAccount" => {
            let account = organization.account(call.text("AccountId"));
            json!({ "Account": account.ok_or_else(|| not_found("AccountNotFoundException"))? })
        }
        "ListParents" => {
            let child = call.text("ChildId");
            let unit = organization.units.get(child).map(|(parent, _)| parent);
            let parent = unit.or_else(|| Some(&organization.members.get(child)?.parent));
            let parent = parent.ok_or_else(|| not_found("ChildNotFoundException"))?;
            let kind = if parent == ROOT { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
            json!({ "Parents": [{ "Id": parent, "Type": kind }] })
        }
        "ListOrganizationalUnitsForParent" => {
            let of_parent = organization.units.iter();
            let of_parent = of_parent.filter(|(_, (parent, _))| parent == call.text("ParentId"));
            let units: Vec<Value> =
                of_parent.filter_map(|(id, _)| organization.described(id)).collect();
            let (size, empty_first) = pages.of(MOST_LISTED, MOST_LISTED);
            let (units, next) = page(&units, token, size, empty_first);
            json!({ "OrganizationalUnits": units, "NextToken": next })
        }
        "DescribeOrganizationalUnit" => {
            let unit = organization.described(call.text("OrganizationalUnitId"));
            let unit = unit.ok_or_else(|| not_found("OrganizationalUnitNotFoundException"))?;
            json!({ "OrganizationalUnit": unit })
        }
        _ => call.unknown(),
    };
    Ok(Reply::Data(data))
}
