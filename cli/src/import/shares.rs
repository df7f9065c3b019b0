//! From shares as they are to sharing rules. Pure.
//!
//! Documents that are shared with the same accounts in the same version and Regions are one rule. An account stays an
//! id, unless the accounts are exactly those of an OU, or of the organization.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, DocumentName, Region};
use relay_core::organization::{AccountState, Organization, Selection};
use relay_core::place::Places;
use relay_core::rules::AccountSelector;
use serde_json::json;
use sharing::SharedVersion;

use super::draft::{Draft, LeftOut};
use crate::rules::count;

/// Bytes of names, and of account ids, in one rule: a rule of both stays within a parameter of the Standard tier.
const NAMES: usize = 1_500;
const IDS: usize = 1_800;
/// How many documents a line names.
const NAMED: usize = 5;

/// A document and with whom it is shared.
#[derive(Debug, Clone)]
pub(super) struct SharedDocument {
    pub region: Region,
    pub name: DocumentName,
    /// Account ids, or `all`, and the version that they see.
    pub accounts: BTreeMap<String, String>,
}

/// The accounts and the version that a rule is about.
type Audience = (SharedVersion, BTreeSet<AccountId>);

/// The rules that say what is shared now, and the shares that no rule can say. Without an organization every account
/// counts as a member.
pub(super) fn rules(
    owner: AccountId,
    documents: &[SharedDocument],
    organization: Option<&Organization>,
) -> (Vec<Draft>, Vec<LeftOut>) {
    let mut outsiders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut audiences: BTreeMap<Audience, BTreeMap<&DocumentName, BTreeSet<&Region>>> =
        BTreeMap::new();
    for document in documents {
        let mut by_version: BTreeMap<SharedVersion, BTreeSet<AccountId>> = BTreeMap::new();
        for (account, version) in &document.accounts {
            let id: Option<AccountId> = account.parse().ok();
            let is_member = |id: &AccountId| {
                organization.is_none_or(|organization| organization.account(*id).is_some())
            };
            match id.filter(is_member) {
                Some(id) if id == owner => {}
                Some(id) => {
                    let version = SharedVersion::parse(version).unwrap_or_default();
                    by_version.entry(version).or_default().insert(id);
                }
                None => {
                    let place = format!("{} in {}", document.name, document.region);
                    outsiders.entry(account.clone()).or_default().insert(place);
                }
            }
        }
        for audience in by_version {
            let names = audiences.entry(audience).or_default();
            names.entry(&document.name).or_default().insert(&document.region);
        }
    }
    let mut drafts = Vec::new();
    for (audience, names) in &audiences {
        let mut by_regions: BTreeMap<&BTreeSet<&Region>, Vec<&DocumentName>> = BTreeMap::new();
        for (name, regions) in names {
            by_regions.entry(regions).or_default().push(name);
        }
        for (regions, names) in by_regions {
            draft(owner, audience, regions, &names, organization, &mut drafts);
        }
    }
    (drafts, outsiders.iter().map(|(account, documents)| outsider(account, documents)).collect())
}

/// Adds the rules about these documents: one, or several that fit into parameters.
fn draft(
    owner: AccountId,
    (version, accounts): &Audience,
    regions: &BTreeSet<&Region>,
    names: &[&DocumentName],
    organization: Option<&Organization>,
    drafts: &mut Vec<Draft>,
) {
    let unit = organization.and_then(|organization| unit(organization, owner, accounts));
    let ids: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    let selectors = match &unit {
        Some((selector, _)) => vec![vec![selector.to_string()]],
        None => chunks(ids, IDS),
    };
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    for names in chunks(names, NAMES) {
        for selectors in &selectors {
            let mut notes = vec![format!(
                "From shares of {owner} as they are: {} with {}.",
                count(names.len(), "document"),
                count(accounts.len(), "account")
            )];
            if let Some((selector, _)) = &unit {
                notes.push(format!(
                    "These accounts are all of {selector} now. Accounts that come there later get the documents, too."
                ));
            }
            let mut fields = json!({
                "documents": {"owner": owner, "names": names},
                "regions": regions,
                "accounts": {"in": selectors},
            });
            if unit.as_ref().is_some_and(|(_, children)| *children) {
                fields["accounts"]["includeChildUnits"] = json!(true);
            }
            if *version != SharedVersion::default() {
                fields["documentVersion"] = json!(version);
            }
            let name = format!("shared-{owner}-{}", drafts.len() + 1);
            drafts.push(Draft::new("sharing", name, notes, &fields));
        }
    }
}

/// The organization or the OU that has exactly these accounts, and whether the OUs below it belong to that. A single
/// account is itself, whatever OU it is alone in.
fn unit(
    organization: &Organization,
    owner: AccountId,
    accounts: &BTreeSet<AccountId>,
) -> Option<(AccountSelector, bool)> {
    // Rules select active members, and the owner has its documents.
    let is_active = |id: &AccountId| {
        organization.account(*id).is_some_and(|account| account.state == AccountState::Active)
    };
    if accounts.len() < 2 || !accounts.iter().all(is_active) {
        return None;
    }
    let has_exactly = |selector: &AccountSelector, include_child_units: bool| {
        let resolution = organization.resolve(&Selection {
            places: &Places::new("import"),
            accounts: std::slice::from_ref(selector),
            include_child_units,
            exclude: &[],
        });
        resolution.is_certain
            && resolution.accounts.iter().filter(|id| **id != owner).eq(accounts.iter())
    };
    if has_exactly(&AccountSelector::Organization, false) {
        return Some((AccountSelector::Organization, false));
    }
    // An OU that has all of them is above the first of them.
    let path = organization.path_names(*accounts.first()?)?;
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    let mut paths: Vec<&str> = ends.filter(|end| *end > 0).map(|end| &path[..end]).collect();
    paths.reverse();
    paths.into_iter().find_map(|path| {
        let selector: AccountSelector = path.parse().ok()?;
        let children = [false, true].into_iter().find(|all| has_exactly(&selector, *all))?;
        Some((selector, children))
    })
}

fn outsider(account: &str, documents: &BTreeSet<String>) -> LeftOut {
    let named: Vec<&str> = documents.iter().take(NAMED).map(String::as_str).collect();
    let more = match documents.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let whom = match account {
        "all" => "everybody (they are public)",
        account => account,
    };
    let what = format!("shares with {whom}: {}{more}", named.join(", "));
    match account {
        "all" => LeftOut::new(
            what,
            "the suite shares with members of the organization only",
            "These shares stay as they are. To end them: aws ssm modify-document-permission --account-ids-to-remove all",
        ),
        _ => LeftOut::new(
            what,
            format!("{account} is not a member of the organization, and rules select members only"),
            "These shares stay as they are: the suite changes no share that it did not make.",
        ),
    }
}

/// Texts in groups of at most so many bytes, as they are written in a list.
fn chunks(texts: Vec<String>, bytes: usize) -> Vec<Vec<String>> {
    let mut chunks: Vec<Vec<String>> = vec![Vec::new()];
    let mut size = 0;
    for text in texts {
        // Quotes, comma, space.
        size += text.len() + 4;
        match chunks.last_mut() {
            Some(last) if last.is_empty() || size <= bytes => last.push(text),
            _ => {
                size = text.len() + 4;
                chunks.push(vec![text]);
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use relay_core::organization::testing::{id, organization};
    use relay_core::rules::RuleText;
    use sharing::SharingRules;

    use super::*;

    fn shared(region: &str, name: &str, accounts: &[(String, &str)]) -> SharedDocument {
        let accounts = accounts.iter().map(|(id, version)| (id.clone(), (*version).to_owned()));
        SharedDocument {
            region: region.parse().unwrap(),
            name: name.parse().unwrap(),
            accounts: accounts.collect(),
        }
    }

    fn with(numbers: &[u8]) -> Vec<(String, &'static str)> {
        numbers.iter().map(|n| (id(*n).to_string(), "$DEFAULT")).collect()
    }

    fn selectors(draft: &Draft) -> (Vec<String>, bool) {
        let text = RuleText::file(draft.file(), draft.text.as_str());
        let rules = SharingRules::parse([text]);
        assert_eq!(rules.problems, [], "{}", draft.text);
        let accounts = &rules.rules[0].accounts;
        let wanted = accounts.r#in.iter().map(ToString::to_string).collect();
        (wanted, accounts.include_child_units)
    }

    #[test]
    fn documents_with_the_same_accounts_and_regions_are_one_rule() {
        let documents = [
            shared("us-east-1", "Org-Patch", &with(&[1, 3])),
            shared("eu-west-1", "Org-Patch", &with(&[1, 3])),
            shared("us-east-1", "Org-Backup", &with(&[3, 1])),
            shared("eu-west-1", "Org-Backup", &with(&[1, 3])),
            shared("us-east-1", "Org-Only", &with(&[1])),
        ];
        let (drafts, left_out) = rules(id(0), &documents, Some(&organization()));
        assert_eq!(left_out, []);
        let texts: Vec<&str> = drafts.iter().map(|draft| draft.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "# From shares of 000000000000 as they are: 1 document with 1 account.\n\
                 documents:\n  owner: \"000000000000\"\n  names: [Org-Only]\n\
                 regions: [us-east-1]\naccounts:\n  in: [\"000000000001\"]\n",
                "# From shares of 000000000000 as they are: 2 documents with 2 accounts.\n\
                 documents:\n  owner: \"000000000000\"\n  names: [Org-Backup, Org-Patch]\n\
                 regions: [eu-west-1, us-east-1]\n\
                 accounts:\n  in: [\"000000000001\", \"000000000003\"]\n",
            ]
        );
    }

    #[test]
    fn all_accounts_of_an_ou_are_the_ou_and_all_members_the_organization() {
        // Accounts 1, 2 and 3 are in Workloads and below it, 2 and 3 in Prod and below it, 0 and 4 elsewhere.
        let organization = organization();
        for (owner, accounts, expected, children) in [
            (0, &[1, 2, 3, 4][..], vec!["organization".to_owned()], false),
            (0, &[1, 2, 3], vec!["/Workloads".to_owned()], true),
            (0, &[2, 3], vec!["/Workloads/Prod".to_owned()], true),
            (2, &[1, 3], vec!["/Workloads".to_owned()], true),
            (0, &[2], vec![id(2).to_string()], false),
            (0, &[1, 2], vec![id(1).to_string(), id(2).to_string()], false),
        ] {
            let documents = [shared("us-east-1", "Org-Patch", &with(accounts))];
            let (drafts, _) = rules(id(owner), &documents, Some(&organization));
            assert_eq!(drafts.len(), 1);
            assert_eq!(selectors(&drafts[0]), (expected, children), "{accounts:?}");
        }
    }

    #[test]
    fn what_the_rules_say_is_what_was_shared() {
        let organization = organization();
        let documents = [
            shared("us-east-1", "Org-Patch", &with(&[1, 2, 3, 4])),
            shared(
                "us-east-1",
                "Org-Two",
                &[(id(1).to_string(), "$LATEST"), (id(2).to_string(), "$ALL")],
            ),
            shared("eu-west-1", "Org-Two", &with(&[2, 3])),
        ];
        let (drafts, _) = rules(id(0), &documents, Some(&organization));
        let texts = drafts.iter().map(|draft| RuleText::file(draft.file(), draft.text.as_str()));
        let read = SharingRules::parse(texts);
        assert_eq!(read.problems, []);
        let mut wanted: BTreeSet<(String, String, String, String)> = BTreeSet::new();
        for rule in &read.rules {
            let accounts = organization.resolve(&rule.selection()).accounts;
            for account in accounts.into_iter().filter(|account| *account != id(0)) {
                for (region, name) in rule
                    .regions
                    .iter()
                    .flat_map(|r| rule.documents.selector.names.iter().map(move |n| (r, n)))
                {
                    let version = rule.document_version.as_str().to_owned();
                    let place = (region.to_string(), name.to_string());
                    wanted.insert((place.0, place.1, account.to_string(), version));
                }
            }
        }
        let there: BTreeSet<(String, String, String, String)> = documents
            .iter()
            .flat_map(|document| {
                document.accounts.iter().map(|(account, version)| {
                    let place = (document.region.to_string(), document.name.to_string());
                    (place.0, place.1, account.clone(), version.clone())
                })
            })
            .collect();
        assert_eq!(wanted, there);
    }

    #[test]
    fn shares_with_everybody_and_with_accounts_of_others_are_said_and_left() {
        let accounts = [
            ("all".to_owned(), "$DEFAULT"),
            ("989898989898".to_owned(), "$DEFAULT"),
            (id(0).to_string(), "$DEFAULT"),
        ];
        let documents = [shared("us-east-1", "Org-Patch", &accounts)];
        let (drafts, left_out) = rules(id(0), &documents, Some(&organization()));
        assert_eq!(drafts, []);
        let what: Vec<&str> = left_out.iter().map(|left_out| left_out.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "shares with 989898989898: Org-Patch in us-east-1",
                "shares with everybody (they are public): Org-Patch in us-east-1",
            ]
        );
        // Nobody knows who is a member where the organization cannot be read.
        let (drafts, left_out) = rules(id(0), &documents, None);
        assert_eq!(selectors(&drafts[0]).0, ["989898989898"]);
        assert_eq!(left_out.len(), 1);
    }

    #[test]
    fn rules_stay_within_a_parameter_and_say_everything_together() {
        let ids: Vec<(String, &str)> =
            (0..300_u64).map(|n| (format!("{:012}", 100_000 + n), "$DEFAULT")).collect();
        let documents: Vec<SharedDocument> = (0..60)
            .map(|n| shared("us-east-1", &format!("Org-{n:03}-{}", "x".repeat(60)), &ids))
            .collect();
        let (drafts, _) = rules(id(0), &documents, None);
        assert!(drafts.iter().all(|draft| draft.text.len() <= 4096), "within the Standard tier");
        let mut pairs = BTreeSet::new();
        for draft in &drafts {
            let rules = SharingRules::parse([RuleText::file(draft.file(), draft.text.as_str())]);
            assert_eq!((rules.problems.len(), rules.warnings.len()), (0, 0), "{}", draft.text);
            for name in &rules.rules[0].documents.selector.names {
                pairs.extend(selectors(draft).0.into_iter().map(|id| (name.to_string(), id)));
            }
        }
        assert_eq!(pairs.len(), 300 * 60);
    }
}
