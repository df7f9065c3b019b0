//! An organization: ten groups of accounts, each an OU with OUs below it. Each group has its documents, which are shared
//! with its accounts. Some documents more are copied to every account.

use aws_double::{Aws, Document, Pages, REGION};
use serde::{Deserialize, Serialize};

/// The account that owns every document.
pub(crate) const OWNER: &str = "222233334444";
/// Groups of accounts: a document is wanted by a tenth of them.
pub(crate) const GROUPS: usize = 10;
/// As many as a large organization uses. The first one is the hub's.
const REGIONS: [&str; 17] = [
    REGION,
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
];
const RUNBOOK: &str = "\
schemaVersion: '0.3'
description: Waits a second.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs: {Duration: PT1S}
";

/// How large the organization is, and how much is shared in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Accounts, the owner of the documents not counted.
    pub accounts: usize,
    pub units: usize,
    /// Documents that are shared, each with a tenth of the accounts.
    pub documents: usize,
    /// Documents that are copied to all accounts.
    pub copied: usize,
    /// Regions, at most 17: each has all documents.
    pub regions: usize,
}

impl Size {
    /// With how many accounts each document is shared.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.accounts / GROUPS
    }

    /// How many OUs are below that of a group.
    pub(crate) fn units_below(&self) -> usize {
        (self.units / GROUPS).saturating_sub(1)
    }

    pub(crate) fn region_names(&self) -> &'static [&'static str] {
        REGIONS.get(..self.regions).unwrap_or(&REGIONS)
    }

    /// Pairs of document and account in one Region: shares and copies.
    #[must_use]
    pub fn pairs(&self) -> (usize, usize) {
        (self.documents * self.wanted(), self.copied * self.accounts)
    }

    /// Sharing rules: one for each group, and one for the copies.
    pub(crate) fn rules(&self) -> usize {
        GROUPS + usize::from(self.copied > 0)
    }

    /// An AWS with this organization, in which nothing is shared yet. Of its calls only the number is kept.
    #[must_use]
    pub fn aws(&self) -> Aws {
        let aws = Aws::at("2026-07-01T00:00:00Z");
        aws.only_count();
        let mut state = aws.state();
        state.pages = Pages::Usual;
        state.organization.member(OWNER, "r-root");
        let below = self.units_below();
        for group in 0..GROUPS {
            let unit = unit(group, 0);
            state.organization.unit(&unit, "r-root", &format!("Group-{group}"));
            for team in 1..=below {
                let name = format!("Team-{group}-{team}");
                state.organization.unit(&self::unit(group, team), &unit, &name);
            }
        }
        for number in 0..self.accounts {
            let (group, nth) = (number % GROUPS, number / GROUPS);
            let team = if below == 0 { 0 } else { 1 + nth % below };
            state.organization.member(&account(number), &unit(group, team));
        }
        for group in 0..GROUPS {
            let rule = rule(
                self.region_names(),
                &format!("Org-{group}-*"),
                &format!("/Group-{group}"),
                "share",
            );
            let name = format!("/runbook-relay/sharing/group-{group}");
            state.hub().ssm.parameters.insert(name, rule);
        }
        if self.copied > 0 {
            let rule = rule(self.region_names(), "Wide-*", "organization", "copy");
            let name = "/runbook-relay/sharing/wide".to_owned();
            state.hub().ssm.parameters.insert(name, rule);
        }
        let claim = "/runbook-relay/claims/runbook-relay".to_owned();
        state.at(OWNER, REGION).ssm.parameters.insert(claim, "*".to_owned());
        for region in self.region_names() {
            let shared = (0..self.documents).map(|n| format!("Org-{}-{:03}", n % GROUPS, n));
            let copied = (0..self.copied).map(|n| format!("Wide-{n:03}"));
            for name in shared.chain(copied) {
                let document = Document::default().with_version(RUNBOOK);
                state.at(OWNER, region).ssm.documents.insert(name, document);
            }
        }
        drop(state);
        aws
    }

    /// How many shares and copies there are, in all Regions.
    pub(crate) fn made(&self, aws: &Aws) -> (usize, usize) {
        let mut state = aws.state();
        let (mut shares, mut copies) = (0, 0);
        for region in self.region_names() {
            let documents = &state.at(OWNER, region).ssm.documents;
            shares += documents.values().map(|document| document.shared.len()).sum::<usize>();
            for number in 0..self.accounts {
                copies += state.at(&account(number), region).ssm.documents.len();
            }
        }
        (shares, copies)
    }
}

fn account(number: usize) -> String {
    format!("6{number:011}")
}

/// The id of a group's OU, and of those below it from 1 on.
fn unit(group: usize, team: usize) -> String {
    format!("ou-root-{group:04}{team:04}")
}

fn rule(regions: &[&str], names: &str, whom: &str, distribution: &str) -> String {
    let regions = regions.join(", ");
    let children = whom != "organization";
    format!(
        "documents: {{owner: \"{OWNER}\", names: [\"{names}\"]}}\nregions: [{regions}]\n\
         accounts: {{in: [{whom}], includeChildUnits: {children}}}\ndistribution: {distribution}\n"
    )
}
