"""The page about every key of a configuration, from the schema and the default configuration."""

import yaml
from geomem.config.schema import OWN, schema
from geomem.places import ROOT
from geomem.registry.datasets import DATASETS

_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "object": "section",
    "array": "list",
}
_IMAGES = """Images. The keys depend on `name`. Every data set takes `normalize`, a section with
`mean` and `std` of each channel on the scale 0 to 1: what networks are given images with, in place
of the training images' own.
"""
_TITLES = {
    "labels": "How labels are replaced.",
    "model": "The network. A function of yours is given every other key as a keyword.",
    "training": "How the network is trained.",
    "analysis": "Which images, layers and epochs are measured, and how.",
    "geometry": "Settings of capacity, radius and dimension (mean-field theory).",
    "glue": "Settings of the measure `glue`, the joint geometry of all manifolds.",
    "rewind": "Some layers rewound to an earlier epoch. `epochs: []` leaves it out.",
    "gradients": "Label-dependent and label-independent gradients. `epochs: []` leaves it out.",
    "simulation": "Simulated capacity, beside the theory's. `epochs: []` leaves it out.",
    "probes": "Probes of layers, with assigned and true labels. `epochs: []` leaves it out.",
    "similarity": "CKA between epochs, seeds and widths. `epochs: []` leaves it out.",
    "claims": "Verdicts on the paper's claims.",
    "activations": "Recorded elsewhere, in place of a network. Left out by default.",
    "weights": "Of a network trained elsewhere, in place of a training. Left out by default.",
}
_INTRODUCTION = """# Configuration

<!-- made from rules/config.schema.yaml, scripts/geomem/registry/ and config.yaml -->

A configuration is a YAML file with three keys.

| key | value |
|---|---|
| `run` | the experiments to run: `all`, or a list of names |
| `defaults` | the settings that every experiment starts from |
| `experiments` | a section for each experiment, with the settings that differ from `defaults` |

`--configfile mine.yaml` lays a second file over `config.yaml`, key by key. A section whose `name`
changes replaces the old one whole. `geomem check --configfile mine.yaml` lists everything that is
wrong.

The tables below list every key of `defaults` and of an experiment. "Default" is the value in the
`config.yaml` that comes with geomem. "Yours" stands for a function of your own, named as
`package.module:function` ([how to write one](../extending.md)).
"""


def configuration_page():
    """The page, as Markdown."""
    whole = schema()
    defaults = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    experiment = whole["$defs"]["experiment"]["properties"]
    alone = {key: node for key, node in experiment.items() if key not in ("data", *_TITLES)}
    parts = [_INTRODUCTION, "## Networks and figures\n", _table(rows(whole, alone, defaults))]
    parts += ["## data\n", _IMAGES, _data(defaults["data"])]
    for name, title in _TITLES.items():
        node = _resolved(whole, experiment[name])
        parts.append(f"## {name}\n\n{title}\n")
        parts.append(_table(rows(whole, _properties(node), defaults.get(name, {}))))
    return "\n".join(parts)


def rows(whole, properties, defaults, above=""):
    """(key, value, default, description) of every key, those of sections below them dotted."""
    for key, node in properties.items():
        node = _resolved(whole, node)
        default = defaults.get(key, _ABSENT) if isinstance(defaults, dict) else _ABSENT
        inner = _properties(node)
        if inner and "propertyNames" not in node:
            yield from rows(whole, inner, default, f"{above}{key}.")
        else:
            yield f"{above}{key}", _value(whole, node), default, node.get("description", "")


_ABSENT = object()


def _properties(node):
    """All properties of a section, those under conditions (which a `name` decides) included."""
    found = {}
    under = [*node.get("allOf", ()), *(node[key] for key in ("then", "else") if key in node)]
    for properties in (node.get("properties", {}), *map(_properties, under)):
        for key, value in properties.items():
            found[key] = {**found.get(key, {}), **value}
    return found


def _resolved(whole, node):
    if "$ref" not in node:
        return node
    target = whole["$defs"][node["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _value(whole, node):
    """What a key may hold, in words."""
    node = _resolved(whole, node)
    if node == OWN or node.get("pattern") == OWN["pattern"]:
        return "yours"
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{_yaml(option)}`" for option in node["enum"])
    for key in ("oneOf", "anyOf"):
        if key in node:
            return ", or ".join(_value(whole, option) for option in node[key])
    types = node.get("type", "any value")
    types = types if isinstance(types, list) else [types]
    if types == ["array"]:
        return f"list of: {_value(whole, node['items'])}"
    bounds = _bounds(node)
    return " or ".join(
        _TYPES.get(name, name) + (bounds if name in ("integer", "number") else "") for name in types
    )


def _bounds(node):
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']} to {node['maximum']}"
    words = [
        f"{sign} {node[key]}"
        for key, sign in (
            ("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<")
        )
        if key in node
    ]  # fmt: skip
    return f" {', '.join(words)}" if words else ""


def _data(default):
    lines = []
    for name, entry in DATASETS.items():
        lines.append(f"**`name: {name}`**: {entry.description}\n")
        given = default if default["name"] == name else {}
        lines.append(_table(rows({}, entry.keys, given)))
    return "\n".join(lines)


def _table(found):
    lines = [
        (f"`{key}`", value, "" if default is _ABSENT else f"`{_yaml(default)}`", text.strip())
        for key, value, default, text in found
    ]
    if not lines:
        return ""
    rows = [("key", "value", "default", "meaning"), ("---",) * 4, *lines]
    if not any(default for _, _, default, _ in lines):
        rows = [(key, value, text) for key, value, _, text in rows]
    texts = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {text} |" for text in texts) + "\n"


def _yaml(value):
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
