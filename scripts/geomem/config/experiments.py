"""Experiments as they will run: defaults applied, cells listed, and the settings of each stage."""

import itertools
import json

from geomem.config.recorded import filled, noise_text
from geomem.registry.stages import OBSERVING, STAGES


def merged(base, changes):
    """`base` with `changes` laid over it, section by section.

    A section that changes its `name` (another data set, schedule or model) replaces the old one
    whole, since the keys of the two differ.
    """
    result = dict(base)
    for key, value in changes.items():
        old = base.get(key)
        renamed = isinstance(value, dict) and "name" in value and isinstance(old, dict)
        if renamed and value["name"] != old.get("name"):
            result[key] = value
        elif isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def written(config, name):
    """The settings of experiment `name`, with the configuration's defaults applied."""
    return merged(config.get("defaults") or {}, config["experiments"][name])


def resolve(config, name):
    """The settings of experiment `name` as it will run; see `geomem.config.recorded.filled`."""
    return filled(written(config, name))


def selected(config):
    """Names of the experiments to run, in the order they stand."""
    names = config.get("run", "all")
    return list(config["experiments"]) if names == "all" else list(names)


def runs(experiment):
    """`{run name: (width, noise, seed)}` for every network the experiment trains."""
    axes = itertools.product(experiment["widths"], experiment["label_noise"], experiment["seeds"])
    return {f"w{w}_n{noise_text(noise)}_s{s}": (w, noise, s) for w, noise, s in axes}


def kept_epochs(experiment):
    """Epochs some stage will ask for, sorted: what training should keep as it goes."""
    asked = set(experiment["training"]["snapshots"])
    for section in OBSERVING:
        asked |= {epoch for epoch in experiment[section]["epochs"] if isinstance(epoch, int)}
    return sorted(asked)


def asked_layers(experiment):
    """Globs of layer names by the key they stand in, from the experiment's sections on."""
    analysis, rewind = experiment["analysis"], experiment["rewind"]
    asked = {"analysis.layers": analysis["layers"]}
    if "pooling" in analysis:
        asked["analysis.pooling"] = list(analysis["pooling"])
    if rewind["epochs"]:
        if "layers" in rewind:
            asked["rewind.layers"] = rewind["layers"]
        asked |= {f"rewind.sets.{which}": globs for which, globs in rewind["sets"].items()}
    return asked


def stage_spec(stage, experiment, *, width=None, noise=None, seed=None, epoch=None):
    """Exactly the settings that determine a stage's result beyond its input files, as a dict."""
    cell = {"width": width, "noise": noise, "seed": seed, "epoch": epoch}
    return STAGES[stage].settings(experiment, cell)


def as_text(spec):
    """A spec as sorted JSON text, the form Snakemake compares between runs."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"))


def flat(value, name=""):
    """Nested sections as `{"training.optimizer.lr": 0.1}`; entries of a list go by their names."""
    if isinstance(value, list) and value and all(_named(item) for item in value):
        value = {item["name"]: item for item in value}
    if not (isinstance(value, dict) and value):
        return {name: value}
    parts = [flat(item, f"{name}.{key}" if name else key) for key, item in value.items()]
    return {key: item for part in parts for key, item in part.items()}


def _named(item):
    return isinstance(item, dict) and "name" in item
