"""The statements of all policies of the templates: whose, where, and which ARNs their resources mean.

Whatever CloudFormation would fill in is filled in here: a parameter with its default, an account with a sample,
a resource's ARN by its logical id. Where a value can be anything, a `*` stands for it.
"""

import re
from dataclasses import dataclass, field

import templates

ACCOUNT, REGION, PARTITION = "111122223333", "us-east-1", "aws"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": PARTITION, "AWS::URLSuffix": "amazonaws.com",
          "AWS::StackName": "stack"}

# How the ARN of a resource looks, by its type: `{id}` stands for its name.
ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{place}:table/{id}",
    "AWS::Events::Rule": "arn:aws:events:{place}:rule/{id}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{id}",
    "AWS::KMS::Key": "arn:aws:kms:{place}:key/{id}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{place}:log-group:{id}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::Serverless::Function": "arn:aws:lambda:{place}:function:{id}",
    "AWS::Serverless::StateMachine": "arn:aws:states:{place}:stateMachine:{id}",
    "AWS::SNS::Topic": "arn:aws:sns:{place}:{id}",
    "AWS::SQS::Queue": "arn:aws:sqs:{place}:{id}",
}
# Types whose Ref is their ARN.
REF_IS_ARN = {"AWS::SNS::Topic", "AWS::Serverless::StateMachine"}

# Policies that stand at a resource: the property with the document.
RESOURCE_POLICIES = {"AWS::SQS::QueuePolicy": "PolicyDocument", "AWS::SNS::TopicPolicy": "PolicyDocument",
                     "AWS::S3::BucketPolicy": "PolicyDocument", "AWS::KMS::Key": "KeyPolicy"}


@dataclass
class Statement:
    """One statement of one policy."""

    file: str
    line: int
    owner: str
    policy: str
    kind: str  # identity, trust or resource
    body: dict
    source: str = field(repr=False, default="")
    template: dict = field(repr=False, default_factory=dict)

    @property
    def effect(self):
        return self.body.get("Effect")

    @property
    def sid(self):
        return self.body.get("Sid", "")

    @property
    def actions(self):
        return as_list(self.body.get("Action", []))

    @property
    def resources(self):
        """The ARN patterns of its resources; None for one that the person who deploys names."""
        return [each for value in as_list(self.body.get("Resource", [])) for each in resolve(self.template, value)]

    @property
    def keys(self):
        """(operator, condition key) of everything that it asks for."""
        return [(operator, key) for operator, asked in self.body.get("Condition", {}).items() for key in asked]

    def place(self, action=None):
        """Where it is, as `file:line: owner, policy, Sid`; with an action, the line of that action."""
        line = self.line
        for number, text in enumerate(self.source.splitlines()[self.line - 1 : self.line + 40], self.line):
            if action and re.search(re.escape(action) + r"\b", text):
                line = number
                break
        return f"{self.file}:{line}: " + ", ".join(each for each in (self.owner, self.policy, self.sid) if each)


def as_list(value):
    return value if isinstance(value, list) else [value]


def branches(value):
    """What a value may be: all branches of an Fn::If, without those that are nothing."""
    if isinstance(value, dict) and "Fn::If" in value:
        return [each for branch in value["Fn::If"][1:] for each in branches(branch)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def resolve_names(value):
    """The parts of a list of managed policies, whichever way an Fn::If goes."""
    return [each for part in branches(value) for each in as_list(part)]


def statements(path):
    """Every statement of a template."""
    source = path.read_text(encoding="utf-8")
    template = templates.load(path)

    def read(owner, policy, kind, document):
        for written in as_list(document["Statement"]):
            for body in branches(written):
                yield Statement(path.name, getattr(body, "line", 0), owner, policy, kind, body, source, template)

    for owner, resource in template["Resources"].items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::IAM::Role":
            yield from read(owner, "trust", "trust", properties["AssumeRolePolicyDocument"])
            for written in as_list(properties.get("Policies", [])):
                for policy in branches(written):
                    yield from read(owner, policy["PolicyName"], "identity", policy["PolicyDocument"])
        elif kind == "AWS::IAM::ManagedPolicy":
            yield from read(owner, "", "identity", properties["PolicyDocument"])
        elif kind == "AWS::Events::EventBusPolicy":
            yield from read(owner, "", "resource", {"Statement": properties["Statement"]})
        elif kind in RESOURCE_POLICIES:
            yield from read(owner, "", "resource", properties[RESOURCE_POLICIES[kind]])


def resolve(template, value):
    """The texts that a value may become; None for one that a list of parameters gives."""
    if isinstance(value, list):
        return [each for item in value for each in resolve(template, item)]
    if isinstance(value, (str, int)):
        return [str(value)]
    (function, argument), = value.items()
    if function == "Fn::If":
        return [each for branch in branches(value) for each in resolve(template, branch)]
    if function == "Ref":
        return [_reference(template, argument)]
    if function == "Fn::GetAtt":
        logical_id, attribute = argument
        if attribute == "Arn":
            return [_arn(template, logical_id)]
    if function == "Fn::Sub":
        text, own = argument if isinstance(argument, list) else (argument, {})
        return [_substitute(template, text, own)]
    if function == "Fn::Join":
        separator, items = argument
        return [separator.join("*" if each is None else each for each in resolve(template, items))]
    raise KeyError(f"tools/policies.py cannot say what {value} becomes: teach it")


def _substitute(template, text, own):
    def fill(match):
        name = match[1]
        if name in own:
            return resolve(template, own[name])[0] or "*"
        if "." in name:
            logical_id, attribute = name.split(".", 1)
            return _arn(template, logical_id) if attribute == "Arn" else "*"
        return _reference(template, name) or "*"

    return re.sub(r"\$\{([\w:.]+)\}", fill, text)


def _reference(template, name):
    if name in PSEUDO:
        return PSEUDO[name]
    if parameter := template.get("Parameters", {}).get(name):
        default = parameter.get("Default", "")
        # A sample, so that an account or an organization is not mistaken for "any".
        samples = {"AccountId": ACCOUNT, "OrganizationId": "o-exampleorgid", "Region": REGION}
        sample = next((text for end, text in samples.items() if name.endswith(end)), "")
        return None if parameter["Type"].startswith("CommaDelimited") else default or sample or "*"
    resource = template["Resources"][name]
    return _arn(template, name) if resource["Type"] in REF_IS_ARN else name


def _arn(template, logical_id):
    kind = template["Resources"][logical_id]["Type"]
    return ARNS[kind].format(place=f"{REGION}:{ACCOUNT}", account=ACCOUNT, id=logical_id)
