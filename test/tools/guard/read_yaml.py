"""Reads JSON strings, one a line, as YAML with PyYAML (in Python, not libyaml) and answers each with a line of JSON.

The answer is null where PyYAML refuses the text, else the list of its documents: null for one without content, a string for a
string, {"s": text, "t": tag} for any other scalar, a list, {"m": [[key, value], ...]} for a mapping in its order. Another tag
than the usual one stands in "t". With the argument --places each scalar is {"s", "t", "at": [start, end]}, its content's place.
"""
import json
import sys

import yaml

PREFIX = "tag:yaml.org,2002:"
DEPTH_MAX = 300


WITH_PLACES = "--places" in sys.argv


def place(node):
    """Of a block scalar without its header, in which a comment may stand."""
    start, end = node.start_mark, node.end_mark
    if node.style in ("|", ">"):
        line_break = start.buffer.find("\n", start.pointer)
        return [start.index + line_break + 1 - start.pointer, end.index]
    return [start.index, end.index]


def show(node, depth=0):
    if depth > DEPTH_MAX:
        raise yaml.YAMLError("too deep")
    tag = node.tag[len(PREFIX):] if node.tag.startswith(PREFIX) else node.tag
    if isinstance(node, yaml.ScalarNode):
        if WITH_PLACES:
            return {"s": node.value, "t": tag, "at": place(node)}
        return node.value if tag == "str" else {"s": node.value, "t": tag}
    if isinstance(node, yaml.SequenceNode):
        items = [show(item, depth + 1) for item in node.value]
        return items if tag == "seq" else {"l": items, "t": tag}
    members = [[show(key, depth + 1), show(value, depth + 1)] for key, value in node.value]
    return {"m": members} if tag == "map" else {"m": members, "t": tag}


def read(text):
    try:
        return [None if node is None else show(node) for node in yaml.compose_all(text, Loader=yaml.SafeLoader)]
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


for line in sys.stdin:
    sys.stdout.write(json.dumps(read(json.loads(line))) + "\n")
