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
_OPTIONAL = ("activations", "weights")  # sections that an experiment may lack


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
    experiment["required"] = [n for n in experiment["properties"] if n not in _OPTIONAL]
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


def _list(description, **bounds):
    items = {"type": "number", **bounds}
    return {"description": description, "type": "array", "minItems": 1, "items": items}


_NORMALIZE = {
    "description": "what networks are given images with, in place of the training images' own",
    "type": "object",
    "additionalProperties": False,
    "required": ["mean", "std"],
    "properties": {
        "mean": _list("of each channel, on the scale 0 to 1", minimum=0, maximum=1),
        "std": _list("of each channel, on the scale 0 to 1", exclusiveMinimum=0),
    },
}


def _data():
    """The section `data`: one form for each data set; a user's function takes any further key."""
    return {
        "type": "object",
        "required": ["name"],
        "properties": {"name": _named(DATASETS), "normalize": _NORMALIZE},
        "allOf": [
            {
                "if": {"properties": {"name": {"const": entry.name}}, "required": ["name"]},
                "then": {
                    "description": entry.description,
                    "additionalProperties": False,
                    "required": ["name", *entry.required],
                    "properties": {"name": {}, "normalize": {}, **entry.keys},
                },
            }
            for entry in DATASETS.values()
        ],
    }
