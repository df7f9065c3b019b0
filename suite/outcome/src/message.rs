//! The outcome as an SNS message: body for machines and for people, subject, attributes, within
//! SNS's limits.

use relay_core::id::AccountId;

use crate::{INLINE_LIMIT, Outcome, OutcomeStatus, email};

/// Body and attributes together stay below this, measured on the encoded request. SNS's own limit
/// is 256 KiB, and what subscribers' queues add to it differs.
pub const MAX_REQUEST_BYTES: usize = 200 * 1024;

/// SNS: "less than 100 characters".
const MAX_SUBJECT: usize = 99;

/// An outcome as a request to SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line of printable ASCII, under 100 characters.
    pub subject: String,
    /// For `MessageStructure=json`: an object of two texts, `default` and `email`.
    pub body: String,
    /// The text for machines, `default` in the body: the outcome as JSON, without what did not fit.
    pub json: String,
    /// At most ten, none of them empty.
    pub attributes: Vec<Attribute>,
}

/// One message attribute of that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The name that subscriptions filter by.
    pub name: &'static str,
    /// `String` or `String.Array`.
    pub data_type: &'static str,
    /// The text, or a JSON array of texts.
    pub value: String,
}

/// How much of an outcome goes into a message.
#[derive(Clone, Copy)]
struct Budget {
    problems: usize,
    list: usize,
    text: usize,
}

/// From all that is allowed to next to nothing. The last always fits: lists are empty and every
/// text is short.
const BUDGETS: [Budget; 6] = [
    Budget { problems: INLINE_LIMIT, list: 500, text: 2000 },
    Budget { problems: INLINE_LIMIT, list: 200, text: 500 },
    Budget { problems: 25, list: 100, text: 300 },
    Budget { problems: 10, list: 50, text: 200 },
    Budget { problems: 3, list: 10, text: 100 },
    Budget { problems: 0, list: 0, text: 100 },
];

impl Message {
    /// Renders a whole outcome. What does not fit is left out, and `truncated` says so.
    #[must_use]
    pub fn render(outcome: &Outcome) -> Self {
        let mut message = Self::within(outcome, BUDGETS[0]);
        for budget in &BUDGETS[1..] {
            if message.encoded_len() <= MAX_REQUEST_BYTES {
                break;
            }
            message = Self::within(outcome, *budget);
        }
        message
    }

    /// How long body, subject and attributes are in the request: SNS is called by form, where
    /// everything but letters, digits and `-_.~` takes three bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        // Names of the form's fields, with room for two-digit numbers.
        const ATTRIBUTE: usize = "&MessageAttributes.entry.10.Name=".len()
            + "&MessageAttributes.entry.10.Value.DataType=".len()
            + "&MessageAttributes.entry.10.Value.StringValue=".len();
        const REST: usize = "Action=Publish&Version=2010-03-31&TopicArn=&MessageStructure=json\
                             &Message=&Subject="
            .len()
            + 512;
        let attributes = self.attributes.iter().map(|attribute| {
            ATTRIBUTE
                + encoded(attribute.name)
                + encoded(attribute.data_type)
                + encoded(&attribute.value)
        });
        REST + encoded(&self.body) + encoded(&self.subject) + attributes.sum::<usize>()
    }

    fn within(outcome: &Outcome, budget: Budget) -> Self {
        let inline = shrink(outcome, budget);
        // Serialising these types cannot fail: no maps with odd keys, no floats but finite ones.
        let default = serde_json::to_string(&inline).unwrap_or_default();
        let email = email::text(&inline, budget.problems);
        Self {
            subject: subject(outcome),
            body: serde_json::json!({ "default": default, "email": email }).to_string(),
            json: default,
            attributes: attributes(&inline),
        }
    }
}

fn encoded(text: &str) -> usize {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { 1 } else { 3 }).sum()
}

fn shrink(outcome: &Outcome, budget: Budget) -> Outcome {
    let Budget { problems, list, text } = budget;
    let mut inline = outcome.clone();
    let mut cut = false;
    let mut clip = |field: &mut String| {
        if let Some((at, _)) = field.char_indices().nth(text) {
            field.truncate(at);
            field.push_str("...");
            cut = true;
        }
    };
    clip(&mut inline.summary);
    for problem in inline.problems.iter_mut().chain(&mut inline.solved) {
        let mut place = problem.place.to_string();
        clip(&mut place);
        problem.place = place.into();
        clip(&mut problem.what);
        clip(&mut problem.hint);
    }
    for run in inline.runs.iter_mut().take(problems) {
        run.reason.as_mut().into_iter().for_each(&mut clip);
        run.failed_step.as_mut().into_iter().for_each(&mut clip);
    }
    inline.resources.iter_mut().for_each(&mut clip);
    inline.resource_names.values_mut().for_each(&mut clip);
    if let Some(alarm) = &mut inline.alarm {
        alarm.reason.as_mut().into_iter().for_each(&mut clip);
    }
    inline.rules.iter_mut().for_each(&mut clip);
    fn keep<T>(items: &mut Vec<T>, most: usize) -> bool {
        let longer = items.len() > most;
        items.truncate(most);
        longer
    }
    cut |= keep(&mut inline.problems, problems);
    cut |= keep(&mut inline.solved, problems);
    cut |= keep(&mut inline.runs, problems);
    cut |= keep(&mut inline.accounts, list);
    cut |= keep(&mut inline.regions, list);
    cut |= keep(&mut inline.resources, list);
    cut |= keep(&mut inline.alarms, list);
    inline.resource_names.retain(|resource, _| inline.resources.contains(resource));
    cut |= keep(&mut inline.rules, list);
    cut |= keep(&mut inline.shares, list);
    if let Some(trigger) = &mut inline.trigger {
        trigger.arn.as_mut().into_iter().for_each(&mut |arn: &mut String| {
            if arn.len() > 2048 {
                arn.clear();
                cut = true;
            }
        });
        cut |= keep(&mut trigger.event_ids, list);
    }
    inline.truncated |= cut;
    inline
}

/// `runbook-relay sharing partial: account 444455556666, 2 problems`.
fn subject(outcome: &Outcome) -> String {
    let about = match (outcome.accounts.as_slice(), outcome.resources.as_slice()) {
        (_, [resource]) => format!(": {resource}"),
        ([account], _) => format!(": account {account}"),
        ([], _) => String::new(),
        (accounts, _) => format!(": {} accounts", accounts.len()),
    };
    let problems = match outcome.problems_total {
        0 => String::new(),
        1 => ", 1 problem".to_owned(),
        n => format!(", {n} problems"),
    };
    let status = match outcome.outcome {
        OutcomeStatus::PendingApproval => "pending approval",
        other => other.as_str(),
    };
    let text = format!("runbook-relay {} {status}{about}{problems}", outcome.flow.as_str());
    let printable = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    text.chars().map(printable).take(MAX_SUBJECT).collect()
}

fn attributes(outcome: &Outcome) -> Vec<Attribute> {
    let accounts = outcome.accounts.iter().map(AccountId::as_str);
    let run_accounts = outcome.runs.iter().map(|run| run.account.as_str());
    let regions = outcome.regions.iter().map(|region| region.as_str());
    let run_regions = outcome.runs.iter().map(|run| run.region.as_str());
    [
        attribute("flow", [outcome.flow.as_str()]),
        attribute("outcome", [outcome.outcome.as_str()]),
        attribute("severity", [outcome.severity.as_str()]),
        attribute("account", accounts.chain(run_accounts)),
        attribute("region", regions.chain(run_regions)),
        attribute("runbook", outcome.runs.iter().map(|run| run.runbook.as_str())),
        attribute("rule", outcome.rules.iter().map(String::as_str)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn attribute<'a>(
    name: &'static str,
    values: impl IntoIterator<Item = &'a str>,
) -> Option<Attribute> {
    let mut distinct: Vec<&str> = Vec::new();
    for value in values {
        if !value.is_empty() && !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    match distinct.as_slice() {
        [] => None,
        [one] => Some(Attribute { name, data_type: "String", value: (*one).to_owned() }),
        several => Some(Attribute {
            name,
            data_type: "String.Array",
            value: serde_json::json!(several).to_string(),
        }),
    }
}
