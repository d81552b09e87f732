"""Whether what was made elsewhere is there and fits: activations, weights, labels.

Nothing but names and manifests is read.
"""

import os

from geomem.config.experiments import runs
from geomem.config.recorded import collection_of, weight_files
from geomem.errors import GeomemError, InputError
from geomem.registry.stages import OBSERVING


def problems(experiment):
    """Lines that say what is wrong with the sections `activations` and `weights`."""
    if "activations" in experiment:
        try:
            collection_of(experiment)
        except GeomemError as error:
            yield f"activations.path: {error}"
    if "weights" in experiment:
        yield from _weights(experiment)


def _weights(experiment):
    weights = experiment["weights"]
    epochs = weights["epochs"]
    if "activations" in experiment:
        yield "weights: stands beside activations; leave one of them out"
    if epochs != sorted(epochs):
        yield f"weights.epochs: {epochs} is not in increasing order"
    for section in OBSERVING:
        for epoch in experiment[section]["epochs"]:
            if isinstance(epoch, int) and epoch not in epochs:
                yield f"{section}.epochs: {epoch} is not among weights.epochs"
    try:
        cells = runs(experiment).values()
        files = [path for cell in cells for path in weight_files(weights, *cell)]
    except InputError as error:
        yield f"weights.path: {error}"
        return
    if len(set(files)) < len(files):
        yield (
            f"weights.path: {weights['path']!r} names one file for several epochs or networks; "
            "expected {epoch} in it, and {width}, {noise} or {seed} where there are several"
        )
    missing = [path for path in files if not os.path.exists(path)]
    if missing:
        yield f"weights.path: {missing[0]} does not exist ({len(missing)} are missing)"


def label_problems(labels, classes):
    """Lines that say what is wrong with the section `labels`.

    Parameters
    ----------
    labels : dict
    classes : int or None
        Of the data set, where it is known.
    """
    for key in ("path", "matrix"):
        path = labels.get(key)
        if isinstance(path, str) and not os.path.exists(os.path.expanduser(path)):
            yield f"labels.{key}: {path} does not exist"
    matrix = labels.get("matrix")
    if not isinstance(matrix, list):
        return
    sizes = {len(matrix), *map(len, matrix)}
    if classes and sizes != {classes}:
        yield (
            f"labels.matrix: its sides are {', '.join(map(str, sorted(sizes)))}; expected "
            f"{classes} rows and columns, one for each class"
        )
    for number, row in enumerate(matrix):
        if abs(sum(row) - 1) > 1e-6:
            yield f"labels.matrix[{number}]: adds up to {sum(row):.6g}, expected 1"
