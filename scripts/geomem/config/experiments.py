"""Experiments as they will run: defaults applied, cells listed, and the settings of each stage."""

import itertools
import json


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


def resolve(config, name):
    """The settings of experiment `name`, with the configuration's defaults applied."""
    return merged(config.get("defaults") or {}, config["experiments"][name])


def selected(config):
    """Names of the experiments to run, in the order they stand."""
    names = config.get("run", "all")
    return list(config["experiments"]) if names == "all" else list(names)


def label_cells(experiment):
    """`n{noise}_s{seed}` for every (noise, seed): one label table and one probe set each."""
    return [
        f"n{noise:g}_s{seed}"
        for noise, seed in itertools.product(experiment["noises"], experiment["seeds"])
    ]


def runs(experiment):
    """`{run name: (width, noise, seed)}` for every network the experiment trains."""
    axes = itertools.product(experiment["widths"], experiment["noises"], experiment["seeds"])
    return {f"w{w}_n{noise:g}_s{s}": (w, noise, s) for w, noise, s in axes}


def kept_epochs(experiment):
    """Epochs some stage will ask for, sorted: what training should keep as it goes."""
    asked = set(experiment["training"]["snapshots"])
    for stage in ("analysis", "rewind", "gradients", "simulation"):
        asked |= {epoch for epoch in experiment[stage]["epochs"] if isinstance(epoch, int)}
    return sorted(asked)


def stage_spec(stage, experiment, *, width=None, noise=None, seed=None, epoch=None):
    """Exactly the settings that determine a stage's result beyond its input files, as a dict."""
    specs = {
        "images": lambda: experiment["data"],
        "labels": lambda: {"rule": experiment["labels"]["rule"], "noise": noise, "seed": seed},
        "probe": lambda: {
            "classes": experiment["analysis"]["classes"],
            "per_class": experiment["analysis"]["per_class"],
            "kinds": experiment["analysis"]["kinds"],
            "controls": experiment["analysis"]["controls"],
            "seed": seed,
        },
        "train": lambda: _training_spec(experiment, width, seed),
        "snapshot": lambda: {**_training_spec(experiment, width, seed), "snapshot": epoch},
        "activations": lambda: {
            "model": experiment["model"],
            "width": width,
            "layers": experiment["analysis"]["layers"],
            "seed": seed,
            "store": experiment["analysis"]["store"],
        },
        "geometry": lambda: experiment["geometry"],
        "rewind": lambda: {
            "model": experiment["model"],
            "width": width,
            "rewind": experiment["rewind"],
        },
        "gradients": lambda: {
            "model": experiment["model"],
            "width": width,
            "seed": seed,
            "per_class": experiment["gradients"]["per_class"],
        },
        "simulation": lambda: {
            "model": experiment["model"],
            "width": width,
            "layers": experiment["analysis"]["layers"],
            # Dichotomies have no margin, whatever that of the geometry is.
            "geometry": {k: v for k, v in experiment["geometry"].items() if k != "kappa"},
            "simulation": {k: v for k, v in experiment["simulation"].items() if k != "epochs"},
        },
    }
    return specs[stage]()


def _training_spec(experiment, width, seed):
    # Which epochs are kept decides nothing about the weights.
    training = {k: v for k, v in experiment["training"].items() if k != "snapshots"}
    return {"model": experiment["model"], "width": width, "seed": seed, "training": training}


def as_text(spec):
    """A spec as sorted JSON text, the form Snakemake compares between runs."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"))
