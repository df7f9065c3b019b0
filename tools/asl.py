"""State machines as graphs: what the rules of check_statemachines.py walk over. No rules here."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

EXPRESSION = re.compile(r"^\{%(.*)%\}$", re.DOTALL)


@dataclass(frozen=True)
class Edge:
    """One way from a state to another."""

    start: str
    end: str
    # "next", "catch", or, out of a Choice, its condition ("" for the Default)
    kind: str
    condition: str = ""


@dataclass
class Graph:
    """The states of one machine, or of one Map's items."""

    start: str
    states: dict
    # of which Map's items these are the states; "" for the machine itself
    inside: str = ""
    edges: list = field(default_factory=list)

    def __post_init__(self):
        for name, state in self.states.items():
            if "Next" in state:
                self.edges.append(Edge(name, state["Next"], "next"))
            for rule in state.get("Choices", []):
                self.edges.append(Edge(name, rule.get("Next", ""), "choice", str(rule.get("Condition", ""))))
            if "Default" in state:
                self.edges.append(Edge(name, state["Default"], "choice"))
            for catcher in state.get("Catch", []):
                self.edges.append(Edge(name, catcher.get("Next", ""), "catch"))

    def after(self, name):
        """The states one step from `name`."""
        return [edge.end for edge in self.edges if edge.start == name]

    def reachable(self, start, avoiding=()):
        """All states on the ways from `start` that pass none of `avoiding`; `start` is one of them."""
        seen, todo = set(), [start]
        while todo:
            name = todo.pop()
            if name in seen or name in avoiding or name not in self.states:
                continue
            seen.add(name)
            todo.extend(self.after(name))
        return seen

    def ends(self, name):
        """Whether an execution, or an item, may end in this state."""
        state = self.states[name]
        return state.get("End") is True or state["Type"] in ("Succeed", "Fail")

    def cycles(self):
        """Every simple cycle, as a list of states."""
        order = {name: index for index, name in enumerate(self.states)}
        found = []

        def walk(first, path):
            for name in self.after(path[-1]):
                if name == first:
                    found.append(list(path))
                elif name in order and order[name] > order[first] and name not in path:
                    walk(first, [*path, name])

        for name in self.states:
            walk(name, [name])
        return found


@dataclass
class Machine:
    """One definition file."""

    path: Path
    text: str
    definition: dict
    graphs: list = field(init=False)

    def __post_init__(self):
        self.graphs = list(_graphs(self.definition, ""))

    @property
    def name(self):
        return self.path.name.removesuffix(".asl.json")

    def states(self):
        """Every state with its graph and name."""
        return [(graph, name, state) for graph in self.graphs for name, state in graph.states.items()]

    def expressions(self):
        """Every string between {% and %}, with the place it stands at."""
        return [(place, match[1].strip()) for place, text in strings(self.definition)
                if (match := EXPRESSION.match(text))]


def load(path, texts=None):
    """Reads a definition with the texts that the template puts into it; raises ValueError for a repeated key, which JSON
    readers accept."""
    def once(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: is repeated in one object")
        return dict(pairs)

    text = Path(path).read_text(encoding="utf-8")
    filled = text
    for name, value in (texts or {}).items():
        filled = filled.replace(f"${{{name}}}", value)
    definition = json.loads(filled, object_pairs_hook=once)
    return Machine(Path(path), text, definition)


def _graphs(definition, inside):
    graph = Graph(definition["StartAt"], definition["States"], inside)
    yield graph
    for name, state in graph.states.items():
        if state["Type"] == "Map":
            yield from _graphs(state["ItemProcessor"], name)
        for branch in state.get("Branches", []):
            yield from _graphs(branch, name)


def strings(value, place=""):
    """Every string in a JSON value, with the place it stands at."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from strings(child, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from strings(child, f"{place}[{index}]")
