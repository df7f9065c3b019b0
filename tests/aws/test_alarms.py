"""Alarms of CloudWatch: what puts them into ALARM, and what they do then, seen from other people's clients."""

import io
import json
import time
import urllib.error
import urllib.request
import zipfile

import boto3
import cbor2
import pytest

import local

CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
STATE_CHANGE = "CloudWatch Alarm State Change"

# A function that sends its input to a queue.
FORWARD = """
import json, os, boto3

def handler(event, context):
    boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).send_message(
        QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
"""


def allow(principal, action, resource, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource} | more]})


def instant(milliseconds):
    """As CloudWatch writes it."""
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}+0000"


class Site:
    """An account and Region with alarms, and queues in which arrives what they do."""

    def __init__(self, account=None, region=local.HOME):
        self.account, self.region = account or local.fresh_account(), region
        services = ("cloudwatch", "events", "sqs", "sns", "ec2", "lambda", "iam")
        self.clients = {service: boto3.client(
            service, endpoint_url=local.ENDPOINT, region_name=region, aws_access_key_id=self.account,
            aws_secret_access_key="any") for service in services}

    def __getattr__(self, service):
        return self.clients[service]

    def arn(self, service, resource):
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def queue(self, principal):
        name = local.fresh_name("queue")
        self.sqs.create_queue(QueueName=name, Attributes={
            "Policy": allow({"Service": principal}, "sqs:SendMessage", self.arn("sqs", name))})
        return name

    def url(self, queue):
        return self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def events(self, detail_type=STATE_CHANGE):
        """A queue with the events of this kind in this account and Region."""
        queue, name = self.queue("events.amazonaws.com"), local.fresh_name("rule")
        pattern = {"source": ["aws.cloudwatch"], "detail-type": [detail_type]}
        self.clients["events"].put_rule(Name=name, EventPattern=json.dumps(pattern))
        self.clients["events"].put_targets(Rule=name, Targets=[{"Id": "1", "Arn": self.arn("sqs", queue)}])
        return queue

    def topic(self, **attributes):
        """A topic and the queue that subscribes to it."""
        queue, name = self.queue("sns.amazonaws.com"), local.fresh_name("topic")
        topic = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.arn("sqs", queue))
        return topic, queue

    def alarm(self, **more):
        """A metric alarm that nothing but this test knows the metric of; returns its name."""
        name = local.fresh_name("alarm")
        self.cloudwatch.put_metric_alarm(**{
            "AlarmName": name, "Namespace": "Relay/Test", "MetricName": name, "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 50, "ComparisonOperator": "GreaterThanThreshold"} | more)
        return name

    def set(self, alarm, state, **more):
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="by hand", **more)

    def put(self, metric, value, dimensions=()):
        self.cloudwatch.put_metric_data(Namespace="Relay/Test", MetricData=[{
            "MetricName": metric, "Value": value,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions]}])

    def shown(self, alarm):
        found = self.cloudwatch.describe_alarms(AlarmNames=[alarm], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return [*found["MetricAlarms"], *found["CompositeAlarms"]][0]

    def since(self, alarm):
        """When it changed to its state, in milliseconds."""
        return round(self.shown(alarm)["StateUpdatedTimestamp"].timestamp() * 1000)

    def becomes(self, alarm, state, within=3.5):
        local.eventually(lambda: self.shown(alarm)["StateValue"] == state, within=within)

    def history(self, alarm, kind):
        items = self.cloudwatch.describe_alarm_history(
            AlarmName=alarm, HistoryItemType=kind, AlarmTypes=["MetricAlarm", "CompositeAlarm"])["AlarmHistoryItems"]
        return [(item["HistorySummary"], json.loads(item["HistoryData"]), item["Timestamp"]) for item in items]

    def received(self, queue, within=5.0):
        """The next message, parsed."""
        url = self.url(queue)
        found = local.eventually(lambda: self.sqs.receive_message(QueueUrl=url).get("Messages"), within=within)[0]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])

    def about(self, queue, alarm):
        """The next event about this alarm."""
        while (event := self.received(queue))["detail"]["alarmName"] != alarm:
            pass
        return event

    def quiet(self, queue, seconds=1.0):
        """Nothing more arrives."""
        found = self.sqs.receive_message(QueueUrl=self.url(queue), WaitTimeSeconds=int(seconds)).get("Messages")
        assert not found, found

    def function(self):
        """A function that CloudWatch may invoke, and the queue that it forwards to."""
        queue, name = self.queue("lambda.amazonaws.com"), local.fresh_name("function")
        trust = allow({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole", "*").replace(', "Resource": "*"', "")
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}))
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("forward.py", FORWARD)
        function = self.clients["lambda"].create_function(
            FunctionName=name, Runtime="python3.11", Role=role, Handler="forward.handler",
            Code={"ZipFile": archive.getvalue()}, Environment={"Variables": {"QUEUE": self.url(queue)}}, Timeout=30)
        return function["FunctionArn"], queue

    def instance(self):
        return self.ec2.run_instances(ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1,
                                      MaxCount=1)["Instances"][0]["InstanceId"]

    def status_alarm(self, instance, metric="StatusCheckFailed", **more):
        return self.alarm(**{
            "Namespace": "AWS/EC2", "MetricName": metric, "Statistic": "Maximum", "Period": 300, "EvaluationPeriods": 2,
            "Dimensions": [{"Name": "InstanceId", "Value": instance}], "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold"} | more)

    def impair(self, instance, check, cured_by):
        local.control("POST", "impair", {"account": self.account, "region": self.region, "instance": instance,
                                         "check": check, "curedBy": cured_by})


@pytest.fixture
def site():
    return Site()


# -- One transition, one instant --------------------------------------------------------------------

def test_a_state_set_by_hand_is_one_event_one_message_and_one_instant(site):
    events, (topic, messages) = site.events(), site.topic()
    alarm = site.alarm(AlarmActions=[topic], AlarmDescription="set by hand",
                       Dimensions=[{"Name": "InstanceId", "Value": "i-1"}])
    site.set(alarm, "ALARM")
    at = site.since(alarm)
    event, message = site.received(events), site.received(messages)
    assert event["detail"]["state"] == {"value": "ALARM", "reason": "by hand", "timestamp": instant(at)}
    assert event["detail"]["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert (event["account"], event["region"], event["resources"]) == (
        site.account, site.region, [site.arn("cloudwatch", f"alarm:{alarm}")])
    assert message["Subject"] == f'ALARM: "{alarm}" in US East (N. Virginia)'
    told = json.loads(message["Message"])
    assert (told["StateChangeTime"], told["AlarmArn"]) == (instant(at), event["resources"][0])
    assert told["Trigger"]["Dimensions"] == [{"value": "i-1", "name": "InstanceId"}]
    summary, data, noted = site.history(alarm, "StateUpdate")[0]
    assert summary == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    assert data["newState"] == {"stateValue": "ALARM", "stateReason": "by hand"}
    assert round(noted.timestamp() * 1000) == at
    for queue in (events, messages):
        site.quiet(queue)


def test_clients_that_speak_cbor_see_the_same_instant(site):
    """Rust's CloudWatch client does; boto3 speaks JSON."""
    events = site.events()

    def call(operation, **body):
        scope = f"{site.account}/20200101/{site.region}/monitoring/aws4_request"
        request = urllib.request.Request(
            f"{local.ENDPOINT}/service/GraniteServiceVersion20100801/operation/{operation}", cbor2.dumps(body), {
                "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor",
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return cbor2.loads(answer.read())

    call("PutMetricAlarm", AlarmName="cbor", Namespace="Relay/Test", MetricName="cbor", Statistic="Maximum", Period=60,
         EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold")
    call("SetAlarmState", AlarmName="cbor", StateValue="ALARM", StateReason="by hand")
    shown = call("DescribeAlarms", AlarmNames=["cbor"])["MetricAlarms"][0]["StateUpdatedTimestamp"]
    noted = call("DescribeAlarmHistory", AlarmName="cbor", HistoryItemType="StateUpdate")["AlarmHistoryItems"][0]
    assert shown == noted["Timestamp"]
    at = instant(round(shown.timestamp() * 1000))
    assert site.about(events, "cbor")["detail"]["state"]["timestamp"] == at == instant(site.since("cbor"))


def test_the_next_event_tells_the_state_before_as_it_was_told(site):
    events, alarm = site.events(), site.alarm()
    site.set(alarm, "ALARM", StateReasonData='{"why":"hand"}')
    first = site.received(events)
    site.set(alarm, "OK")
    second = site.received(events)
    assert second["detail"]["previousState"] == first["detail"]["state"]
    assert first["detail"]["state"]["reasonData"] == '{"why":"hand"}'
    # The same state again is not a transition.
    site.set(alarm, "OK")
    site.quiet(events)


def test_a_function_is_invoked_under_the_same_instant(site):
    function, told = site.function()
    alarm = site.alarm(AlarmActions=[function])
    site.clients["lambda"].add_permission(
        FunctionName=function, StatementId="alarms", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com", SourceAccount=site.account,
        SourceArn=site.arn("cloudwatch", f"alarm:{alarm}"))
    site.set(alarm, "ALARM")
    payload = site.received(told, within=20)
    at = instant(site.since(alarm))
    assert (payload["source"], payload["alarmArn"], payload["accountId"], payload["region"], payload["time"]) == (
        "aws.cloudwatch", site.arn("cloudwatch", f"alarm:{alarm}"), site.account, site.region, at)
    assert payload["alarmData"]["state"] == {"value": "ALARM", "reason": "by hand", "timestamp": at}
    assert payload["alarmData"]["configuration"]["metrics"][0]["metricStat"]["period"] == 60


def test_what_a_policy_does_not_allow_is_not_done_and_the_history_says_so(site):
    function, told = site.function()
    closed = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}]})
    (topic, messages), (ours, open_messages) = site.topic(Policy=closed), site.topic()
    site.sns.set_topic_attributes(TopicArn=ours, AttributeName="Policy", AttributeValue=allow(
        CLOUDWATCH, "sns:Publish", ours, Condition={"StringEquals": {"aws:SourceAccount": site.account}}))
    other = "arn:aws:automate:us-east-1:ec2:recover"
    alarm = site.alarm(AlarmActions=[function, topic, ours, other])
    site.set(alarm, "ALARM")
    assert site.received(open_messages)["TopicArn"] == ours
    ended = local.eventually(lambda: len(found := site.history(alarm, "Action")) == 4 and found)
    said = {data["notificationResource"]: (data["actionState"], summary) for summary, data, _ in ended}
    assert said[ours] == ("Succeeded", f"Successfully executed action {ours}")
    assert said[topic][0] == said[function][0] == said[other][0] == "Failed"
    assert "is not authorized to perform: SNS:Publish on resource" in said[topic][1]
    assert "no resource-based policy allows the lambda:InvokeFunction action" in said[function][1]
    site.quiet(messages)
    site.quiet(told)


def test_an_alarm_whose_actions_are_off_sends_its_event_alone(site):
    events, (topic, messages) = site.events(), site.topic()
    alarm = site.alarm(AlarmActions=[topic], ActionsEnabled=False)
    site.set(alarm, "ALARM")
    assert site.received(events)["detail"]["state"]["value"] == "ALARM"
    site.quiet(messages)
    site.cloudwatch.enable_alarm_actions(AlarmNames=[alarm])
    site.set(alarm, "OK")
    site.set(alarm, "ALARM")
    assert json.loads(site.received(messages)["Message"])["OldStateValue"] == "OK"


def test_an_alarm_of_another_account_and_region_is_told_there_and_may_publish_elsewhere():
    far, hub = Site(region="eu-west-1"), Site(region="eu-west-1")
    events, at_home = far.events(), hub.events()
    topic, messages = hub.topic()
    hub.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow(
        CLOUDWATCH, "sns:Publish", topic, Condition={"ArnLike": {"aws:SourceArn": far.arn("cloudwatch", "alarm:*")}}))
    alarm = far.alarm(AlarmActions=[topic])
    far.set(alarm, "ALARM")
    event = far.received(events)
    assert (event["account"], event["region"]) == (far.account, "eu-west-1")
    message = json.loads(hub.received(messages)["Message"])
    assert (message["AWSAccountId"], message["Region"]) == (far.account, "EU (Ireland)")
    assert message["StateChangeTime"] == event["detail"]["state"]["timestamp"]
    hub.quiet(at_home)


def test_making_changing_and_deleting_an_alarm_are_events(site):
    events = site.events("CloudWatch Alarm Configuration Change")
    alarm = site.alarm()
    created = site.received(events)["detail"]
    assert (created["operation"], created["state"]["value"]) == ("create", "INSUFFICIENT_DATA")
    assert created["configuration"]["threshold"] == 50
    site.alarm(AlarmName=alarm, MetricName=alarm, Threshold=60)
    updated = site.received(events)["detail"]
    assert (updated["operation"], updated["configuration"]["threshold"],
            updated["previousConfiguration"]["threshold"]) == ("update", 60, 50)
    site.cloudwatch.delete_alarms(AlarmNames=[alarm])
    assert site.received(events)["detail"]["operation"] == "delete"


# -- Data --------------------------------------------------------------------------------------------

def test_data_rings_an_alarm_and_calms_it(site):
    events, (topic, messages) = site.events(), site.topic()
    alarm = site.alarm(AlarmActions=[topic], OKActions=[topic])
    site.put(alarm, 99)
    assert site.shown(alarm)["StateValue"] == "ALARM"
    at, event = site.since(alarm), site.received(events)
    state = event["detail"]["state"]
    assert state["timestamp"] == instant(at)
    assert state["reason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [99.0 (")
    assert json.loads(state["reasonData"])["recentDatapoints"] == [99.0]
    assert json.loads(site.received(messages)["Message"])["NewStateValue"] == "ALARM"
    time.sleep(1.1)
    site.put(alarm, 1)
    site.becomes(alarm, "OK")
    assert json.loads(site.received(messages)["Message"])["NewStateValue"] == "OK"


def test_as_many_data_points_count_as_the_alarm_says(site):
    alarm = site.alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    for value, state in [(1, "OK"), (99, "OK"), (99, "ALARM"), (1, "ALARM"), (1, "OK")]:
        site.put(alarm, value)
        assert site.shown(alarm)["StateValue"] == state, value
        time.sleep(1.05)


@pytest.mark.parametrize(("treat", "state"), [
    ("breaching", "ALARM"), ("notBreaching", "OK"), ("missing", "INSUFFICIENT_DATA"), ("ignore", "INSUFFICIENT_DATA")])
def test_without_data_an_alarm_is_as_it_says(site, treat, state):
    alarm = site.alarm(TreatMissingData=treat)
    time.sleep(1.2)
    assert site.shown(alarm)["StateValue"] == state


def test_dimensions_are_metrics_of_their_own(site):
    metric = local.fresh_name("metric")
    one, two, none = (site.alarm(MetricName=metric, Dimensions=[{"Name": "Host", "Value": host}] if host else [])
                      for host in ("one", "two", None))
    site.put(metric, 99, [("Host", "one")])
    site.put(metric, 1, [("Host", "two")])
    assert [site.shown(alarm)["StateValue"] for alarm in (one, two, none)] == ["ALARM", "OK", "INSUFFICIENT_DATA"]


def test_metric_math_rings_and_its_queries_are_told(site):
    events, (topic, messages) = site.events(), site.topic()
    name = local.fresh_name("math")
    stat = {"Metric": {"Namespace": "Relay/Test", "Dimensions": [{"Name": "Host", "Value": "one"}]}, "Period": 60,
            "Stat": "Maximum"}
    site.cloudwatch.put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic], Metrics=[
            {"Id": "e1", "Expression": "SUM(METRICS()) * 2", "Label": "both", "ReturnData": True},
            *({"Id": ident, "MetricStat": stat | {"Metric": stat["Metric"] | {"MetricName": f"{name}-{ident}"}},
               "ReturnData": False} for ident in ("m1", "m2"))])
    assert site.shown(name)["Metrics"][0]["Expression"] == "SUM(METRICS()) * 2"
    site.put(f"{name}-m1", 2, [("Host", "one")])
    assert site.shown(name)["StateValue"] == "INSUFFICIENT_DATA"
    site.put(f"{name}-m2", 4, [("Host", "one")])
    detail = site.about(events, name)["detail"]
    assert [each["id"] for each in detail["configuration"]["metrics"]] == ["e1", "m1", "m2"]
    assert json.loads(detail["state"]["reasonData"])["recentDatapoints"] == [12.0]
    trigger = json.loads(site.received(messages)["Message"])["Trigger"]
    assert [each["Id"] for each in trigger["Metrics"]] == ["e1", "m1", "m2"]


def test_a_state_set_by_hand_holds_until_there_is_new_data(site):
    alarm = site.alarm()
    site.put(alarm, 1)
    site.set(alarm, "ALARM")
    time.sleep(1.2)
    assert site.shown(alarm)["StateValue"] == "ALARM"
    site.put(alarm, 1)
    site.becomes(alarm, "OK")


# -- Composite alarms ----------------------------------------------------------------------------------

def test_a_composite_alarm_rings_through_its_child(site):
    events, (topic, messages) = site.events(), site.topic()
    child, calm = site.alarm(), site.alarm(TreatMissingData="notBreaching")
    site.set(child, "OK")
    name = local.fresh_name("composite")
    site.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({child}) OR ALARM({calm})",
                                        AlarmActions=[topic])
    born = site.about(events, name)["detail"]
    assert born["previousState"].keys() == {"value", "timestamp"}
    assert born["state"]["reason"].endswith("was created and its alarm rule evaluates to OK")
    site.put(child, 99)
    event = site.about(events, name)
    children = [{"arn": site.arn("cloudwatch", f"alarm:{child}"),
                 "state": {"value": "ALARM", "timestamp": instant(site.since(child))}}]
    assert json.loads(event["detail"]["state"]["reasonData"]) == {"triggeringAlarms": children}
    assert event["detail"]["configuration"] == {"alarmRule": f"ALARM({child}) OR ALARM({calm})"}
    assert event["detail"]["state"]["timestamp"] == instant(site.since(name))
    message = json.loads(site.received(messages)["Message"])
    assert "Trigger" not in message and message["StateChangeTime"] == event["detail"]["state"]["timestamp"]
    assert message["TriggeringChildren"] == [{
        "Arn": children[0]["arn"], "State": {"Value": "ALARM", "Timestamp": children[0]["state"]["timestamp"]}}]


def test_a_suppressor_in_alarm_keeps_a_composite_alarm_quiet_but_not_its_event(site):
    events, (topic, messages) = site.events(), site.topic()
    child, suppressor = site.alarm(), site.alarm()
    site.set(suppressor, "ALARM")
    name = local.fresh_name("composite")
    site.cloudwatch.put_composite_alarm(
        AlarmName=name, AlarmRule=f"ALARM({child})", AlarmActions=[topic], ActionsSuppressor=suppressor,
        ActionsSuppressorWaitPeriod=60, ActionsSuppressorExtensionPeriod=60)
    site.about(events, name)
    site.set(child, "ALARM")
    detail = site.about(events, name)["detail"]
    assert detail["state"]["actionsSuppressedBy"] == "Alarm"
    assert detail["configuration"]["actionsSuppressor"] == suppressor
    assert site.shown(name)["ActionsSuppressedBy"] == "Alarm"
    site.quiet(messages)


# -- Status checks ---------------------------------------------------------------------------------------

@pytest.mark.parametrize(("check", "metric"), [
    ("instance", "StatusCheckFailed_Instance"), ("system", "StatusCheckFailed_System")])
def test_a_failing_check_rings_and_only_its_cure_clears_it(site, check, metric):
    ill, well = site.instance(), site.instance()
    alarm, whole, other = (site.status_alarm(ill, metric), site.status_alarm(ill), site.status_alarm(well))
    unaffected = site.status_alarm(ill, next(
        each for each in ("StatusCheckFailed_Instance", "StatusCheckFailed_System") if each != metric))
    for each in (alarm, whole, other, unaffected):
        site.becomes(each, "OK")
    site.impair(ill, check, "stopStart")
    for each in (alarm, whole):
        site.becomes(each, "ALARM")
    assert {site.shown(each)["StateValue"] for each in (other, unaffected)} == {"OK"}
    # Not the named cure.
    site.ec2.reboot_instances(InstanceIds=[ill])
    time.sleep(2.2)
    assert site.shown(alarm)["StateValue"] == "ALARM"
    site.ec2.stop_instances(InstanceIds=[ill])
    site.ec2.start_instances(InstanceIds=[ill])
    for each in (alarm, whole):
        site.becomes(each, "OK")


def test_an_alarm_may_reboot_its_instance_and_is_calmed_by_it(site):
    events, ill = site.events(), site.instance()
    alarm = site.status_alarm(ill, AlarmActions=[f"arn:aws:automate:{site.region}:ec2:reboot"])
    site.becomes(alarm, "OK")
    site.impair(ill, "instance", "reboot")
    states = []
    while states[-2:] != ["ALARM", "OK"]:
        states.append(site.about(events, alarm)["detail"]["state"]["value"])
    assert states == ["OK", "ALARM", "OK"]
    assert site.history(alarm, "Action")[0][1]["actionState"] == "Succeeded"


def test_an_instance_that_is_not_there_cannot_be_impaired(site):
    with pytest.raises(urllib.error.HTTPError) as refused:
        site.impair("i-0123456789abcdef0", "instance", "reboot")
    assert refused.value.code == 400 and "has no instance" in refused.value.read().decode()


def test_the_checks_of_an_instance_are_data_for_everyone(site):
    ill = site.instance()
    site.impair(ill, "system", "nothing")

    def latest():
        points = site.cloudwatch.get_metric_statistics(
            Namespace="AWS/EC2", MetricName="StatusCheckFailed_System", Period=60, Statistics=["Maximum"],
            Dimensions=[{"Name": "InstanceId", "Value": ill}], StartTime=time.time() - 120, EndTime=time.time() + 60)
        return points["Datapoints"] and points["Datapoints"][-1]["Maximum"] == 1.0

    local.eventually(latest)


# -- Alarms of templates ----------------------------------------------------------------------------

def test_a_template_makes_alarms_over_metric_math_and_composite_ones(site):
    stacks, name = local.client("cloudformation", site.account, site.region), local.fresh_name("stack")
    metric = local.fresh_name("metric")
    math = {"Type": "AWS::CloudWatch::Alarm", "Properties": {
        "EvaluationPeriods": "1", "Threshold": "10", "ComparisonOperator": "GreaterThanThreshold", "Metrics": [
            {"Id": "twice", "Expression": "m * 2", "ReturnData": "true"},
            {"Id": "m", "ReturnData": False, "MetricStat": {"Period": "60", "Stat": "Maximum", "Metric": {
                "Namespace": "Relay/Test", "MetricName": metric}}}]}}
    both = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {
        "AlarmRule": {"Fn::Sub": 'ALARM("${Math}")'}, "AlarmDescription": "of a template"}}
    template = {"Resources": {"Math": math, "Both": both},
                "Outputs": {"Math": {"Value": {"Ref": "Math"}}, "Both": {"Value": {"Ref": "Both"}},
                            "Arn": {"Value": {"Fn::GetAtt": ["Both", "Arn"]}}}}
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def outputs(status):
        stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
        assert "FAILED" not in stack["StackStatus"] and "ROLLBACK" not in stack["StackStatus"], stack
        return stack["StackStatus"] == status and {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}

    made = local.eventually(lambda: outputs("CREATE_COMPLETE"), within=20)
    assert made["Arn"] == site.arn("cloudwatch", f"alarm:{made['Both']}")
    assert site.shown(made["Both"])["AlarmDescription"] == "of a template"
    site.put(metric, 6)
    site.becomes(made["Math"], "ALARM")
    site.becomes(made["Both"], "ALARM")

    both["Properties"]["AlarmRule"] = {"Fn::Sub": 'NOT ALARM("${Math}")'}
    stacks.update_stack(StackName=name, TemplateBody=json.dumps(template))
    assert local.eventually(lambda: outputs("UPDATE_COMPLETE"), within=20)["Both"] == made["Both"]
    site.becomes(made["Both"], "OK")
    stacks.delete_stack(StackName=name)
    local.eventually(lambda: not site.cloudwatch.describe_alarms(
        AlarmNames=[made["Both"], made["Math"]], AlarmTypes=["MetricAlarm", "CompositeAlarm"])["CompositeAlarms"], within=20)


# -- Periods of a suppressor, contributors ----------------------------------------------------------------

def _suppressed(site, wait, extension):
    """A composite alarm with its child, its suppressor, its events and its messages."""
    events, (topic, messages) = site.events(), site.topic()
    child, suppressor, name = site.alarm(), site.alarm(), local.fresh_name("composite")
    for each in (child, suppressor):
        site.set(each, "OK")
    site.cloudwatch.put_composite_alarm(
        AlarmName=name, AlarmRule=f"ALARM({child})", AlarmActions=[topic], ActionsSuppressor=suppressor,
        ActionsSuppressorWaitPeriod=wait, ActionsSuppressorExtensionPeriod=extension)
    while site.about(events, name)["detail"]["state"]["value"] != "OK":
        pass
    return child, suppressor, name, events, messages


def _states(detail):
    """The state before and now, each with what suppresses it."""
    return [(detail[key]["value"], detail[key].get("actionsSuppressedBy")) for key in ("previousState", "state")]


def test_a_composite_alarm_acts_when_its_wait_period_is_over(site):
    child, _, name, events, messages = _suppressed(site, 2, 2)
    site.set(child, "ALARM")
    first = site.about(events, name)["detail"]
    assert _states(first) == [("OK", None), ("ALARM", "WaitPeriod")]
    site.quiet(messages)
    then = site.about(events, name)["detail"]
    assert _states(then) == [("ALARM", "WaitPeriod"), ("ALARM", None)]
    assert then["previousState"]["timestamp"] == first["state"]["timestamp"] < then["state"]["timestamp"]
    message = json.loads(site.received(messages)["Message"])
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "ALARM")
    assert message["StateChangeTime"] == then["state"]["timestamp"]
    assert "ActionsSuppressedBy" not in site.shown(name)


def test_a_suppressor_that_lets_go_is_followed_by_the_extension_period(site):
    child, suppressor, name, events, messages = _suppressed(site, 60, 2)
    site.set(child, "ALARM")
    assert _states(site.about(events, name)["detail"])[1] == ("ALARM", "WaitPeriod")
    site.set(suppressor, "ALARM")
    assert _states(site.about(events, name)["detail"]) == [("ALARM", "WaitPeriod"), ("ALARM", "Alarm")]
    site.set(suppressor, "OK")
    assert _states(site.about(events, name)["detail"]) == [("ALARM", "Alarm"), ("ALARM", "ExtensionPeriod")]
    site.quiet(messages)
    assert _states(site.about(events, name)["detail"]) == [("ALARM", "ExtensionPeriod"), ("ALARM", None)]
    assert json.loads(site.received(messages)["Message"])["NewStateValue"] == "ALARM"


def _insights(site):
    """An alarm over many time series; returns its name."""
    name = local.fresh_name("alarm")
    site.cloudwatch.put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=90, ComparisonOperator="GreaterThanThreshold",
        Metrics=[{"Id": "q1", "Period": 60, "ReturnData": True,
                  "Expression": 'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId'}])
    return name


def _contributors(site, alarm):
    listed = site.cloudwatch.describe_alarm_contributors(AlarmName=alarm)["AlarmContributors"]
    return {each["ContributorId"]: each["ContributorAttributes"] for each in listed}


def test_a_contributor_rings_is_listed_and_puts_its_alarm_into_alarm(site):
    events, whole = site.events("CloudWatch Alarm Contributor State Change"), site.events()
    alarm = _insights(site)
    site.set(alarm, "OK")
    assert _contributors(site, alarm) == {}
    change = {"account": site.account, "region": site.region, "alarm": alarm, "id": "c0ffee",
              "attributes": {"InstanceId": "i-12345678"}}
    local.control("POST", "contributors", change)
    event = site.about(events, alarm)
    assert event["detail"]["alarmContributor"] == {"id": "c0ffee", "attributes": {"InstanceId": "i-12345678"}}
    assert event["detail"]["state"]["value"] == "ALARM" and "previousState" not in event["detail"]
    assert event["resources"] == [site.arn("cloudwatch", f"alarm:{alarm}")]
    assert _contributors(site, alarm) == {"c0ffee": {"InstanceId": "i-12345678"}}
    assert site.shown(alarm)["StateValue"] == "ALARM"
    local.control("POST", "contributors", change | {"value": "OK"})
    assert site.about(events, alarm)["detail"]["state"]["value"] == "OK"
    assert _contributors(site, alarm) == {}
    assert site.shown(alarm)["StateValue"] == "OK"
    changes = [site.about(whole, alarm)["detail"]["state"]["value"] for _ in range(3)]
    assert changes == ["OK", "ALARM", "OK"]


def test_an_event_about_a_contributor_that_is_delivered_by_hand_is_listed(site):
    alarm = _insights(site)
    envelope = {"version": "0", "id": "e", "detail-type": "CloudWatch Alarm Contributor State Change",
                "source": "aws.cloudwatch", "account": site.account, "region": site.region, "resources": [],
                "detail": {"alarmName": alarm, "alarmContributor": {"id": "c0ffee", "attributes": {"InstanceId": "i-1"}},
                           "state": {"value": "ALARM", "reason": "made up"}}}
    for value, listed in (("ALARM", {"c0ffee": {"InstanceId": "i-1"}}), ("OK", {})):
        envelope["detail"]["state"]["value"] = value
        local.control("POST", f"events?account={site.account}&region={site.region}", envelope)
        assert _contributors(site, alarm) == listed
    code = local.code_of(site.cloudwatch.describe_alarm_contributors, AlarmName="nothing")
    assert code in ("ResourceNotFoundException", "ResourceNotFound")
