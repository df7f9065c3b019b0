"""JSONata as Step Functions speaks it: does it parse, and are all names in it known?"""

import re

from jsonata import Jsonata

# https://docs.jsonata.org and "JSONata functions provided by Step Functions"; without $eval, which
# Step Functions does not have.
FUNCTIONS = set("""
    string length substring substringBefore substringAfter uppercase lowercase trim pad contains split
    join match replace base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent
    decodeUrl number abs floor ceil round power sqrt random formatNumber formatBase formatInteger
    parseInteger sum max min average boolean not exists count append sort reverse shuffle distinct zip
    keys lookup spread merge sift each error assert type now millis fromMillis toMillis map filter
    single reduce partition range hash uuid parse
""".split())


def names(expression):
    """(functions called, variables read) in an expression, without those it binds itself."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", expression)
    called = set(re.findall(r"\$([A-Za-z_]\w*)\s*\(", bare))
    read = set(re.findall(r"\$([A-Za-z_]\w*)", bare)) - called
    bound = set(re.findall(r"\$([A-Za-z_]\w*)\s*:=", bare))
    for parameters in re.findall(r"function\s*\(([^)]*)\)", bare):
        bound |= set(re.findall(r"\$([A-Za-z_]\w*)", parameters))
    return called - bound, read - bound


def problems(expression, variables):
    """What is wrong with an expression, given the variables that some state assigns."""
    try:
        Jsonata.jsonata(expression)
    except Exception as error:  # the port raises what it meets
        return [f"does not parse: {error}"]
    called, read = names(expression)
    return ([f"${name}() is not a function of Step Functions" for name in sorted(called - FUNCTIONS)]
            + [f"${name} is assigned nowhere" for name in sorted(read - variables - {"states"})])
