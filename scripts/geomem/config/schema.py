"""The configuration's schema: `rules/config.schema.yaml` with what the registry knows of.

The file holds the sections that are always there; names of data sets with their keys, of
networks, measures and stages with a section of their own come from the registry.
"""

import functools

import yaml

from geomem.places import ROOT
from geomem.registry import own
from geomem.registry.claims import TARGETS
from geomem.registry.datasets import DATASETS
from geomem.registry.measures import MEASURES
from geomem.registry.networks import NETWORKS
from geomem.registry.stages import STAGES

FILE = ROOT / "rules" / "config.schema.yaml"
OWN = {"pattern": own.PATTERN}


@functools.cache
def schema():
    """The whole JSON Schema, as a dict."""
    found = _with_own(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    definitions = found["$defs"]
    definitions["data"] = _data()
    definitions["model"]["properties"]["name"] = _named(NETWORKS)
    definitions["analysis"]["properties"]["measures"]["items"] = _named(MEASURES)
    thresholds = definitions["claims"]["properties"]["thresholds"]
    thresholds["propertyNames"] = {"enum": list(TARGETS)}
    experiment = definitions["experiment"]
    for stage in STAGES.values():
        if stage.section:
            experiment["properties"][stage.section] = {"$ref": f"#/$defs/{stage.section}"}
    experiment["required"] = list(experiment["properties"])
    return found


def _with_own(node):
    """The file's content with `{own: true}` replaced by the pattern of an import path."""
    if node == {"own": True}:
        return OWN
    if isinstance(node, dict):
        return {key: _with_own(value) for key, value in node.items()}
    return [_with_own(value) for value in node] if isinstance(node, list) else node


def _named(entries):
    """The name of an entry, or a function of the user's own."""
    return {"type": "string", "anyOf": [{"enum": list(entries)}, OWN]}


def _data():
    """The section `data`: one form for each data set; a user's function takes any further key."""
    return {
        "type": "object",
        "required": ["name"],
        "properties": {"name": _named(DATASETS)},
        "allOf": [
            {
                "if": {"properties": {"name": {"const": entry.name}}, "required": ["name"]},
                "then": {
                    "description": entry.description,
                    "additionalProperties": False,
                    "required": ["name", *entry.required],
                    "properties": {"name": {}, **entry.keys},
                },
            }
            for entry in DATASETS.values()
        ],
    }
