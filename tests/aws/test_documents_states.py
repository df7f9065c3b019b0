"""States of documents that no call of the API brings about, but other services and AWS Support do: the
control interface sets them, the API answers for them.
"""

import local
from documents import AUTOMATION, automation, create


def arn(account, resource):
    return f"arn:aws:ssm:{local.HOME}:{account}:{resource}"


def updating(resource, is_updating=True):
    local.control("POST", "documents", {"control": "updating", "arn": resource, "updating": is_updating})


def test_a_document_that_nodes_are_associated_with_is_not_deleted(ssm, account):
    name = create(ssm)
    where = {"control": "associate", "region": local.HOME, "owner": account, "name": name}
    local.control("POST", "documents", where | {"instances": ["i-0123456789abcdef0"]})
    assert local.code_of(ssm.delete_document, Name=name) == "AssociatedInstances"
    local.control("POST", "documents", where | {"instances": []})
    ssm.delete_document(Name=name)


def test_what_is_being_updated_is_not_updated_again(ssm, account):
    name, setting = create(ssm), "/ssm/documents/console/public-sharing-permission"
    new = local.fresh_name()
    for resource in (f"document/{name}", f"document/{new}", f"servicesetting{setting}"):
        updating(arn(account, resource))
    where = {"ResourceType": "Document", "ResourceId": name}
    for call, arguments in [
        (ssm.create_document, {"Name": new, "Content": AUTOMATION, "DocumentType": "Automation"}),
        (ssm.delete_document, {"Name": name}),
        (ssm.update_document_metadata, {"Name": name, "DocumentReviews": {"Action": "SendForReview"}}),
        (ssm.add_tags_to_resource, where | {"Tags": [{"Key": "a", "Value": "1"}]}),
        (ssm.remove_tags_from_resource, where | {"TagKeys": ["a"]}),
        (ssm.update_service_setting, {"SettingId": setting, "SettingValue": "Enable"}),
        (ssm.reset_service_setting, {"SettingId": setting}),
    ]:
        assert local.code_of(call, **arguments) == "TooManyUpdates", call
    updating(arn(account, f"document/{name}"), False)
    ssm.delete_document(Name=name)


def test_a_type_that_aws_retires_is_not_created_again(ssm):
    local.control("POST", "documents", {"control": "retire", "documentType": "ProblemAnalysisTemplate"})
    assert local.code_of(ssm.create_document, Name=local.fresh_name(), Content=AUTOMATION,
                         DocumentType="ProblemAnalysisTemplate") == "NoLongerSupportedException"


def test_quotas_are_those_of_the_account_and_the_document(ssm, account):
    name = create(ssm)
    share = {"Name": name, "PermissionType": "Share"}
    local.control("POST", "documents", {"control": "sharedAccountsQuota", "region": local.HOME, "owner": account,
                                        "name": name, "limit": 1})
    ssm.modify_document_permission(**share, AccountIdsToAdd=["111122223333"])
    assert local.code_of(ssm.modify_document_permission, **share, AccountIdsToAdd=["444455556666"]) \
        == "DocumentPermissionLimit"
    local.control("POST", "documents", {"control": "documentsQuota", "region": local.HOME, "account": account,
                                        "limit": 0})
    assert local.code_of(ssm.create_document, Name=local.fresh_name(), Content=automation(),
                         DocumentType="Automation") == "DocumentLimitExceeded"
    assert local.code_of(ssm.modify_document_permission, **share, AccountIdsToAdd=["111122223333"]) \
        == "DocumentLimitExceeded"
