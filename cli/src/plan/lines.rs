//! A plan's effect as lines: by document, by account or by rule. Pure.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, Region};
use sharing::plan::{LeftBecause, PartEffect, ReplicaChange, SharingEffect};

use super::By;
use crate::output::{Output, style};
use crate::rules::count;

/// How many accounts a line names, where others made the shares.
const NAMED: usize = 20;

/// The meaning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Replicate,
    RenewReplica,
    Share,
    Copy,
    Renew,
    Adopt,
    Unshare,
    Delete,
    DeleteReplica,
    Keep(LeftBecause),
    /// Of a plan that is applied: it is not current any more.
    Moved,
}

/// Everything that has one line: the pairs of one subject with one sign.
#[derive(Debug, Default)]
struct Group {
    documents: BTreeSet<String>,
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
    owners: BTreeSet<AccountId>,
    /// The Regions that replicas are of.
    homes: BTreeSet<Region>,
    restored: usize,
}

/// The lines of a plan.
#[derive(Debug)]
pub(super) struct Lines {
    by: By,
    groups: BTreeMap<(String, Sign), Group>,
    /// Accounts that cannot be reached, and problems.
    alarms: Vec<String>,
}

impl Lines {
    /// Groups the pairs of an effect.
    pub(super) fn new(effect: &SharingEffect, parts: &[PartEffect], by: By) -> Self {
        let mut groups: BTreeMap<(String, Sign), Group> = BTreeMap::new();
        for part in parts {
            for document in part.documents.values() {
                let mut add = |sign: Sign, accounts: &[AccountId], restored: &[AccountId]| {
                    let subjects: Vec<(String, Vec<AccountId>)> = match by {
                        By::Document => {
                            vec![(
                                format!("{} of {}", document.document, part.owner),
                                accounts.to_vec(),
                            )]
                        }
                        By::Account => {
                            accounts.iter().map(|id| (id.to_string(), vec![*id])).collect()
                        }
                        By::Rule if document.rules.is_empty() => {
                            vec![("no rule".to_owned(), accounts.to_vec())]
                        }
                        By::Rule => {
                            let rules = document.rules.iter();
                            rules.map(|rule| (format!("rule {rule}"), accounts.to_vec())).collect()
                        }
                    };
                    for (subject, accounts) in
                        subjects.into_iter().filter(|(_, ids)| !ids.is_empty())
                    {
                        let group = groups.entry((subject, sign)).or_default();
                        group.documents.insert(document.document.to_string());
                        group.restored +=
                            accounts.iter().filter(|id| restored.contains(id)).count();
                        group.accounts.extend(accounts);
                        group.regions.insert(part.region.clone());
                        group.owners.insert(part.owner);
                        group.homes.extend(document.replica.as_ref().map(|r| r.home.clone()));
                    }
                };
                if let Some(replica) = &document.replica {
                    let owner = [part.owner];
                    match replica.change {
                        ReplicaChange::Make => add(Sign::Replicate, &owner, &[]),
                        ReplicaChange::Restore => add(Sign::Replicate, &owner, &owner),
                        ReplicaChange::Renew => add(Sign::RenewReplica, &owner, &[]),
                        ReplicaChange::Delete => add(Sign::DeleteReplica, &owner, &[]),
                    }
                }
                add(Sign::Share, &document.share, &document.restore);
                add(Sign::Copy, &document.copy, &document.restore);
                add(Sign::Renew, &document.renew, &[]);
                add(Sign::Adopt, &document.adopt, &[]);
                add(Sign::Unshare, &document.unshare, &[]);
                add(Sign::Delete, &document.delete, &[]);
                add(Sign::Moved, &document.moved, &[]);
                for left in &document.left {
                    add(Sign::Keep(left.because), &left.accounts, &[]);
                }
            }
        }
        Self { by, groups, alarms: alarms(effect, parts) }
    }

    /// Each line without its sign, which stands before it.
    fn texts(&self) -> impl Iterator<Item = (Sign, String)> + '_ {
        self.groups.iter().map(|((subject, sign), group)| (*sign, self.text(subject, *sign, group)))
    }

    fn text(&self, subject: &str, sign: Sign, group: &Group) -> String {
        let Group { documents, accounts, regions, restored, .. } = group;
        let (verb, to) = match sign {
            Sign::Replicate | Sign::RenewReplica | Sign::DeleteReplica => {
                return self.replica_text(subject, sign, group);
            }
            Sign::Share => ("share", "with"),
            Sign::Copy => ("copy", "to"),
            Sign::Renew => ("update the copies of", "in"),
            Sign::Delete => ("delete the copies of", "in"),
            Sign::Adopt => ("take over", "with"),
            Sign::Unshare => ("unshare", "from"),
            Sign::Keep(_) => ("keep", "with"),
            Sign::Moved => ("leave", "with"),
        };
        let regions = count(regions.len(), "Region");
        let whom = match sign {
            // Changes by others have no rule to look at.
            Sign::Adopt | Sign::Keep(LeftBecause::Foreign | LeftBecause::Unadopted) => {
                named(accounts)
            }
            _ => count(accounts.len(), "account"),
        };
        let what = count(documents.len(), "document");
        let line = match self.by {
            By::Document => format!("{verb} {subject} {to} {whom} in {regions}"),
            By::Account => format!("{verb} {what} {to} {subject} in {regions}"),
            By::Rule => format!("{subject}: {verb} {what} {to} {whom} in {regions}"),
        };
        match sign {
            Sign::Share | Sign::Copy if *restored > 0 => {
                format!("{line} ({restored} taken back by hand)")
            }
            Sign::Keep(because) => format!("{line}: {}", because.in_words()),
            Sign::Adopt => format!("{line} (others made these shares; they become the suite's)"),
            Sign::Moved => {
                format!("{line}: rules, documents or shares have changed since the plan")
            }
            _ => line,
        }
    }

    /// A line about documents in the owner's own account.
    fn replica_text(&self, subject: &str, sign: Sign, group: &Group) -> String {
        let homes: Vec<&str> = group.homes.iter().map(Region::as_str).collect();
        let homes = homes.join(", ");
        let regions = count(group.regions.len(), "Region");
        let what = count(group.documents.len(), "document");
        let what = match self.by {
            By::Document => subject.to_owned(),
            By::Account => format!("{what} of {subject}"),
            By::Rule => what,
        };
        let line = match sign {
            Sign::Replicate => format!("replicate {what} from {homes} to {regions}"),
            Sign::RenewReplica => {
                format!("update the replicas of {what} in {regions} from {homes}")
            }
            _ => format!("delete the replicas of {what} in {regions}"),
        };
        let line = match self.by {
            By::Rule => format!("{subject}: {line}"),
            By::Document | By::Account => line,
        };
        match group.restored {
            0 => line,
            restored => format!("{line} ({restored} deleted by hand)"),
        }
    }

    /// The lines about shares of others that become the suite's.
    pub(super) fn adoptions(&self) -> Vec<String> {
        self.texts().filter(|(sign, _)| *sign == Sign::Adopt).map(|(_, text)| text).collect()
    }

    /// For people at a terminal.
    pub(super) fn print(&self, output: &Output) {
        for (sign, text) in self.texts() {
            let (color, sign) = match sign {
                Sign::Replicate | Sign::Share | Sign::Copy => (style::GREEN, '+'),
                Sign::Adopt | Sign::Renew | Sign::RenewReplica => (style::YELLOW, '~'),
                Sign::Unshare | Sign::Delete | Sign::DeleteReplica => (style::RED, '-'),
                Sign::Keep(_) => ("", '='),
                Sign::Moved => (style::YELLOW, '!'),
            };
            output.line(format_args!("{color}{sign} {text}{}", style::RESET));
        }
        for alarm in &self.alarms {
            output.line(format_args!("{}! {alarm}{}", style::YELLOW, style::RESET));
        }
    }

    /// For a pull request on GitHub.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::from("### Effect on shares\n\n");
        if self.groups.is_empty() && self.alarms.is_empty() {
            text += "Nothing to change.\n";
            return text;
        }
        // A code block of the language `diff` is coloured.
        text += "```diff\n";
        for (sign, line) in self.texts() {
            let sign = match sign {
                Sign::Replicate | Sign::Share | Sign::Copy => '+',
                Sign::Adopt | Sign::Renew | Sign::RenewReplica | Sign::Moved => '!',
                Sign::Unshare | Sign::Delete | Sign::DeleteReplica => '-',
                Sign::Keep(_) => ' ',
            };
            text += &format!("{sign} {line}\n");
        }
        for alarm in &self.alarms {
            text += &format!("! {alarm}\n");
        }
        text + "```\n"
    }
}

/// The accounts by their ids, as far as they are few.
fn named(accounts: &BTreeSet<AccountId>) -> String {
    let ids: Vec<&str> = accounts.iter().take(NAMED).map(AccountId::as_str).collect();
    match accounts.len().saturating_sub(NAMED) {
        0 => ids.join(", "),
        more => format!("{} and {more} more (--by account)", ids.join(", ")),
    }
}

/// Owners that cannot be reached and problems, each once.
fn alarms(effect: &SharingEffect, parts: &[PartEffect]) -> Vec<String> {
    let mut alarms = Vec::new();
    for part in effect.parts.iter().filter(|part| part.error.is_some()) {
        let reason = part.error.as_ref().map(|error| error.in_words()).unwrap_or_default();
        alarms.push(format!("owner {} in {}: {reason}", part.owner, part.region));
    }
    let problems = parts.iter().flat_map(|part| &part.problems).chain(&effect.problems);
    for problem in problems {
        let line = match problem.code.as_str() {
            "RoleNotAssumable" => {
                let owner = problem.place.to_string();
                let owner = owner.split('/').next().unwrap_or_default().to_owned();
                format!("owner {owner} cannot be reached: {}", problem.what)
            }
            _ => format!("{}: {} [{}]", problem.place, problem.what, problem.code),
        };
        if !alarms.contains(&line) {
            alarms.push(line);
        }
    }
    alarms
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(by: By) -> Lines {
        let counts = json!({});
        let effect = json!({
            "id": "0123456789ab", "execution": "arn", "rulesVersion": "sha256:0",
            "seenAt": "2026-01-01T00:00:00Z", "verdict": "shown", "totals": counts,
            "parts": [{"owner": "333344445555", "region": "us-east-1",
                "error": {"Error": "Throttled", "Cause": "SSM throttled every call"}}],
            "problems": [{"code": "RulesEmpty", "where": "rules", "what": "there is no rule", "hint": ""}],
        });
        let part = |region: &str| {
            json!({
                "owner": "222233334444", "region": region,
                "documents": {
                    "Org-Old": {"document": "Org-Old", "rules": [], "unshare": ["444455556666"]},
                    "Org-Patch": {
                        "document": "Org-Patch", "rules": ["everybody", "prod"],
                        "share": ["444455556666", "555566667777"], "restore": ["444455556666"],
                        "adopt": ["666677778888"],
                        "left": [
                            {"because": "foreign", "accounts": ["999999999999"]},
                            {"because": "unadopted", "accounts": ["777788889999"]},
                        ],
                    },
                    "Org-Wide": {
                        "document": "Org-Wide", "rules": ["wide"],
                        "copy": ["444455556666", "555566667777"], "renew": ["666677778888"],
                        "delete": ["777788889999"],
                        "left": [{"because": "ownDocument", "accounts": ["888899990000"]}],
                    },
                    "Org-Zone": {
                        "document": "Org-Zone", "rules": ["zones"],
                        "replica": {"home": "ap-south-1", "change": "make"},
                        "share": ["444455556666"],
                    },
                },
                "problems": [{"code": "RoleNotAssumable", "where": "333344445555/eu-west-1",
                    "what": "AccessDenied", "hint": ""}],
            })
        };
        let parts =
            ["eu-west-1", "us-east-1"].map(|region| serde_json::from_value(part(region)).unwrap());
        Lines::new(&serde_json::from_value(effect).unwrap(), &parts, by)
    }

    #[test]
    fn a_plan_is_a_line_for_each_document_with_the_number_of_accounts_and_regions() {
        assert_eq!(
            lines(By::Document).markdown(),
            "\
### Effect on shares

```diff
- unshare Org-Old of 222233334444 from 1 account in 2 Regions
+ share Org-Patch of 222233334444 with 2 accounts in 2 Regions (2 taken back by hand)
! take over Org-Patch of 222233334444 with 666677778888 in 2 Regions (others made these shares; they become the suite's)
  keep Org-Patch of 222233334444 with 999999999999 in 2 Regions: somebody else shared it, and no rule names them
  keep Org-Patch of 222233334444 with 777788889999 in 2 Regions: somebody else shared it as the rules want, so it is never taken back: relay import --adopt
+ copy Org-Wide of 222233334444 to 2 accounts in 2 Regions
! update the copies of Org-Wide of 222233334444 in 1 account in 2 Regions
- delete the copies of Org-Wide of 222233334444 in 1 account in 2 Regions
  keep Org-Wide of 222233334444 with 1 account in 2 Regions: they have a document of their own of this name
+ replicate Org-Zone of 222233334444 from ap-south-1 to 2 Regions
+ share Org-Zone of 222233334444 with 1 account in 2 Regions
! owner 333344445555 in us-east-1: Throttled: SSM throttled every call
! owner 333344445555 cannot be reached: AccessDenied
! rules: there is no rule [RulesEmpty]
```
"
        );
    }

    #[test]
    fn the_same_plan_by_account_and_by_rule() {
        let texts = |by: By| -> Vec<String> { lines(by).texts().map(|(_, text)| text).collect() };
        assert_eq!(
            texts(By::Account),
            [
                "replicate 1 document of 222233334444 from ap-south-1 to 2 Regions",
                "share 2 documents with 444455556666 in 2 Regions (2 taken back by hand)",
                "copy 1 document to 444455556666 in 2 Regions",
                "unshare 1 document from 444455556666 in 2 Regions",
                "share 1 document with 555566667777 in 2 Regions",
                "copy 1 document to 555566667777 in 2 Regions",
                "update the copies of 1 document in 666677778888 in 2 Regions",
                "take over 1 document with 666677778888 in 2 Regions (others made these shares; they become the suite's)",
                "delete the copies of 1 document in 777788889999 in 2 Regions",
                "keep 1 document with 777788889999 in 2 Regions: somebody else shared it as the rules want, so it is never taken back: relay import --adopt",
                "keep 1 document with 888899990000 in 2 Regions: they have a document of their own of this name",
                "keep 1 document with 999999999999 in 2 Regions: somebody else shared it, and no rule names them",
            ]
        );
        assert_eq!(
            texts(By::Rule)[..2],
            [
                "no rule: unshare 1 document from 1 account in 2 Regions",
                "rule everybody: share 1 document with 2 accounts in 2 Regions (2 taken back by hand)",
            ]
        );
    }

    #[test]
    fn every_account_is_named_with_which_somebody_else_shares_as_far_as_a_line_holds_them() {
        let ids = |n: u64| (0..n).map(|n| format!("{n:012}").parse().unwrap()).collect();
        assert_eq!(named(&ids(2)), "000000000000, 000000000001");
        let many = named(&ids(21));
        assert!(many.ends_with("000000000019 and 1 more (--by account)"), "{many}");
    }

    #[test]
    fn a_plan_without_changes_says_so() {
        let mut nothing = lines(By::Document);
        nothing.groups.clear();
        nothing.alarms.clear();
        assert_eq!(nothing.markdown(), "### Effect on shares\n\nNothing to change.\n");
    }
}
