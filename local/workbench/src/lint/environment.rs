//! Accounts, ARNs and Regions that tie a runbook to one environment.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use relay_core::id::Region;
use yaml_tree::{Node, Position};

use super::script::Language;
use super::{Review, Rule};
use crate::document::{field, scalars};

/// Accounts that publish for everybody: their ids are the same wherever a runbook runs.
///
/// Owners of images: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html> and the
/// publishers' pages. Load balancers' logs:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html>.
/// Containers: <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>.
const PUBLISHERS: &[&str] = &[
    // Amazon Linux, Windows, ECS, EKS, Deep Learning, NAT, Marketplace
    "137112412989",
    "801119661308",
    "591542846629",
    "602401143452",
    "763104351884",
    "898082745236",
    "679593333241",
    "045324592363",
    "016951021795",
    "806199016981",
    "955116512041",
    // Canonical, Red Hat, SUSE, Debian, CentOS, Rocky, Oracle
    "099720109477",
    "309956199498",
    "013907871322",
    "136693071363",
    "379101102735",
    "125523088429",
    "792107900819",
    "131827586825",
    "513442679011",
    "837727238323",
    // Elastic Load Balancing, by Region
    "127311923021",
    "033677994240",
    "027434742980",
    "797873946194",
    "098369216593",
    "754344448648",
    "589379963580",
    "718504428378",
    "383597477331",
    "600734575887",
    "114774131450",
    "783225319266",
    "582318560864",
    "985666609251",
    "054676820928",
    "156460612806",
    "652711504416",
    "635631232127",
    "009996457667",
    "897822967062",
    "076674570225",
    "507241528517",
    "048591011584",
    "190560391635",
    "638102146993",
    "037604701340",
];

/// Services with one endpoint for the whole partition: a Region beside them is that of the endpoint.
const GLOBAL: &[&str] = &[
    "account",
    "aws-marketplace",
    "billing",
    "bcm-data-exports",
    "budgets",
    "ce",
    "chime",
    "cloudfront",
    "cost-optimization-hub",
    "cur",
    "ecr-public",
    "globalaccelerator",
    "health",
    "iam",
    "importexport",
    "marketplace-catalog",
    "networkmanager",
    "organizations",
    "pricing",
    "route53",
    "route53domains",
    "route53-recovery-control-config",
    "savingsplans",
    "shield",
    "support",
    "trustedadvisor",
    "waf",
    "wafv2",
    "acm",
    "fms",
];

/// The fields that are written for people or about others: no runbook acts there.
const PROSE: &[&str] =
    &["description", "Description", "Message", "allowedPattern", "allowedValues"];

static ARN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let field = r"(\{\{[^{}]*\}\}|\{[^{}]*\}|[A-Za-z0-9*-]*)";
    let partition = r"(\{\{[^{}]*\}\}|\{[^{}]*\}|aws[a-z-]*)";
    Regex::new(&format!(r"\barn:{partition}:([a-z0-9-]+):{field}:{field}:")).ok()
});

static IN_URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"amazonaws\.com(?:\.cn)?/([0-9]{12})/|\b([0-9]{12})\.dkr\.ecr\.").ok()
});

/// A finding that is not recorded yet.
type Found = (Rule, Position, String, String);

pub(super) fn check(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (node, path) in roots(review) {
        scalars(node, &path, &[PROSE, &["Script"]].concat(), &mut |scalar| {
            let text = scalar.text;
            let mut add = |rule, part: &Range<usize>, message: String| {
                let at = review.place(scalar.node, text, part);
                found.push((rule, at, scalar.path.clone(), message));
            };
            in_text(text, &mut add);
            if is_account(text.trim()) {
                add(Rule::HardCodedAccount, &(0..text.len()), account(text.trim()));
            }
        });
    }
    regions(review, &mut found);
    in_scripts(review, &mut found);
    for (rule, at, path, message) in found {
        review.find(rule, at, &path, message, hint(rule));
    }
}

fn hint(rule: Rule) -> &'static str {
    match rule {
        Rule::HardCodedAccount => {
            "Take it as a parameter; for the account of the run write {{ global:ACCOUNT_ID }}."
        }
        Rule::HardCodedRegion => {
            "Take it as a parameter; for the Region of the run write {{ global:REGION }}."
        }
        Rule::HardCodedPartition => "Write arn:{{ global:AWS_PARTITION }}:…",
        _ => {
            "Take it as a parameter, or write it with {{ global:AWS_PARTITION }}, {{ global:REGION }} and \
             {{ global:ACCOUNT_ID }}."
        }
    }
}

/// Where values are that the runbook uses: the role, defaults, inputs.
fn roots<'d>(review: &Review<'d>) -> Vec<(&'d Node, String)> {
    let root = review.document.root();
    let mut roots = Vec::new();
    roots.extend(field(root, "assumeRole").map(|node| (node, "assumeRole".to_owned())));
    for section in ["parameters", "variables"] {
        for (name, node) in field(root, section).map(Node::fields).unwrap_or_default() {
            let default = field(node, "default");
            roots.extend(default.map(|node| (node, format!("{section}.{name}.default"))));
        }
    }
    for at in &review.steps {
        if let Some(inputs) = field(at.node, "inputs")
            && field(inputs, "Steps").is_none()
        {
            roots.push((inputs, format!("{}.inputs", at.path)));
        }
    }
    roots
}

/// ARNs and addresses in any text.
fn in_text(text: &str, add: &mut dyn FnMut(Rule, &Range<usize>, String)) {
    if let Some(arn) = ARN.as_ref().filter(|_| text.contains("arn:")) {
        for found in arn.captures_iter(text) {
            let part = |nth| found.get(nth).map_or("", |part| part.as_str());
            let Some(whole) = found.get(0) else { continue };
            let (partition, region, account) = (part(1), part(3), part(4));
            let range = whole.range();
            if PUBLISHERS.contains(&account) {
                continue;
            }
            let is_region = Region::known().contains(&region);
            if is_account_id(account) {
                let message = format!("an ARN names the account {account}");
                add(Rule::HardCodedArn, &range, message);
            } else if is_region && account.is_empty() {
                let message = format!("an ARN names the Region {region}");
                add(Rule::HardCodedRegion, &range, message);
            } else if is_region {
                add(Rule::HardCodedArn, &range, format!("an ARN names the Region {region}"));
            } else if partition == "aws" {
                let message = "an ARN names the partition aws".to_owned();
                add(Rule::HardCodedPartition, &range, message);
            }
        }
    }
    if let Some(url) =
        IN_URL.as_ref().filter(|_| text.contains("amazonaws") || text.contains(".ecr."))
    {
        for found in url.captures_iter(text) {
            let Some(id) = found.get(1).or_else(|| found.get(2)) else { continue };
            if is_account(id.as_str()) {
                add(Rule::HardCodedAccount, &id.range(), account(id.as_str()));
            }
        }
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An account that is not the same for everybody.
fn is_account(text: &str) -> bool {
    is_account_id(text) && !PUBLISHERS.contains(&text)
}

fn account(id: &str) -> String {
    format!("the account {id} is written into the runbook")
}

fn region(name: &str) -> String {
    format!("the Region {name} is written into the runbook")
}

/// Regions in inputs that are about a Region.
fn regions(review: &Review<'_>, found: &mut Vec<Found>) {
    for at in &review.steps {
        let Some(inputs) = field(at.node, "inputs") else { continue };
        let service = field(inputs, "Service").and_then(|node| node.value.as_written());
        let is_global = service.is_some_and(|name| GLOBAL.contains(&name.to_lowercase().as_str()));
        if is_global || field(inputs, "Steps").is_some() {
            continue;
        }
        let path = format!("{}.inputs", at.path);
        scalars(inputs, &path, &[PROSE, &["Script"]].concat(), &mut |scalar| {
            let text = scalar.text.trim();
            let is_zone = scalar.key.to_lowercase().starts_with("availabilityzone");
            let name = if is_zone {
                text.trim_end_matches(|c: char| c.is_ascii_lowercase())
            } else {
                text
            };
            if (is_zone || is_about_a_region(scalar.key)) && Region::known().contains(&name) {
                found.push((Rule::HardCodedRegion, scalar.node.at, scalar.path, region(text)));
            }
        });
    }
}

fn is_about_a_region(key: &str) -> bool {
    let key = key.to_lowercase().replace(['_', '-'], "");
    ["region", "regions", "regionname", "awsregion", "sourceregion", "destinationregion"]
        .contains(&key.as_str())
}

fn in_scripts(review: &Review<'_>, found: &mut Vec<Found>) {
    for script in &review.scripts {
        let lines = &review.lines;
        let mut add = |rule, part: &Range<usize>, message: String| {
            found.push((rule, script.place(lines, part), script.path.clone(), message));
        };
        if script.language == Language::PowerShell {
            in_text(&script.source.code, &mut add);
            continue;
        }
        let strings = || script.source.strings.iter().filter(|each| !each.is_documentation);
        for literal in strings() {
            let Some(text) = script.text.get(literal.range.clone()) else { continue };
            in_text(text, &mut |rule, part, message| {
                let start = literal.range.start;
                add(rule, &(start + part.start..start + part.end), message);
            });
            if is_account(text) {
                add(Rule::HardCodedAccount, &literal.range, account(text));
            }
            let open = literal.range.start.saturating_sub(1);
            if Region::known().contains(&text) && names_a_region(&script.source.code, open) {
                let (from, _) = line_of(script.text, open, 2);
                let (_, to) = line_of(script.text, open, 0);
                let is_global = strings()
                    .filter(|each| (from..to).contains(&each.range.start))
                    .filter_map(|each| script.text.get(each.range.clone()))
                    .any(|text| GLOBAL.contains(&text));
                if !is_global {
                    add(Rule::HardCodedRegion, &literal.range, region(text));
                }
            }
        }
    }
}

/// Whether what stands before a literal is `region_name=` of a call.
fn names_a_region(code: &str, literal: usize) -> bool {
    let (from, _) = line_of(code, literal, 0);
    let before = code.get(from..literal).unwrap_or_default();
    // A default of a function can be given another value.
    if before.trim_start().starts_with("def ") {
        return false;
    }
    let before = before.trim_end();
    before.strip_suffix('=').is_some_and(|before| before.trim_end().ends_with("region_name"))
}

/// Where the line of a byte begins, some lines above it, and where it ends.
fn line_of(text: &str, at: usize, above: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let from = before.rmatch_indices('\n').nth(above).map_or(0, |(newline, _)| newline + 1);
    let after = text.get(at..).unwrap_or_default();
    (from, at + after.find('\n').unwrap_or(after.len()))
}
