"""Experiments whose activations or weights were made elsewhere: what that settles."""

import os

from geomem.errors import InputError
from geomem.foreign.manifest import read_collection
from geomem.registry.stages import SECTIONS

WIDTH = 0  # what tables and names say of recorded activations


def collection_of(experiment):
    """The Collection of an experiment with recorded activations; None of any other."""
    recorded = experiment.get("activations")
    return read_collection(recorded["path"]) if recorded else None


def filled(experiment):
    """An experiment as it will run: of recorded activations the manifest gives axes and epochs.

    Raises
    ------
    GeomemError
        If the manifest cannot be used.
    """
    if "weights" in experiment:
        epochs = {"epochs": max(experiment["weights"]["epochs"]), "snapshots": []}
        return {**experiment, "training": {**experiment["training"], **epochs}}
    collection = collection_of(experiment)
    return experiment if collection is None else with_collection(experiment, collection)


def weight_files(weights, width, noise, seed):
    """The file of each epoch of a network that was trained elsewhere.

    Parameters
    ----------
    weights : dict
        `path`, with {epoch} and, where there are several networks, {width}, {noise} and {seed};
        and `epochs`.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the path holds other braces.
    """
    cell = {"width": width, "noise": noise_text(noise), "seed": seed}
    try:
        return [
            os.path.expanduser(weights["path"].format(epoch=epoch, **cell))
            for epoch in weights["epochs"]
        ]
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(
            f"{weights['path']!r} cannot be filled in ({error}); expected {{epoch}} and, if there "
            "are several networks, {width}, {noise} or {seed}"
        ) from None


def noise_text(noise):
    """A label noise as names have it: the shortest text that gives exactly this number."""
    short = f"{noise:g}"
    return short if float(short) == noise else repr(float(noise))


def with_collection(experiment, collection):
    """An experiment's settings with what a Collection gives in place of a network's."""
    analysis = {
        **experiment["analysis"],
        "classes": "all",
        "per_class": experiment["activations"].get("per_class"),
        "kinds": list(collection.kinds),
        "layers": list(collection.layers),
        "epochs": list(collection.epochs),
    }
    return {
        **experiment,
        "widths": [WIDTH],
        "label_noise": [0],
        "seeds": list(collection.seeds),
        "analysis": analysis,
        **{name: {**experiment[name], "epochs": []} for name in SECTIONS},
    }
