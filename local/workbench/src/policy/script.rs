//! The calls that a Python script makes through boto3, read without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::table::{Section, is_client};
use crate::python::{Literal, Source};

/// A call of a script.
#[derive(Debug, PartialEq)]
pub(super) struct ScriptCall {
    pub(super) client: String,
    /// As botocore spells it, or as boto3 does.
    pub(super) operation: String,
    /// The arguments that are written out.
    pub(super) arguments: Map<String, Value>,
    /// The names of all arguments.
    pub(super) names: Vec<String>,
}

/// The calls that were found, and what could not be seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) calls: Vec<ScriptCall>,
    pub(super) unseen: Vec<String>,
}

/// Methods of a client that are not operations.
const OWN: [&str; 6] =
    ["can_paginate", "close", "exceptions", "meta", "get_paginator", "get_waiter"];

/// The operations behind the transfer methods of S3's client:
/// <https://boto3.amazonaws.com/v1/documentation/api/latest/guide/s3.html>.
const TRANSFERS: [(&str, &[&str]); 6] = [
    ("upload_file", &["PutObject"]),
    ("upload_fileobj", &["PutObject"]),
    ("download_file", &["GetObject"]),
    ("download_fileobj", &["GetObject"]),
    ("copy", &["GetObject", "PutObject"]),
    ("generate_presigned_post", &["PutObject"]),
];

static CLIENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b[\w.]+(?:\([^()]*\))?\s*\.\s*(client|resource)\s*\(").ok());
static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"([A-Za-z_][\w.]*)\s*\.\s*(\w+)\s*\(").ok());
static HELPER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\w+)\s*\(").ok());
static ARGUMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[(,])\s*(\w+)\s*=\s*").ok());

/// Finds the calls of a script without running it.
pub(super) fn calls(script: &str, source: &Source) -> Seen {
    let mut reader = Reader {
        text: script,
        source,
        bound: BTreeMap::new(),
        services: BTreeSet::new(),
        seen: Seen::default(),
        is_indirect: false,
    };
    reader.clients();
    reader.methods();
    if reader.is_indirect {
        reader.helpers();
    }
    let code = &source.code;
    if code.contains("getattr(") && !reader.services.is_empty() {
        reader.seen.unseen.push("a method that getattr names".to_owned());
    }
    for (other, what) in
        [("subprocess", "commands that it starts"), ("urllib", "requests that it makes itself")]
    {
        if code.contains(other) {
            reader.seen.unseen.push(format!("{what} ({other})"));
        }
    }
    reader.seen
}

struct Reader<'s> {
    text: &'s str,
    source: &'s Source,
    /// The service of each name that a client is assigned to.
    bound: BTreeMap<String, String>,
    services: BTreeSet<String>,
    seen: Seen,
    /// A client is made for a service that is not written out.
    is_indirect: bool,
}

impl<'s> Reader<'s> {
    /// Finds the clients, the names that they are assigned to, and calls right after their making.
    fn clients(&mut self) {
        let source = self.source;
        let Some(made) = CLIENT.as_ref() else { return };
        for found in made.captures_iter(&source.code) {
            let (Some(whole), Some(kind)) = (found.get(0), found.get(1)) else { continue };
            let arguments = self.parentheses(whole.end() - 1);
            let named = self.argument("service_name", &arguments);
            let Some(service) = self.first(&arguments).or(named) else {
                if whole.as_str().contains("boto3") || whole.as_str().contains("ession") {
                    self.is_indirect = true;
                }
                continue;
            };
            if kind.as_str() == "resource" {
                let what = format!("calls of boto3.resource(\"{service}\"): use a client");
                self.seen.unseen.push(what);
                continue;
            }
            if !is_client(&service) {
                self.seen.unseen.push(format!("calls of {service}: botocore has no such client"));
                continue;
            }
            self.services.insert(service.clone());
            if let Some(name) = self.target(whole.start()) {
                self.bound.insert(name, service.clone());
            }
            let after = arguments.end + 1;
            let rest = source.code.get(after..).unwrap_or_default();
            if let Some(rest) = rest.strip_prefix('.') {
                let method: String = rest
                    .chars()
                    .take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_')
                    .collect();
                self.call(&service, &method, after + 1 + method.len());
            }
        }
    }

    /// The name that is given to an expression: `NAME = …`, also in `A, B = …, …`.
    fn target(&self, at: usize) -> Option<String> {
        let code = &self.source.code;
        let line = code.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        let before = code.get(line..at)?;
        // A default of a parameter, a keyword, or the only target.
        let (names, values) = before.rsplit_once('=')?;
        if values.trim().is_empty() {
            let name = names.rsplit([',', '(', ' ']).find(|name| !name.is_empty())?;
            if !names.trim_start().contains(',') || names.contains('(') {
                return Some(name.trim().to_owned());
            }
        }
        let (names, _) = before.split_once('=')?;
        // The commas before it, outside of parentheses, say which of the targets it is.
        let mut depth = 0_usize;
        let mut place = 0;
        for sign in before.get(names.len() + 1..)?.chars() {
            match sign {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => place += 1,
                _ => {}
            }
        }
        names.split(',').nth(place).map(|name| name.trim().to_owned())
    }

    /// Finds the calls of methods of clients.
    fn methods(&mut self) {
        let source = self.source;
        let Some(call) = CALL.as_ref() else { return };
        let mut from = 0;
        while let Some(found) = call.captures_at(&source.code, from) {
            let (Some(owner), Some(method)) = (found.get(1), found.get(2)) else { return };
            let open = found.get(0).map_or(method.end(), |whole| whole.end() - 1);
            from = method.end();
            // `boto3.client("ec2").stop_instances(` was found with its client.
            if source.code.get(..owner.start()).is_some_and(|before| before.ends_with('.')) {
                continue;
            }
            if matches!(method.as_str(), "client" | "resource") {
                continue;
            }
            if let Some(service) = self.bound.get(owner.as_str()).cloned() {
                self.call(&service, method.as_str(), open);
            } else if let Some(service) = self.only_service(method.as_str(), open) {
                self.call(&service, method.as_str(), open);
            }
        }
    }

    /// The service of a method whose client came from elsewhere, such as a parameter: the one of the script
    /// that has such an operation.
    fn only_service(&self, method: &str, open: usize) -> Option<String> {
        let operation = match method {
            "get_paginator" => self.first(&self.parentheses(open))?,
            method if method.contains('_') => method.to_owned(),
            _ => return None,
        };
        let has = |service: &&String| {
            Section::of(service).is_some_and(|section| section.action(&operation).is_some())
        };
        let mut found = self.services.iter().filter(has);
        found.next().filter(|_| found.next().is_none()).cloned()
    }

    /// Notes a call of a client's method whose arguments begin at `open`.
    fn call(&mut self, service: &str, method: &str, open: usize) {
        let arguments = self.parentheses(open);
        let operations: Vec<String> = match method {
            "get_paginator" | "generate_presigned_url" => {
                let named = self.argument("ClientMethod", &arguments);
                self.first(&arguments).or(named).into_iter().collect()
            }
            "get_waiter" => {
                let section = Section::of(service);
                let name = self.first(&arguments);
                let waits = section.zip(name).and_then(|(section, name)| section.waiter(&name));
                waits.map(str::to_owned).into_iter().collect()
            }
            method if OWN.contains(&method) => return,
            method => {
                TRANSFERS.iter().find(|(name, _)| service == "s3" && *name == method).map_or_else(
                    || vec![method.to_owned()],
                    |(_, operations)| operations.iter().map(|name| (*name).to_owned()).collect(),
                )
            }
        };
        if operations.is_empty() {
            let what = format!("which operation {method} of {service} is given");
            self.seen.unseen.push(what);
        }
        for operation in operations {
            self.seen.calls.push(ScriptCall {
                client: service.to_owned(),
                operation,
                arguments: self.written(&arguments),
                names: self.names(&arguments),
            });
        }
    }

    /// Calls of the script's own functions that take a service and an operation.
    fn helpers(&mut self) {
        let source = self.source;
        let Some(helper) = HELPER.as_ref() else { return };
        let mut found_any = false;
        for found in helper.find_iter(&source.code) {
            let arguments = self.parentheses(found.end() - 1);
            let within = |literal: &&Literal| {
                literal.range.start > arguments.start && literal.range.end < arguments.end
            };
            let mut texts = source.strings.iter().filter(within).map(|literal| self.said(literal));
            let (Some(service), Some(operation)) = (texts.next(), texts.next()) else { continue };
            let section = Section::of(&service).filter(|_| is_client(&service));
            if section.is_some_and(|section| section.action(&operation).is_some()) {
                found_any = true;
                let arguments = self.parentheses(found.end() - 1);
                self.seen.calls.push(ScriptCall {
                    client: service,
                    operation,
                    arguments: self.written(&arguments),
                    names: self.names(&arguments),
                });
            }
        }
        if !found_any {
            self.seen.unseen.push("calls of a client whose service is not written out".to_owned());
        }
    }

    /// The bytes within parentheses, from the one that opens to the one that closes.
    fn parentheses(&self, open: usize) -> Range<usize> {
        let bytes = self.source.code.as_bytes();
        let mut depth = 0_usize;
        for (at, byte) in bytes.iter().enumerate().skip(open) {
            match byte {
                b'(' => depth += 1,
                b')' if depth <= 1 => return open..at,
                b')' => depth -= 1,
                _ => {}
            }
        }
        open..bytes.len()
    }

    /// The first argument, if it is a plain text.
    fn first(&self, arguments: &Range<usize>) -> Option<String> {
        let code = self.source.code.get(arguments.start + 1..arguments.end)?;
        let blank = code.len() - code.trim_start().len();
        self.literal_at(arguments.start + 1 + blank)
    }

    /// The text that begins with a quote at this place.
    fn literal_at(&self, at: usize) -> Option<String> {
        let begins = |literal: &&Literal| {
            let before = literal.range.start.checked_sub(at);
            matches!(before, Some(1 | 3))
                && self.source.code.as_bytes().get(at).is_some_and(|sign| b"\"'".contains(sign))
        };
        self.source.strings.iter().find(begins).map(|literal| self.said(literal))
    }

    fn said(&self, literal: &Literal) -> String {
        self.text.get(literal.range.clone()).unwrap_or_default().to_owned()
    }

    /// The text of a keyword argument.
    fn argument(&self, name: &str, arguments: &Range<usize>) -> Option<String> {
        self.written(arguments).get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// The keyword arguments that are plain texts.
    fn written(&self, arguments: &Range<usize>) -> Map<String, Value> {
        let mut written = Map::new();
        let Some(argument) = ARGUMENT.as_ref() else { return written };
        let code = self.source.code.get(arguments.clone()).unwrap_or_default();
        for found in argument.captures_iter(code) {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
            if let Some(text) = self.literal_at(arguments.start + whole.end()) {
                written.insert(name.as_str().to_owned(), text.into());
            }
        }
        written
    }

    fn names(&self, arguments: &Range<usize>) -> Vec<String> {
        let Some(argument) = ARGUMENT.as_ref() else { return Vec::new() };
        let code = self.source.code.get(arguments.clone()).unwrap_or_default();
        argument
            .captures_iter(code)
            .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(script: &str) -> (Vec<String>, Vec<String>) {
        let seen = calls(script, &crate::python::scan(script));
        let calls = seen.calls.iter().map(|call| format!("{}:{}", call.client, call.operation));
        (calls.collect(), seen.unseen)
    }

    #[test]
    fn calls_are_found_however_their_client_is_named() {
        let script = r#"
import boto3
def main(events, context):
    ec2, ident = boto3.client("ec2"), events["Id"]
    elb, found = boto3.client('elbv2', region_name="x"), []
    ec2.stop_instances(InstanceIds=[ident])
    boto3.client("s3").put_object(Bucket="b", Body=f("x"))
    for page in elb.get_paginator("describe_target_groups").paginate():
        pass
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[ident])
    helper(ec2)
    self.sns = boto3.session.Session().client(service_name="sns")
    self.sns.publish(TopicArn="t")
    # ec2.terminate_instances()
    print("ec2.terminate_instances()")

def helper(client):
    client.describe_volumes()
    {}.get_items()
"#;
        let (calls, unseen) = seen(script);
        let expected = [
            "s3:put_object",
            "ec2:stop_instances",
            "elbv2:describe_target_groups",
            "ec2:DescribeInstances",
            "sns:publish",
            "ec2:describe_volumes",
        ];
        assert_eq!(calls, expected);
        assert_eq!(unseen, [""; 0]);
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let (calls, unseen) =
            seen("import boto3\nx = boto3.resource('s3')\nx.Bucket('a').delete()\n");
        assert_eq!(calls, [""; 0]);
        assert_eq!(unseen, ["calls of boto3.resource(\"s3\"): use a client"]);
        let (calls, unseen) = seen("import boto3\nc = boto3.client(name)\nc.stop_instances()\n");
        assert_eq!(calls, [""; 0]);
        assert_eq!(unseen, ["calls of a client whose service is not written out"]);
        let (_, unseen) =
            seen("ec2 = boto3.client('ec2')\ngetattr(ec2, name)()\nec2.get_paginator(x)\n");
        assert_eq!(
            unseen,
            ["which operation get_paginator of ec2 is given", "a method that getattr names"]
        );
    }

    #[test]
    fn a_function_that_takes_service_and_operation_is_followed() {
        let script = "def each(service, method):\n    return getattr(boto3.client(service), method)()\neach('ec2', 'describe_vpcs')\n";
        assert_eq!(seen(script).0, ["ec2:describe_vpcs"]);
    }

    #[test]
    fn arguments_that_are_written_out_are_known() {
        let script = "s3 = boto3.client('s3')\ns3.put_object(Bucket='logs', Key=f'{x}', ACL=acl)\n";
        let seen = calls(script, &crate::python::scan(script));
        assert_eq!(
            seen.calls[0].arguments,
            *serde_json::json!({"Bucket": "logs"}).as_object().unwrap()
        );
        assert_eq!(seen.calls[0].names, ["Bucket", "Key", "ACL"]);
    }
}
