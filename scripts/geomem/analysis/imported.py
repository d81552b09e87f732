"""Accuracies of a network whose weights were trained elsewhere."""

import numpy as np
import torch

from geomem.analysis.networks import empty_network, load_state
from geomem.errors import InputError
from geomem.foreign.weights import read_weights
from geomem.models.named import require_layers
from geomem.training.evaluate import KINDS, MEASURES, EvaluationSet, evaluate_each


def evaluate_files(paths, spec, images, targets, device, observed, log=lambda *words: None):
    """Measure a network with the weights of one file after another.

    Parameters
    ----------
    paths : sequence of str
    spec : dict
        `model`, `width`, `weights`.
    images : ImageSet
    targets : Targets
    device : torch.device
    observed : dict of str to list of str
        Globs of layer names by the key of the configuration they stand in.
    log : callable

    Returns
    -------
    history : ndarray of float64, shape (files, kinds, measures)
    correct : ndarray of uint8, shape (files, 2, bytes)
        See `geomem.training.evaluate`.
    parameters : int

    Raises
    ------
    InputError
        If weights are those of another network, a layer's name is unknown, or a loss is not
        finite.
    """
    model = empty_network(spec, images, device)
    require_layers(model, observed)
    states = [read_weights(path, spec["weights"].get("key")) for path in paths]
    for path, state in zip(paths, states, strict=True):  # all of them, before the first is used
        load_state(model, _tensors(state), path)
    everything = EvaluationSet.of(images, targets, device)
    history, correct = [], []
    for path, state in zip(paths, states, strict=True):
        model.load_state_dict(_tensors(state))
        measurement, right = evaluate_each(model, everything)
        loss = measurement[KINDS.index("test"), MEASURES.index("loss")]
        if not np.isfinite(loss):
            raise InputError(f"weights.path: {path}: the loss on test images is not finite")
        history.append(measurement)
        correct.append(right)
        log(f"{path}: loss {loss:.4f} on test images")
    return np.array(history), np.array(correct), sum(p.numel() for p in model.parameters())


def _tensors(state):
    return {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
