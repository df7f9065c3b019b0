//! The permissions of each step: those of its action, and those of the calls that it names.
//!
//! The permissions of an action are on its page of the actions reference:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html>.

use std::collections::BTreeSet;

use runbook::{ActionKind, Step};
use serde_json::{Map, Value};

use super::{Found, Place, arn, script, table::Section};
use crate::Document;
use crate::lint::{Language, scripts};

/// Runbooks that start runbooks, at most this deep.
const DEEPEST: usize = 8;

/// The calls that a call makes itself under the permissions of its caller: EC2's guide, "Replace the root volume for an
/// Amazon EC2 instance".
const IMPLIED: [(&str, &[(&str, &str)]); 1] = [(
    "CreateReplaceRootVolumeTask",
    &[("ec2", "CreateVolume"), ("ec2", "AttachVolume"), ("ec2", "DetachVolume")],
)];

/// Inputs that name a key, and the service that uses it in the role's name.
const KEYS: [&str; 4] = ["kmskeyid", "ssekmskeyid", "kmsmasterkeyid", "keyid"];

/// Reads every step of a document.
pub(super) fn read(
    document: &Document,
    place: &Place,
    child: &dyn Fn(&str) -> Option<Document>,
    depth: usize,
    found: &mut Found,
) {
    let scripts = scripts(document);
    let mut reader = Reader { place, child, depth, found };
    for (nth, at) in document.steps().iter().enumerate() {
        reader.step(at.step);
        if at.step.action == ActionKind::ExecuteScript {
            let script = scripts.iter().find(|script| script.step == nth);
            match script.map(|script| (script.language, script)) {
                Some((Language::Python, script)) => {
                    let seen = script::calls(script.text, &script.source);
                    for what in seen.unseen {
                        reader.found.unseen(&at.step.name, what);
                    }
                    for call in seen.calls {
                        reader.call(
                            &at.step.name,
                            &call.client,
                            &call.operation,
                            &call.arguments,
                            &call.names,
                        );
                    }
                }
                Some((Language::PowerShell, script)) if script.calls_aws() => {
                    reader.found.unseen(&at.step.name, "calls of a PowerShell script");
                }
                Some(_) => {}
                None => reader.found.unseen(&at.step.name, "calls of a script in an attachment"),
            }
        }
    }
}

struct Reader<'r> {
    place: &'r Place,
    child: &'r dyn Fn(&str) -> Option<Document>,
    depth: usize,
    found: &'r mut Found,
}

impl Reader<'_> {
    fn step(&mut self, step: &Step) {
        let (name, inputs) = (step.name.as_str(), &step.inputs);
        let text = |key: &str| inputs.get(key).and_then(Value::as_str);
        match step.action {
            ActionKind::ExecuteAwsApi
            | ActionKind::AssertAwsResourceProperty
            | ActionKind::WaitForAwsResourceProperty => {
                let (service, api) =
                    (text("Service").unwrap_or_default(), text("Api").unwrap_or_default());
                if service.contains("{{") || api.contains("{{") {
                    self.found
                        .unseen(name, format!("the call {service}:{api}, which only a run knows"));
                    return;
                }
                let names: Vec<String> = inputs.keys().cloned().collect();
                self.call(name, service, api, inputs, &names);
            }
            ActionKind::Approve => {
                let mut inputs = inputs.clone();
                if let Some(topic) = inputs.get("NotificationArn").cloned() {
                    inputs.insert("TopicArn".to_owned(), topic);
                    self.calls(name, &inputs, &[("sns", "Publish")]);
                }
            }
            ActionKind::ChangeInstanceState => {
                self.calls(
                    name,
                    inputs,
                    &[("ec2", "DescribeInstances"), ("ec2", "DescribeInstanceStatus")],
                );
                let changes = [
                    ("running", "StartInstances"),
                    ("stopped", "StopInstances"),
                    ("terminated", "TerminateInstances"),
                ];
                let wanted = text("DesiredState").unwrap_or_default();
                let only_looks = inputs
                    .get("CheckStateOnly")
                    .is_some_and(|only| *only == Value::Bool(true) || *only == "true");
                for (state, operation) in changes {
                    if !only_looks && (wanted == state || wanted.contains("{{")) {
                        self.calls(name, inputs, &[("ec2", operation)]);
                    }
                }
            }
            ActionKind::CopyImage => {
                self.calls(name, inputs, &[("ec2", "CopyImage"), ("ec2", "DescribeImages")]);
                self.key(name, "ec2", inputs);
            }
            ActionKind::CreateImage => {
                self.calls(name, inputs, &[("ec2", "CreateImage"), ("ec2", "DescribeImages")]);
            }
            ActionKind::DeleteImage => {
                self.calls(
                    name,
                    inputs,
                    &[
                        ("ec2", "DescribeImages"),
                        ("ec2", "DeregisterImage"),
                        ("ec2", "DeleteSnapshot"),
                    ],
                );
            }
            ActionKind::CreateStack => {
                self.calls(
                    name,
                    inputs,
                    &[
                        ("cloudformation", "CreateStack"),
                        ("cloudformation", "DescribeStacks"),
                        ("cloudformation", "DescribeStackEvents"),
                    ],
                );
                self.stack(name, inputs);
            }
            ActionKind::DeleteStack => {
                self.calls(
                    name,
                    inputs,
                    &[("cloudformation", "DeleteStack"), ("cloudformation", "DescribeStacks")],
                );
                self.stack(name, inputs);
            }
            ActionKind::CreateTags => match text("ResourceType") {
                None | Some("EC2") => self.calls(name, inputs, &[("ec2", "CreateTags")]),
                Some(_) => self.calls(name, inputs, &[("ssm", "AddTagsToResource")]),
            },
            ActionKind::ExecuteAutomation => self.automation(name, inputs),
            ActionKind::ExecuteStateMachine => {
                self.calls(
                    name,
                    inputs,
                    &[
                        ("stepfunctions", "StartExecution"),
                        ("stepfunctions", "DescribeExecution"),
                        ("stepfunctions", "StopExecution"),
                    ],
                );
            }
            ActionKind::InvokeLambdaFunction => self.calls(name, inputs, &[("lambda", "Invoke")]),
            ActionKind::RunCommand => self.command(name, inputs),
            ActionKind::RunInstances => {
                self.calls(
                    name,
                    inputs,
                    &[
                        ("ec2", "RunInstances"),
                        ("ec2", "DescribeInstances"),
                        ("ec2", "DescribeInstanceStatus"),
                    ],
                );
                self.tags(name, "ec2", inputs.keys());
                if inputs.keys().any(|key| key.starts_with("IamInstanceProfile")) {
                    self.pass_role(name, "*");
                }
            }
            ActionKind::InvokeWebhook
            | ActionKind::ExecuteScript
            | ActionKind::Branch
            | ActionKind::Loop
            | ActionKind::Pause
            | ActionKind::Sleep
            | ActionKind::UpdateVariable => {}
        }
    }

    fn calls(&mut self, step: &str, inputs: &Map<String, Value>, calls: &[(&str, &str)]) {
        for (client, operation) in calls {
            self.call(step, client, operation, inputs, &[]);
        }
    }

    /// One call; `names` are its arguments, known or not.
    fn call(
        &mut self,
        step: &str,
        client: &str,
        operation: &str,
        inputs: &Map<String, Value>,
        names: &[String],
    ) {
        let Some(section) = Section::of(client) else {
            self.found
                .unseen(step, format!("calls of {client}: AWS's reference has no such service"));
            return;
        };
        let prefix = section.prefix();
        let Some(action) = section.action(operation) else {
            let what =
                format!("{client}:{operation}: no permission of that name is in AWS's reference");
            self.found.unseen(step, what);
            return;
        };
        let resources = arn::resources(&section, action, inputs, names, self.place);
        self.found.need(step, format!("{prefix}:{}", action.name), resources, None);
        // The reference does not name every call that hands a role over: ecs:RegisterTaskDefinition.
        let looks = ["Describe", "Get", "List"].iter().any(|verb| action.name.starts_with(verb));
        let hands_over = |name: &str| {
            if action.passes_role {
                is_role(name)
            } else {
                !looks
                    && !["iam", "sts"].contains(&prefix)
                    && name.to_ascii_lowercase().ends_with("rolearn")
            }
        };
        if names.iter().any(|name| hands_over(name)) {
            let role = inputs.iter().find(|(name, _)| hands_over(name));
            let role = role.and_then(|(_, role)| role.as_str());
            let known = role.map(arn::wild).filter(|role| role.starts_with("arn:"));
            self.pass_role(step, known.as_deref().unwrap_or("*"));
        }
        self.tags(step, client, names.iter());
        // EC2's guide, "Requirements for Amazon EBS encryption": the caller starts with a grant on the key.
        if prefix == "ec2"
            && ["AttachVolume", "RunInstances", "StartInstances"].contains(&action.name)
        {
            let what = "kms:CreateGrant, if volumes are encrypted with a customer managed key";
            self.found.unseen(step, what);
        }
        for (task, implied) in IMPLIED {
            if action.name == task {
                self.calls(step, &Map::new(), implied);
            }
        }
        let decrypts = inputs
            .get("WithDecryption")
            .is_some_and(|value| *value == Value::Bool(true) || *value == "true");
        if prefix == "ssm"
            && (decrypts
                || (names.iter().any(|name| name == "WithDecryption")
                    && !inputs.contains_key("WithDecryption")))
        {
            self.kms(step, "ssm", &["Decrypt"]);
        }
        if prefix == "ec2" {
            self.key(step, "ec2", inputs);
        }
    }

    /// Tags of a new resource are authorized like tags that are added to it (EC2's guide, "Grant permission to
    /// tag Amazon EC2 resources during creation").
    fn tags<'n>(&mut self, step: &str, client: &str, mut names: impl Iterator<Item = &'n String>) {
        if client == "ec2" && names.any(|name| name == "TagSpecifications") {
            self.calls(step, &Map::new(), &[("ec2", "CreateTags")]);
        }
    }

    /// A key that the call names is used by the service in the role's name.
    fn key(&mut self, step: &str, service: &str, inputs: &Map<String, Value>) {
        if inputs.keys().any(|name| KEYS.contains(&name.to_ascii_lowercase().as_str())) {
            self.kms(
                step,
                service,
                &[
                    "CreateGrant",
                    "Decrypt",
                    "DescribeKey",
                    "GenerateDataKeyWithoutPlaintext",
                    "ReEncryptFrom",
                    "ReEncryptTo",
                ],
            );
        }
    }

    fn kms(&mut self, step: &str, service: &str, actions: &[&str]) {
        let Place { partition, region, account } = self.place;
        let keys = BTreeSet::from([format!("arn:{partition}:kms:{region}:{account}:key/*")]);
        let via = BTreeSet::from([format!("{service}.{region}.amazonaws.com")]);
        for action in actions {
            let condition = Some(("kms:ViaService".to_owned(), via.clone()));
            self.found.need(step, format!("kms:{action}"), keys.clone(), condition);
        }
    }

    fn stack(&mut self, step: &str, inputs: &Map<String, Value>) {
        match inputs.get("RoleARN").and_then(Value::as_str).map(arn::wild) {
            Some(role) => self.pass_role(step, &role),
            None => self.found.unseen(step, "calls that CloudFormation makes in the role's name for the resources of the stack: give it RoleARN"),
        }
    }

    fn pass_role(&mut self, step: &str, role: &str) {
        let Place { partition, account, .. } = self.place;
        let role = if role.starts_with("arn:") {
            role.to_owned()
        } else {
            format!("arn:{partition}:iam::{account}:role/*")
        };
        self.found.need(step, "iam:PassRole".to_owned(), BTreeSet::from([role]), None);
    }

    /// Run Command asks for the permission on the document and on the nodes:
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html>.
    fn command(&mut self, step: &str, inputs: &Map<String, Value>) {
        let Place { partition, region, account } = self.place;
        let document =
            inputs.get("DocumentName").and_then(Value::as_str).map(arn::wild).unwrap_or_default();
        let document = match document.as_str() {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            // AWS's own documents have no account.
            name if name.starts_with("AWS") => {
                format!("arn:{partition}:ssm:{region}::document/{name}")
            }
            name => format!("arn:{partition}:ssm:{region}:{account}:document/{name}"),
        };
        let nodes = [
            format!("arn:{partition}:ec2:{region}:{account}:instance/*"),
            format!("arn:{partition}:ssm:{region}:{account}:managed-instance/*"),
        ];
        let resources = nodes.into_iter().chain([document]).collect();
        self.found.need(step, "ssm:SendCommand".to_owned(), resources, None);
        self.calls(
            step,
            &Map::new(),
            &[
                ("ssm", "ListCommands"),
                ("ssm", "ListCommandInvocations"),
                ("ssm", "DescribeInstanceInformation"),
            ],
        );
        if let Some(role) = inputs.get("ServiceRoleArn").and_then(Value::as_str) {
            self.pass_role(step, &arn::wild(role));
        }
    }

    /// A start is authorized on the document and on the execution that it makes.
    fn automation(&mut self, step: &str, inputs: &Map<String, Value>) {
        let Place { partition, region, account } = self.place;
        let name =
            inputs.get("DocumentName").and_then(Value::as_str).map(arn::wild).unwrap_or_default();
        let document = match name.as_str() {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name if name.starts_with("AWS") => {
                format!("arn:{partition}:ssm:{region}::document/{name}")
            }
            name => format!("arn:{partition}:ssm:{region}:{account}:document/{name}"),
        };
        let execution = format!("arn:{partition}:ssm:{region}:{account}:automation-execution/*");
        let start = BTreeSet::from([document, execution.clone()]);
        self.found.need(step, "ssm:StartAutomationExecution".to_owned(), start, None);
        for operation in ["GetAutomationExecution", "StopAutomationExecution"] {
            self.found.need(
                step,
                format!("ssm:{operation}"),
                BTreeSet::from([execution.clone()]),
                None,
            );
        }
        if inputs.contains_key("TargetLocations") {
            let role =
                format!("arn:{partition}:iam::*:role/AWS-SystemsManager-AutomationExecutionRole");
            self.found.need(step, "sts:AssumeRole".to_owned(), BTreeSet::from([role]), None);
            self.calls(
                step,
                &Map::new(),
                &[
                    ("organizations", "ListAccountsForParent"),
                    ("organizations", "ListChildren"),
                    ("organizations", "ListParents"),
                ],
            );
        }
        let given = inputs.get("RuntimeParameters");
        if let Some(role) = given.and_then(|given| given.get("AutomationAssumeRole")) {
            let role = role.as_str().or_else(|| role.get(0)?.as_str()).map(arn::wild);
            self.pass_role(step, role.as_deref().unwrap_or("*"));
        } else if given.is_some_and(Value::is_string) {
            let what = "iam:PassRole, if the parameters of the runbook that it starts name a role";
            self.found.unseen(step, what);
        }
        match (self.child)(&name) {
            Some(_) if self.depth >= DEEPEST => {}
            Some(child) => read(&child, self.place, self.child, self.depth + 1, self.found),
            None if name.contains('*') => {
                let written = inputs.get("DocumentName").and_then(Value::as_str).unwrap_or("*");
                self.found.unseen(step, format!("calls of the runbook that {written} names"));
            }
            None => {
                let what = format!("calls of the runbook {name}: its file is not beside this one");
                self.found.unseen(step, what);
            }
        }
    }
}

fn is_role(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("role") || name.contains("instanceprofile")
}
