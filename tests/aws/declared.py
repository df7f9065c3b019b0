"""What the service models declare, for the operations that the local AWS implements itself; inputs that
satisfy the model, made from it; and the errors that only a fault can bring about.
"""

import functools

import botocore.session

import model

# The local AWS answers for the whole of AWS Organizations, and for these operations of SSM.
SSM = [
    "AddTagsToResource", "CreateDocument", "DeleteDocument", "DescribeDocument", "DescribeDocumentPermission",
    "GetDocument", "GetServiceSetting", "ListDocumentMetadataHistory", "ListDocumentVersions", "ListDocuments",
    "ListTagsForResource", "ModifyDocumentPermission", "RemoveTagsFromResource", "ResetServiceSetting",
    "UpdateDocument", "UpdateDocumentDefaultVersion", "UpdateDocumentMetadata", "UpdateServiceSetting",
    "DescribeAutomationExecutions", "DescribeAutomationStepExecutions", "GetAutomationExecution",
    "SendAutomationSignal", "StartAutomationExecution", "StopAutomationExecution",
    "GetCalendarState", "GetExecutionPreview", "StartExecutionPreview",
    "CreateAssociation", "DeleteAssociation", "DescribeAssociation", "DescribeAssociationExecutionTargets",
    "DescribeAssociationExecutions", "ListAssociationVersions", "ListAssociations", "StartAssociationsOnce",
    "UpdateAssociation",
]

# (service, operation or *, error) -> why no sequence of calls brings it about. A test brings each about
# by a fault; the coverage test fails when one is met without.
BY_FAULT = {
    ("organizations", "*", "ServiceException"): "a failure inside AWS",
    ("organizations", "*", "TooManyRequestsException"): "a rate limit; the local AWS has none",
    ("organizations", "*", "ConcurrentModificationException"): "two changes at once; locally they take turns",
    ("organizations", "*", "PolicyChangesInProgressException"): "a change still spreading; locally it is at once",
    ("organizations", "*", "FinalizingOrganizationException"): "an organization still being made; locally at once",
    ("organizations", "*", "AccessDeniedForDependencyException"): "a service-linked role that could not be made",
    ("organizations", "InviteAccountToOrganization", "AccountOwnerNotVerifiedException"): "an unconfirmed address",
    ("organizations", "CreateOrganization", "AccessDeniedException"): "IAM's; the suite calls as root",
    ("organizations", "DescribeOrganization", "AccessDeniedException"): "IAM's; the suite calls as root",
    ("organizations", "LeaveOrganization", "AccessDeniedException"): "IAM's; the suite calls as root",
    ("organizations", "ListHandshakesForAccount", "AccessDeniedException"): "IAM's; the suite calls as root",
    ("organizations", "LeaveOrganization", "AccountNotFoundException"): "an account that AWS lost sight of",
    ("organizations", "DeleteOrganization", "InvalidInputException"): "the operation has no input",
    ("organizations", "EnableAllFeatures", "InvalidInputException"): "the operation has no input",
    ("organizations", "LeaveOrganization", "InvalidInputException"): "the operation has no input",
    ("organizations", "CreateOrganization", "ConstraintViolationException"): "AWS's checks of payment and contact",
    ("organizations", "EnableAllFeatures", "ConstraintViolationException"): "a migration too large for AWS",
    ("organizations", "DeleteResourcePolicy", "ConstraintViolationException"): "AWS says not which",
    ("organizations", "DescribeResourcePolicy", "ConstraintViolationException"): "AWS says not which",
    ("organizations", "UntagResource", "ConstraintViolationException"): "a tag policy that is enforced",
    ("organizations", "ListInboundResponsibilityTransfers", "ConstraintViolationException"): "AWS says not which",
    ("organizations", "ListOutboundResponsibilityTransfers", "ConstraintViolationException"): "AWS says not which",
    ("organizations", "TerminateResponsibilityTransfer", "ConstraintViolationException"): "AWS's billing",
    ("ssm", "*", "InternalServerError"): "a failure inside AWS",
    ("ssm", "StartAutomationExecution", "AutomationExecutionLimitExceededException"): "5,100 executions at once",
    ("ssm", "CreateAssociation", "AssociationLimitExceeded"): "2,000 associations",
    ("ssm", "CreateAssociation", "InvalidOutputLocation"): "of commands; automations write no output to S3",
    ("ssm", "CreateAssociation", "UnsupportedPlatformType"): "of nodes; locally automations are associated",
    ("ssm", "UpdateAssociation", "AssociationVersionLimitExceeded"): "1,000 versions",
    ("ssm", "UpdateAssociation", "InvalidOutputLocation"): "of commands; automations write no output to S3",
    ("ssm", "UpdateAssociation", "TooManyUpdates"): "two updates at once; locally they take turns",
    ("ssm", "DeleteAssociation", "TooManyUpdates"): "two updates at once; locally they take turns",
    ("ssm", "DeleteAssociation", "InvalidInstanceId"): "of nodes; locally automations are associated",
    ("ssm", "DescribeAssociation", "InvalidInstanceId"): "of nodes; locally automations are associated",
    ("ssm", "StartAssociationsOnce", "InvalidAssociation"): "an association that AWS has spoiled",
}

# Operations that have an input, none of whose members has a bound.
UNCONSTRAINED = {"GetCalendarState"}

# A value for each shape of an input that has a form of its own.
EXAMPLES = {
    "AccountId": "111122223333", "AccountName": "example", "ChildId": "111122223333",
    "CreateAccountRequestId": "car-0123456789", "DocumentARN": "Relay-example", "DocumentName": "Relay-example",
    "DocumentVersionNumber": "1", "Email": "someone@example.com", "HandshakeId": "h-0123456789",
    "HandshakePartyId": "111122223333", "OrganizationalUnitId": "ou-0123-01234567", "ParentId": "r-0123",
    "PolicyContent": "{}", "PolicyId": "p-0123456789", "PolicyTargetId": "r-0123",
    "ResourcePolicyContent": "{}", "ResourceTypeForTagging": "Document",
    "AssociationId": "00000000-0000-0000-0000-000000000000", "AutomationExecutionId": "00000000-0000-0000-0000-000000000000",
    "AssociationExecutionId": "00000000-0000-0000-0000-000000000000",
    "ExecutionPreviewId": "00000000-0000-0000-0000-000000000000",
    "ResponsibilityTransferId": "rt-0123456789", "RootId": "r-0123",
    "ServicePrincipal": "ssm.amazonaws.com", "TaggableResourceId": "r-0123",
}


@functools.cache
def service_model(service):
    return botocore.session.get_session().get_service_model(service)


def operations(service):
    """The names of the operations that the local AWS implements itself."""
    return SSM if service == "ssm" else list(service_model(service).operation_names)


def errors(service, operation):
    """The codes that the model declares for an operation."""
    return [shape.error_code for shape in service_model(service).operation_model(operation).error_shapes]


def declaring(service, code):
    """The operations that declare an error."""
    return [operation for operation in operations(service) if code in errors(service, operation)]


def by_fault(service, operation, code):
    """Why only a fault brings this error about, if that is so."""
    return BY_FAULT.get((service, operation, code)) or BY_FAULT.get((service, "*", code))


def valid_input(service, operation):
    """The smallest input that satisfies the model; it need not name anything that exists."""
    shape = service_model(service).operation_model(operation).input_shape
    return {} if shape is None else _structure(shape)


def _structure(shape):
    return {name: _value(shape.members[name]) for name in shape.required_members}


def _value(shape):
    if shape.name in EXAMPLES:
        return EXAMPLES[shape.name]
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        return [_value(shape.member)]
    if shape.type_name == "timestamp":
        return 4_070_908_800  # 2099-01-01, a month's first instant
    if shape.metadata.get("enum"):
        return shape.metadata["enum"][0]
    return "x" * max(1, shape.metadata.get("min", 1))


def invalid_input(service, operation):
    """A valid input with one member that breaks the model; `None` if the operation has no input."""
    shape = service_model(service).operation_model(operation).input_shape
    members = {} if shape is None else shape.members
    for name in sorted(members, key=lambda name: name not in shape.required_members):
        for broken in _broken(members[name]):
            if any(True for _ in model.violations(members[name], broken)):
                return valid_input(service, operation) | {name: broken}
    return None


def _broken(shape):
    """Values of the right JSON type, of which the model forbids some."""
    if shape.type_name == "structure":
        yield {}
    elif shape.type_name == "list":
        yield from ([broken] for broken in _broken(shape.member))
    elif shape.type_name in ("integer", "long"):
        yield shape.metadata.get("min", 0) - 1
    elif shape.type_name == "string":
        yield from ("", "\u0007!", "x" * (shape.metadata.get("max", 0) + 1))
