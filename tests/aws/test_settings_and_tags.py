"""Service settings, and tags of documents."""

import local
from documents import create

SETTING = "/ssm/documents/console/public-sharing-permission"


def test_a_setting_is_read_changed_and_reset(ssm, account):
    default = ssm.get_service_setting(SettingId=SETTING)["ServiceSetting"]
    assert (default["SettingValue"], default["Status"]) == ("Enable", "Default")
    ssm.update_service_setting(SettingId=SETTING, SettingValue="Disable")
    changed = ssm.get_service_setting(SettingId=SETTING)["ServiceSetting"]
    assert (changed["SettingValue"], changed["Status"]) == ("Disable", "Customized")
    assert changed["ARN"] == f"arn:aws:ssm:{local.HOME}:{account}:servicesetting{SETTING}"
    elsewhere = local.client("ssm", account, "eu-west-1")
    assert elsewhere.get_service_setting(SettingId=SETTING)["ServiceSetting"]["SettingValue"] == "Enable"
    reset = ssm.reset_service_setting(SettingId=SETTING)["ServiceSetting"]
    assert (reset["SettingValue"], reset["Status"]) == ("Enable", "Default")


def test_settings_that_are_not_there_are_not_found(ssm):
    for call, more in [(ssm.get_service_setting, {}), (ssm.reset_service_setting, {}),
                       (ssm.update_service_setting, {"SettingValue": "x"})]:
        assert local.code_of(call, SettingId="/ssm/absent/setting", **more) == "ServiceSettingNotFound"


def test_tags_are_added_replaced_listed_and_removed(ssm):
    name = create(ssm)
    where = {"ResourceType": "Document", "ResourceId": name}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "a", "Value": "3"}])
    listed = ssm.list_tags_for_resource(**where)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in listed} == {"a": "3", "b": "2"}
    ssm.remove_tags_from_resource(**where, TagKeys=["a", "absent"])
    assert ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "b", "Value": "2"}]


def test_a_document_has_fifty_tags_and_no_more(ssm):
    where = {"ResourceType": "Document", "ResourceId": create(ssm)}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    assert local.code_of(ssm.add_tags_to_resource, **where,
                         Tags=[{"Key": "one-more", "Value": ""}]) == "TooManyTagsError"


def test_what_cannot_be_tagged_is_refused(ssm):
    calls = [(ssm.add_tags_to_resource, {"Tags": [{"Key": "a", "Value": "1"}]}),
             (ssm.remove_tags_from_resource, {"TagKeys": ["a"]}), (ssm.list_tags_for_resource, {})]
    for call, more in calls:
        assert local.code_of(call, ResourceType="Document", ResourceId="absent", **more) == "InvalidResourceId"
        assert local.code_of(call, ResourceType="Nonsense", ResourceId="x", **more) == "InvalidResourceType"
