//! From the stacks of AWS's sample `AWS-Org-SSM-Permissions` to the sharing rule that does the same. Pure.
//!
//! The sample (aws-samples/aws-management-and-governance-samples) has a stack in the management account, which hears of
//! new accounts, and one in each Region of the account that owns documents, which shares all of them there with each new
//! account. They are known by their parameters and outputs: people name stacks as they like.

use std::collections::{BTreeMap, BTreeSet};

use relay_core::id::{AccountId, Region};
use serde_json::{Value, json};

use super::draft::Draft;

/// The topic between the two stacks.
const TOPIC: &str = ":SSM-Account-Permissions";

/// A stack, as far as it says whether it is one of the sample's.
#[derive(Debug, Clone, Default)]
pub(super) struct Deployed {
    pub name: String,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
}

impl Deployed {
    /// In the account that owns the documents.
    fn shares(&self) -> bool {
        let topic = self.parameters.get("SNSTopicArn");
        topic.is_some_and(|arn| arn.ends_with(TOPIC))
            && self.parameters.contains_key("SNSTopicRegion")
    }

    /// In the management account: the account that it lets subscribe, which owns the documents.
    fn owner(&self) -> Option<AccountId> {
        let topic = self.outputs.get("SNSTopicARN").or_else(|| self.outputs.get("SNSTopicArn"));
        topic.filter(|arn| arn.ends_with(TOPIC))?;
        self.parameters.get("AccountTwoID")?.parse().ok()
    }
}

/// The rules that do what these stacks of an account do.
pub(super) fn rules(account: AccountId, stacks: &[(Region, Deployed)]) -> Vec<Draft> {
    let sharing: Vec<&(Region, Deployed)> =
        stacks.iter().filter(|(_, stack)| stack.shares()).collect();
    let mut drafts = Vec::new();
    if !sharing.is_empty() {
        let regions: BTreeSet<&Region> = sharing.iter().map(|(region, _)| region).collect();
        let names: BTreeSet<&str> = sharing.iter().map(|(_, stack)| stack.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        drafts.push(draft(account, &json!(regions), &names, &[]));
    }
    let looked: BTreeSet<&Region> = stacks.iter().map(|(region, _)| region).collect();
    for (_, stack) in stacks {
        let Some(owner) = stack.owner().filter(|owner| *owner != account || sharing.is_empty())
        else {
            continue;
        };
        let note = format!(
            "The Regions are those that were looked at. Those of the sample are the ones with its stack in {owner}: run relay \
             import there."
        );
        drafts.push(draft(owner, &json!(looked), &[&stack.name], &[note]));
    }
    drafts
}

fn draft(owner: AccountId, regions: &Value, stacks: &[&str], more: &[String]) -> Draft {
    let mut notes = vec![
        format!(
            "From AWS's sample AWS-Org-SSM-Permissions (stack {}): all documents, with each new account.",
            stacks.join(", ")
        ),
        "The sample shared with accounts that came after it; the rule shares with those before it as well.".to_owned(),
        "The sample takes nothing back. Delete its stacks once this rule is applied.".to_owned(),
    ];
    notes.extend_from_slice(more);
    let fields = json!({
        "documents": {"owner": owner, "names": ["*"]},
        "regions": regions,
        "accounts": {"in": ["organization"]},
    });
    Draft::new("sharing", format!("aws-sample-{owner}"), notes, &fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(name: &str, parameters: &[(&str, &str)], outputs: &[(&str, &str)]) -> Deployed {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        Deployed { name: name.to_owned(), parameters: map(parameters), outputs: map(outputs) }
    }

    const ARN: &str = "arn:aws:sns:us-east-1:111122223333:SSM-Account-Permissions";

    fn region(code: &str) -> Region {
        code.parse().unwrap()
    }

    #[test]
    fn the_stacks_of_the_owner_say_in_which_regions_everything_is_shared() {
        let child = || {
            let parameters = [("SNSTopicArn", ARN), ("SNSTopicRegion", "us-east-1")];
            stack("StackSet-documents", &parameters, &[])
        };
        let other = stack("web", &[("SNSTopicArn", "arn:aws:sns:us-east-1:111122223333:web")], &[]);
        let stacks = [
            (region("us-east-1"), child()),
            (region("eu-west-1"), child()),
            (region("eu-west-2"), other),
        ];
        let drafts = rules("222233334444".parse().unwrap(), &stacks);
        let [draft] = drafts.as_slice() else { panic!("{drafts:?}") };
        assert_eq!(draft.file(), "sharing/aws-sample-222233334444.yaml");
        assert_eq!(draft.problems(), []);
        assert!(draft.notes[0].contains("(stack StackSet-documents)"), "{:?}", draft.notes);
        let rule = draft.text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(
            rule.collect::<Vec<_>>(),
            [
                "documents:",
                "  owner: \"222233334444\"",
                "  names: [\"*\"]",
                "regions: [eu-west-1, us-east-1]",
                "accounts:",
                "  in: [organization]",
            ]
        );
    }

    #[test]
    fn the_stack_of_the_management_account_names_the_owner_and_not_its_regions() {
        let management = stack(
            "ssm-account-share",
            &[("AccountTwoID", "222233334444")],
            &[("SNSTopicARN", ARN)],
        );
        let drafts = rules("111122223333".parse().unwrap(), &[(region("us-east-1"), management)]);
        let [draft] = drafts.as_slice() else { panic!("{drafts:?}") };
        assert_eq!((draft.name.as_str(), draft.notes.len()), ("aws-sample-222233334444", 4));
        assert_eq!(draft.problems(), []);
    }
}
