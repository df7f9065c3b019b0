//! A page about a runbook, in Markdown: for the people who decide whether to run it.

use std::fmt::Write as _;

use runbook::{OnCancel, OnFailure, Parameter, Step};
use serde_json::Value;

use crate::policy::Needs;
use crate::{Document, graph};

/// The page of a runbook.
#[must_use]
pub fn page(name: &str, document: &Document, needs: &Needs) -> String {
    let runbook = document.runbook();
    let mut page = format!("# {name}\n");
    if let Some(description) = &runbook.description {
        let _ = write!(page, "\n{}\n", demoted(description.trim()));
    }
    parameters(&mut page, &runbook.parameters);
    page += "\n## Flow\n\nDashed red ways lead on from a failure or a cancel. A step without one ends the run when it fails.\n";
    let _ = write!(page, "\n```mermaid\n{}```\n", graph::mermaid(document));
    steps(&mut page, document);
    if !runbook.outputs.is_empty() {
        page += "\n## Outputs\n\n";
        for output in &runbook.outputs {
            let _ = writeln!(page, "- `{output}`");
        }
    }
    if !runbook.files.is_empty() {
        page += "\n## Attachments\n\n| file | SHA-256 |\n|---|---|\n";
        for (file, attachment) in &runbook.files {
            let digest = attachment.sha256.as_deref().unwrap_or("not given");
            let _ = writeln!(page, "| `{file}` | `{digest}` |");
        }
    }
    permissions(&mut page, needs);
    page
}

fn parameters(page: &mut String, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    *page += "\n## Parameters\n\n| name | type | default | values | what it is |\n|---|---|---|---|---|\n";
    for parameter in parameters {
        let default = match &parameter.default {
            None => "**required**".to_owned(),
            Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
            Some(default) => code(&plain(default)),
        };
        let values = match (&parameter.allowed_values, &parameter.allowed_pattern) {
            (Some(values), _) => {
                values.iter().map(|value| code(&plain(value))).collect::<Vec<_>>().join(", ")
            }
            (None, Some(pattern)) => code(pattern.as_str()),
            (None, None) => String::new(),
        };
        let says = parameter.description.as_deref().unwrap_or_default();
        let says = says.trim_start_matches("(Required) ").trim_start_matches("(Optional) ");
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {values} | {} |",
            parameter.name,
            code(&parameter.kind.name),
            cell(says)
        );
    }
}

fn steps(page: &mut String, document: &Document) {
    *page +=
        "\n## Steps\n\n| step | does | when it fails | when it is cancelled |\n|---|---|---|---|\n";
    let steps = document.steps();
    for at in &steps {
        let step = at.step;
        let within = at.within.and_then(|place| steps.get(place));
        let name = match within {
            Some(outer) => format!("`{}` in `{}`", step.name, outer.step.name),
            None => format!("`{}`", step.name),
        };
        let says = step.description.as_deref().map(|says| format!(". {}", cell(says)));
        let _ = writeln!(
            page,
            "| {name} | {}{} | {} | {} |",
            code(&graph::what(step)),
            says.unwrap_or_default(),
            on_failure(step),
            match step.effective_on_cancel() {
                OnCancel::Abort => "the run ends".to_owned(),
                OnCancel::Step(next) => format!("`{next}`"),
            }
        );
    }
}

fn on_failure(step: &Step) -> String {
    let critical = step.effective_is_critical();
    let fails = critical == Value::Bool(true) || critical == "true";
    match step.effective_on_failure() {
        OnFailure::Abort => "the run fails".to_owned(),
        OnFailure::Continue if fails => "goes on; the run fails at its end".to_owned(),
        OnFailure::Continue => "goes on".to_owned(),
        OnFailure::Step(next) => format!("`{next}`"),
    }
}

fn permissions(page: &mut String, needs: &Needs) {
    *page += "\n## Permissions of the role\n\n";
    if needs.needs.is_empty() {
        *page += "None that its steps show.\n";
    } else {
        *page += "`relay runbook policy` made this policy from the steps and scripts.\n";
        let policy = serde_json::to_string_pretty(&needs.policy()).unwrap_or_default();
        let _ = write!(page, "\n```json\n{policy}\n```\n");
    }
    if !needs.unseen.is_empty() {
        *page += "\nNot in the policy, because nothing shows them before a run:\n\n";
        for unseen in &needs.unseen {
            let _ = writeln!(page, "- step `{}`: {}", unseen.step, unseen.what);
        }
    }
}

/// A text in Markdown with its headings one level further down, below the page's own.
fn demoted(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().map(|line| {
        fenced ^= line.trim_start().starts_with("```");
        if line.starts_with('#') && !fenced { format!("#{line}") } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text for a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A text as code in a cell of a table, whatever it holds.
fn code(text: &str) -> String {
    let text = cell(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::policy::{Place, needs};

    #[test]
    fn a_page_says_what_somebody_asks_before_a_run() {
        let text = "schemaVersion: '0.3'\ndescription: |-\n  # Stops an instance\n\n  And waits.\nparameters:\n  Id: {type: String, description: '(Required) The instance.', allowedPattern: '^i-[0-9a-f|]+$'}\n  Mode: {type: String, default: soft, allowedValues: [soft, hard]}\nmainSteps:\n  - name: stop\n    action: aws:changeInstanceState\n    description: By force if it must be.\n    onFailure: step:say\n    inputs: {InstanceIds: ['{{ Id }}'], DesiredState: stopped}\n    isEnd: true\n  - name: say\n    action: aws:executeScript\n    onFailure: Continue\n    inputs: {Runtime: PowerShell 7.4, Script: 'Import-Module AWS.Tools.EC2'}\noutputs: [stop.InstanceStates]\n";
        let document = Document::parse(text).unwrap();
        let needs = needs(&document, &Place::default(), &|_| None);
        expect![[r##"
            # Org-Stop

            ## Stops an instance

            And waits.

            ## Parameters

            | name | type | default | values | what it is |
            |---|---|---|---|---|
            | `Id` | `String` | **required** | `^i-[0-9a-f\|]+$` | The instance. |
            | `Mode` | `String` | `soft` | `soft`, `hard` |  |

            ## Flow

            Dashed red ways lead on from a failure or a cancel. A step without one ends the run when it fails.

            ```mermaid
            flowchart TD
              start([start])
              s0["stop<br>changeInstanceState stopped"]
              s1["say<br>executeScript"]
              finish([end])
              start --> s0
              s0 --> finish
              s0 -.->|"on failure"| s1
              s1 --> finish
              s1 -.->|"on failure"| finish
              linkStyle 2,4 stroke:#c0392b
            ```

            ## Steps

            | step | does | when it fails | when it is cancelled |
            |---|---|---|---|
            | `stop` | `changeInstanceState stopped`. By force if it must be. | `say` | the run ends |
            | `say` | `executeScript` | goes on | the run ends |

            ## Outputs

            - `stop.InstanceStates`

            ## Permissions of the role

            `relay runbook policy` made this policy from the steps and scripts.

            ```json
            {
              "Version": "2012-10-17",
              "Statement": [
                {
                  "Effect": "Allow",
                  "Action": [
                    "ec2:DescribeInstanceStatus",
                    "ec2:DescribeInstances"
                  ],
                  "Resource": "*"
                },
                {
                  "Effect": "Allow",
                  "Action": "ec2:StopInstances",
                  "Resource": "arn:aws:ec2:*:*:instance/*"
                }
              ]
            }
            ```

            Not in the policy, because nothing shows them before a run:

            - step `say`: calls of a PowerShell script
        "##]].assert_eq(&page("Org-Stop", &document, &needs));
    }
}
