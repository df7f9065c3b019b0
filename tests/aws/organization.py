"""An organization of a test's own, and how to fill it."""

import local


class Organization:
    """A fresh management account with an organization, and clients for it and its members."""

    def __init__(self, features="ALL"):
        self.management = local.fresh_account()
        self.client = local.client("organizations", self.management)
        self.id = self.client.create_organization(FeatureSet=features)["Organization"]["Id"]
        self._root = None

    @property
    def root(self):
        if self._root is None:
            [self._root] = self.client.list_roots()["Roots"]
        return self._root["Id"]

    def account(self, name=None, **more):
        """Creates an account and waits until it is there, by moving the clock; returns its id."""
        status = self.create(name, **more)
        assert status["State"] == "SUCCEEDED", status
        return status["AccountId"]

    def create(self, name=None, **more):
        """Creates an account and returns how that ended."""
        name = name or local.fresh_name("account")
        status = self.client.create_account(Email=f"{name}@example.com", AccountName=name, **more)
        request = status["CreateAccountStatus"]["Id"]
        local.advance("PT2S")

        def ended():
            answer = self.client.describe_create_account_status(CreateAccountRequestId=request)
            status = answer["CreateAccountStatus"]
            return status if status["State"] != "IN_PROGRESS" else None

        return local.eventually(ended)

    def unit(self, parent=None, name=None):
        """Creates an organizational unit and returns its id."""
        answer = self.client.create_organizational_unit(
            ParentId=parent or self.root, Name=name or local.fresh_name("Unit"))
        return answer["OrganizationalUnit"]["Id"]

    def invite(self, account, **more):
        """Invites an account and returns the handshake's id."""
        answer = self.client.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": account}, **more)
        return answer["Handshake"]["Id"]

    def invited(self):
        """A member that was invited and has accepted; returns its id."""
        account = local.fresh_account()
        handshake = self.invite(account)
        local.client("organizations", account).accept_handshake(HandshakeId=handshake)
        return account

    def move(self, account, unit):
        """Moves an account from the root into a unit."""
        self.client.move_account(AccountId=account, SourceParentId=self.root, DestinationParentId=unit)

    def enable(self, policy_type):
        """Enables a type of policies in the root."""
        self.client.enable_policy_type(RootId=self.root, PolicyType=policy_type)

    def policy(self, policy_type="SERVICE_CONTROL_POLICY", content=None, name=None, **more):
        """Creates a policy and returns its id."""
        answer = self.client.create_policy(
            Name=name or local.fresh_name("policy"), Description="made by a test", Type=policy_type,
            Content=content or CONTENT[policy_type], **more)
        return answer["Policy"]["PolicySummary"]["Id"]


CONTENT = {
    "SERVICE_CONTROL_POLICY":
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}',
    "TAG_POLICY": '{"tags":{"CostCenter":{"tag_key":{"@@assign":"CostCenter"}}}}',
}
