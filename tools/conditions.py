"""Which resources a template makes, by its parameters and by where it is deployed: conditions as CloudFormation evaluates them."""

import templates


def resources(path, account, region, **given):
    """The logical ids of the resources that a stack has."""
    template = templates.load(path)
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    values |= {"AWS::AccountId": account, "AWS::Region": region, **given}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    conditions = template.get("Conditions", {})

    def value(node):
        if not isinstance(node, dict):
            return node
        (function, argument), = node.items()
        if function == "Ref":
            return values[argument]
        if function == "Condition":
            return value(conditions[argument])
        if function == "Fn::Equals":
            return value(argument[0]) == value(argument[1])
        if function == "Fn::Not":
            return not value(argument[0])
        if function == "Fn::And":
            return all(value(each) for each in argument)
        if function == "Fn::Select":
            return str(value(argument[1])).split(",")[argument[0]]
        raise ValueError(f"unknown function {function}")

    return {name for name, resource in template["Resources"].items()
            if "Condition" not in resource or value(conditions[resource["Condition"]])}
