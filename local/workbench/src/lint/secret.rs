//! Passwords, keys and tokens in the text.

use std::sync::LazyLock;

use regex::Regex;
use runbook::mentions;
use yaml_tree::Position;

use super::{Review, Rule};
use crate::document::{field, scalars};

/// The forms that make a text a secret by themselves, in comments and descriptions too: it has leaked wherever it is.
static FORMS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let forms = [
        ("an access key id of AWS", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
        ("a private key", r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----"),
        ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
        ("a token of Slack", r"\bxox[abprs]-[0-9]{6,}-[A-Za-z0-9-]{10,}"),
        (
            "a webhook of Slack",
            r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
        ),
    ];
    forms.into_iter().filter_map(|(name, form)| Some((name, Regex::new(form).ok()?))).collect()
});

const HINT: &str = "Remove it, have it replaced by its issuer, and read the new one from Secrets Manager or from a \
                    SecureString of Parameter Store when the runbook runs.";

pub(super) fn check(review: &mut Review<'_>) {
    let mut found = Vec::new();
    for (line, number) in review.lines.iter().zip(1..) {
        for (name, form) in FORMS.iter() {
            for hit in form.find_iter(line).filter(|hit| !is_example(hit.as_str())) {
                let column = line.get(..hit.start()).unwrap_or_default().chars().count() as u64 + 1;
                let at = Position { line: number, column };
                found.push((at, String::new(), format!("{name} stands in the text")));
            }
        }
    }
    let root = review.document.root();
    for (name, node) in field(root, "parameters").map(yaml_tree::Node::fields).unwrap_or_default() {
        if let Some(default) = field(node, "default")
            && is_secret_name(name)
            && default.value.as_written().is_some_and(is_literal)
        {
            let path = format!("parameters.{name}.default");
            found.push((
                default.at,
                path,
                format!("the parameter {name} has a secret as its default"),
            ));
        }
    }
    for at in &review.steps {
        let Some(inputs) = field(at.node, "inputs") else { continue };
        if field(inputs, "Steps").is_some() {
            continue;
        }
        scalars(inputs, &format!("{}.inputs", at.path), &["Script"], &mut |scalar| {
            if is_secret_name(scalar.key) && is_literal(scalar.text) {
                let message = format!("{} is written into the runbook", scalar.key);
                found.push((scalar.node.at, scalar.path, message));
            }
        });
    }
    for (at, path, message) in found {
        review.find(Rule::HardCodedSecret, at, &path, message, HINT);
    }
}

fn is_example(text: &str) -> bool {
    text.contains("EXAMPLE") || text.contains("XXXXX") || text.contains("xxxxx")
}

/// Names whose value is the secret itself, not a way to it such as `SecretId` or `NextToken`.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    let endings = [
        "password",
        "passwd",
        "passphrase",
        "secretkey",
        "secretaccesskey",
        "apikey",
        "secretstring",
        "authtoken",
        "accesstoken",
        "apitoken",
        "bearertoken",
    ];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// A text that stands for itself: not empty, no reference, no path to where the secret is.
fn is_literal(text: &str) -> bool {
    let text = text.trim();
    let is_place = text.starts_with("arn:") || text.starts_with('/') || text.starts_with("{{");
    let is_flag = ["true", "false"].contains(&text.to_lowercase().as_str());
    !text.is_empty()
        && !is_place
        && !is_flag
        && !is_example(text)
        && mentions(text).next().is_none()
}
