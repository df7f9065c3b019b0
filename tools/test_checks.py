"""The checks find what they are there for: each is shown one planted fault, in a copy of the real files."""

import io
import shutil
from pathlib import Path

import check_statemachines
import check_templates
import pytest

ROOT = Path(__file__).resolve().parent.parent

SHARE = "statemachine/share-runbooks.asl.json"
AWAIT = "statemachine/await-membership.asl.json"
RUN = "statemachine/run-automation.asl.json"
HUB, OWNER, EVENTS = "template.yaml", "stacks/owner-account.yaml", "stacks/management-account.yaml"
TARGET = "stacks/target-account.yaml"
DEPLOY, OUTCOME = "docs/deploy.md", "docs/schemas/outcome.json"
PARAMETERS, ORGANIZATION = "docs/parameters.md", "stacks/organization-policy.json"

# the rule, the file, what stands there (its first occurrence is replaced), the fault, what is said
MACHINE_FAULTS = [
    ("statelint", SHARE, '"Default": "Choose the ending"', '"Default": "Choose an ending"', "Choose an ending"),
    ("cannot be read", SHARE, '"StartAt":', '"StartAt": "Plan shares", "StartAt":', "is repeated"),
    ("every JSONata", SHARE, "{% $usable and (", "{% $usable and ((", "does not parse"),
    ("every JSONata", SHARE, "$exists($plan.busy)", "$exists($plann.busy)", "$plann is assigned nowhere"),
    ("every JSONata", SHARE, "$min([50,", "$minimum([50,", "$minimum() is not a function"),
    ("every JSONata", SHARE, "{% $not($usable) %}", "it is {% $not($usable) %}", "must enclose"),
    ("the machine speaks", SHARE, '"TimeoutSeconds": 691200,', "", "TimeoutSeconds is missing"),
    ("the machine speaks", AWAIT, '"QueryLanguage": "JSONata"', '"QueryLanguage": "JSONPath"', "is not JSONata"),
    ("state names", SHARE, '"Wait until it is time": {', '"WaitUntilItIsTime": {', "is not a sentence"),
    ("state names", SHARE, '"Pause before the next round": {', '"Pausing before the next round": {', "not one of the verbs"),
    ("every state is reached", SHARE, '"Next": "Refuse an oversized plan"', '"Next": "Plan shares"', "no way leads here"),
    ("every Task has", SHARE, '"TimeoutSeconds": 330,', "", "TimeoutSeconds is missing"),
    ("every Task has", SHARE, '"TimeoutSeconds": 330', '"TimeoutSeconds": "{% 330 %}"', "no number"),
    ("every Task retries", SHARE, '            "Lambda.Unknown",\n', "", "does not retry Lambda.Unknown"),
    ("every Task retries", SHARE, '"ErrorEquals": ["Throttled", "Unavailable"]', '"ErrorEquals": ["States.ALL"]', "name the errors"),
    ("every Task retries", SHARE, '          "MaxAttempts": 5,\n', "", "says no MaxAttempts"),
    ("every Task and Map", SHARE, '"ErrorEquals": ["States.ALL"]', '"ErrorEquals": ["States.TaskFailed"]', "not for States.ALL"),
    ("every Task and Map", AWAIT, '"Output": {},\n          "Next": "Publish the outcome"\n        }\n      ],',
     '"Output": {},\n          "Next": "End with failure"\n        }\n      ],', "without a published outcome"),
    ("every Task and Map", SHARE, '"Report what failed": {"Type": "Pass", "End": true}',
     '"Report what failed": {"Type": "Fail", "Error": "ItemFailed", "Cause": "-"}', "would fail all of"),
    ("every Choice", SHARE, '],\n      "Default": "Choose the ending"', "]", "has no Default"),
    ("every Task retries", SHARE, '          "MaxAttempts": 24,\n', '          "MaxAttempts": 4,\n', "retries Lambda.TooManyRequestsException for 37"),
    ("every comparison", SHARE, "($type($input.after) = 'number' ? $input.after > 0 : false)", "$input.after > 0", "$input.after is"),
    ("every comparison", AWAIT, "($type($attempt) = 'number' ? $attempt < 2500 : false)", "$attempt < 2500", "$attempt is"),
    ("every loop", AWAIT, '"Type": "Wait",', '"Type": "Pass",', "has no Wait"),
    ("every loop", SHARE, "$states.input.rounds < $roundsAllowed", "$states.input.done = false", "below a bound"),
    ("only known", SHARE, "arn:${Partition}:states:::sns:publish", "arn:${Partition}:states:::aws-sdk:ssm:listDocuments", "belongs into a function"),
    ("only known", SHARE, "arn:${Partition}:states:::sns:publish", "arn:aws:states:::sns:publish", "does not begin with"),
    ("every Fail", SHARE, '"Error": "OutcomeUnpublished"', '"Error": "OutcomeFailed"', "another state's error"),
    ("every Fail", SHARE, '"Error": "OutcomeUnpublished"', '"Error": "outcome unpublished"', "PascalCase"),
    ("the template fills", SHARE, "${RecheckSeconds}", "${RecheckMinutes}", "does not give RecheckMinutes"),
    ("the template fills", HUB, "        RecheckSeconds: !Ref RecheckSeconds\n", "        RecheckMinutes: !Ref RecheckSeconds\n", "which nothing uses"),
    ("cannot be read", HUB, "$hash('runbook-relay-v1' &", "$hash(\\\"runbook-relay-v1\\\" &", "Expecting ',' delimiter"),
    ("the outcome composed", HUB, "            'runsTotal': 0,\n", "", "['runsTotal']"),
    ("the outcome composed", HUB, "'count': 1,", "'count': 'one',", "is not of type 'integer'"),
    ("the outcome composed", HUB, "& '/final'", "& '/first'", "expected succeeded"),
    ("the outcome composed", SHARE, "$lost = $count($shares) ?", "$lost > 0 ?", "expected partial"),
    ("the outcome composed", SHARE, "$exists($plan.rulesVersion) ?", "$plan.rulesVersion.x() ?", "cannot be evaluated"),
]

TEMPLATE_FAULTS = [
    ("cfn-lint", HUB, "!GetAtt IntakeQueue.Arn", "!GetAtt IntakeQueu.Arn", "IntakeQueu"),
    ("no template names", OWNER, "arn:${AWS::Partition}:iam", "arn:aws:iam", "write ${AWS::Partition}"),
    ("every template fits", OWNER, "Parameters:\n", "# " + "x" * 51_200 + "\nParameters:\n", "over 51200"),
    ("no template uses YAML's anchors", OWNER, "      Policies:\n", "      Policies: &policies\n", "&policies"),
    ("what a service may do", EVENTS, 'StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}', 'StringEquals: {"aws:PrincipalOrgID": o-exampleorgid}',
     "events.amazonaws.com without aws:SourceAccount"),
    ("queues and topics", HUB, "      KmsMasterKeyId: !GetAtt Key.Arn\n", "", "is not encrypted"),
    ("queues and topics", HUB, '"aws:SecureTransport": "false"', '"aws:ViaAWSService": "false"', "takes plain HTTP"),
    ("every function has", HUB, "Role: !GetAtt CheckMembershipRole.Arn", "Role: !GetAtt PlanSharesRole.Arn", "serves two functions"),
    ("every function has", HUB, "      RetentionInDays: !Ref LogRetentionDays\n", "", "keeps logs for ever"),
    ("every function has", HUB, "target/lambda/route-events/", "target/lambda/route-event/", "its code is not"),
    ("every function has", HUB, "ApplicationLogLevel: TRACE", "ApplicationLogLevel: INFO", "ApplicationLogLevel is not TRACE"),
    ("a rule is let into", HUB, "      SourceArn: !GetAtt SweepRule.Arn\n",
     "      SourceArn: !GetAtt SweepRule.Arn\n      SourceAccount: !Ref AWS::AccountId\n", "SweepPermission: EventBridge may not be let in"),
    ("a rule is let into", HUB, "      SourceArn: !GetAtt SweepRule.Arn\n", "", "any rule may call the function"),
    ("a role that may start", HUB, "                - Sid: ThenRunSharedRunbooks\n                  Effect: Allow\n"
     "                  Action: ssm:StartAutomationExecution\n", "                - Sid: ThenRunSharedRunbooks\n                  Effect: Allow\n"
     "                  Action: ssm:GetAutomationExecution\n", "ServiceRole may start runbooks, but not those of"),
    ("a message stays", HUB, "    MinValue: 30\n", "    MinValue: 1\n", "its messages return after 1"),
    ("a parameter that", HUB, "    MaxValue: 604800\n", "", "RecheckSeconds has no MaxValue"),
    ("a parameter that", EVENTS, "    AllowedPattern: ^[0-9]{12}$\n", "", "HubAccount has no AllowedPattern"),
    ("a parameter that", OWNER, "must be an organization id such as", "an organization id such as", "is not the end of a sentence"),
    ("the name of a role", TARGET, "^([A-Za-z0-9_+=,.@-][", "^([A-Za-z0-9_+=,.@/-][", "ExistingExecutionRoleName takes '/Role'"),
    ("stacks/organization-policy.json lets", ORGANIZATION, '"organizations:ListParents",\n        ', "", "expected the actions"),
    ("docs/deploy.md and samconfig", "samconfig.example.toml", "CAPABILITY_NAMED_IAM CAP", "CAPABILITY_IAM CAP", "has CAPABILITY_AUTO_EXPAND, CAPABILITY_IAM,"),
    ("docs/deploy.md and samconfig", ".gitignore", "/samconfig.toml", "/samconfig", "does not name /samconfig.toml"),
    ("`sam build` compiles", HUB, "    Metadata: {SkipBuild: true}\n", "", "without which sam build asks for a Makefile"),
    ("every target", HUB, "          RetryPolicy: {MaximumEventAgeInSeconds: 86400, MaximumRetryAttempts: 185}\n", "", "has no RetryPolicy"),
    ("what the hub's", OWNER, "ssm:DescribeDocumentPermission, ", "", "Policies of ShareRole differs"),
    ("what the hub's", TARGET, "Action: ec2:ModifyVolume", "Action: ec2:AttachVolume", "policy runbooks of ExecutionRole differs from ServiceRole"),
    ("what the hub's", EVENTS, "            - MoveAccount\n", "", "detail of the pattern differs"),
    ("the forwarding rule", EVENTS, "        account: [!Ref AWS::AccountId]\n", "", "events of other accounts"),
    ("every parameter is", PARAMETERS, "| `RecheckSeconds` | `900` |", "| `RecheckSeconds` | `600` |", "expected the default 900, found 600"),
    ("every parameter is", PARAMETERS, "| `LogLevel` |", "| `LogLevels` |", "template.yaml has no parameter LogLevels"),
    ("every parameter is", EVENTS, "Parameters: [InstallationId, HubAccount, HubRegion]", "Parameters: [InstallationId, HubAccount]", "HubRegion is in 0 groups"),
    ("every parameter is", HUB, "    Description: How far back the sweep looks.\n", "", "is not a sentence"),
    ("an environment variable", HUB, "          HUB_ACCOUNT: !Ref AWS::AccountId\n", "          HUB_ACCOUNT: hub\n", "elsewhere hub"),
    ("two installations", OWNER, "RoleName: !Sub ${RoleNamePrefix}${InstallationId}-share", "RoleName: runbook-relay-share", "another installation would have runbook-relay-share"),
    ("two installations", OWNER, "RoleName: !Sub ${RoleNamePrefix}${InstallationId}-share", "RoleName: !Sub the-share", "the name the-share lacks"),
    ("two installations", OWNER, "{0,10}", "{0,20}", "RoleNamePrefix may be longer than 10"),
    ("two installations", OWNER, "{0,30}", "{0,60}", "another pattern than in template.yaml"),
    ("two installations", HUB, "{0,30}", "{0,50}", "may be longer than 64"),
    ("two installations", HUB, "RoleName: !Sub ${RoleNamePrefix}${InstallationId}-service", "RoleName: !Sub ${RoleNamePrefix}${InstallationId}-automation", "-run-automation ends with -automation"),
    ("two installations", HUB, "${RoleNamePrefix}${InstallationId}-read\n                Condition", "${RoleNamePrefix}${InstallationId}-*\n                Condition", "means names of other installations"),
]


@pytest.fixture
def project(tmp_path):
    for name in (SHARE, AWAIT, HUB, OWNER, EVENTS, TARGET, DEPLOY, PARAMETERS, ORGANIZATION, OUTCOME, ".cfnlintrc",
                 ".gitignore", "samconfig.example.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def plant(project, name, before, after):
    text = (project / name).read_text(encoding="utf-8")
    assert before in text, f"{name} no longer holds what this test replaces: {before}"
    (project / name).write_text(text.replace(before, after, 1), encoding="utf-8")


def machines(project):
    out = io.StringIO()
    counts = check_statemachines.check(sorted((project / "statemachine").iterdir()), project / HUB, out)
    return counts, out.getvalue()


def templates(project):
    out = io.StringIO()
    counts = check_templates.check(project, out)
    return counts, out.getvalue()


def assert_found(output, rule, said):
    reports = output.split("FAILED ")[1:]
    assert any(rule in report and said in report for report in reports), output


def test_the_real_files_pass(project):
    assert machines(project)[0][1] == 0
    assert templates(project)[0][1] == 0


@pytest.mark.parametrize("rule,name,before,after,said", MACHINE_FAULTS)
def test_a_fault_in_a_state_machine_is_found(project, monkeypatch, rule, name, before, after, said):
    if rule != "every comparison":  # seconds a run, and only its own faults need it
        others = [each for each in check_statemachines.RULES if not each.__doc__.startswith("every comparison")]
        monkeypatch.setattr(check_statemachines, "RULES", others)
    plant(project, name, before, after)
    (_, failed), output = machines(project)
    assert failed
    assert_found(output, rule, said)


# Rules whose fault has a test of its own, below.
MACHINE_FAULTS_ELSEWHERE = [("a variable", "test_an_outcome_that_counts_as_published_too_soon_is_found")]


def test_an_outcome_that_counts_as_published_too_soon_is_found(project, monkeypatch):
    monkeypatch.setattr(check_statemachines, "RULES", [check_statemachines.what_is_published_is_known_afterwards])
    shutil.copy(ROOT / RUN, project / RUN)
    (_, failed), output = machines(project)
    assert not failed, output
    to = '"Next": "Publish the pending outcome"'
    plant(project, RUN, to, '"Assign": {"pendingPublished": true}, ' + to)
    _, output = machines(project)
    assert_found(output, "a variable", "Decide by the look: assigns pendingPublished before it is published")


@pytest.mark.parametrize("rule,name,before,after,said", TEMPLATE_FAULTS)
def test_a_fault_in_a_template_is_found(project, monkeypatch, rule, name, before, after, said):
    if rule != "cfn-lint":  # two seconds a run, and only its own fault needs it
        monkeypatch.setattr(check_templates, "RULES", check_templates.RULES[1:])
    plant(project, name, before, after)
    (_, failed), output = templates(project)
    assert failed
    assert_found(output, rule, said)


def test_every_rule_has_a_fault_that_it_finds():
    for module, faults in ((check_statemachines, MACHINE_FAULTS + MACHINE_FAULTS_ELSEWHERE), (check_templates, TEMPLATE_FAULTS)):
        for rule in module.RULES:
            assert any(rule.__doc__.startswith(fault[0]) for fault in faults), rule.__doc__
    assert all(name in globals() for _, name in MACHINE_FAULTS_ELSEWHERE)
