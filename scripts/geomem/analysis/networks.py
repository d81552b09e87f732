"""A run's network with the weights of a snapshot, and the analysed images it is shown."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.modules import batchnorm as _norms  # what batch and instance norms derive from

from geomem.errors import InputError
from geomem.memory import give_back
from geomem.models import build_model, in_format, placed
from geomem.process import log
from geomem.storage.atomic import damaged
from geomem.training.batches import Normalizer, resident
from geomem.training.device import autocast
from geomem.training.snapshot import REACHED, read_snapshot

_BATCH = 256
_MEASURED = 2048  # training images that statistics at initialization are measured on


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network's state at one epoch.

    Attributes
    ----------
    epoch : int
    state : dict of str to Tensor
        Weights and buffers on the CPU; empty if training ended before this epoch.
    precision : str
        Number format the network was trained and measured in.
    """

    epoch: int
    state: dict
    precision: str

    @property
    def reached(self):
        """Whether training got to this epoch (it did not diverge or stop before)."""
        return bool(self.state)


def load_snapshot(path):
    """Read a snapshot.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated or altered.
    """
    arrays, metadata = read_snapshot(path)
    try:
        epoch, precision = int(metadata["epoch"]), metadata["precision"]
        if metadata["status"] != REACHED:
            arrays = {}
    except (KeyError, ValueError) as error:
        raise damaged(path, f"its metadata lack {error}") from error
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return Snapshot(epoch, state, precision)


def empty_network(spec, images, device):
    """The network of a run, without its weights, in evaluation mode on a device.

    Parameters
    ----------
    spec : dict
        With `model` and `width`.
    images : ImageSet
    """
    model = build_model(
        spec["model"],
        spec["width"],
        n_classes=images.n_classes,
        image_shape=images.image_shape,
        seed=0,
    )
    return placed(model, device).eval()


def load_state(model, state, source):
    """Load weights and buffers.

    Raises
    ------
    InputError
        If they are those of another network.
    """
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(
            f"{source} does not fit the network of `model` and `width`: {error}. Take the snapshot "
            "again with the settings it is analysed with"
        ) from error


def batch_norms(model):
    """All batch norms of a network, of every dimension."""
    return [module for module in model.modules() if isinstance(module, _norms._BatchNorm)]


def untracked_norms(model):
    """The norms of a network whose running statistics are as made: no batch has changed them.

    Batch norms count their batches, instance norms do not, and neither do statistics that come from
    another program: what is still mean 0 and variance 1, without a batch counted, is as made.
    """
    return [
        module
        for module in model.modules()
        if isinstance(module, _norms._NormBase)
        and module.running_mean is not None
        and not module.num_batches_tracked
        and bool((module.running_mean == 0).all())
        and bool((module.running_var == 1).all())
    ]


def recalibrate(model, images, normalizer, *, precision="float32", norms=None):
    """Replace the running statistics of norms by plain averages over batches of these images.

    Batches are drawn from one fixed random order; the norms are in training mode meanwhile and
    everything else in evaluation mode.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode; changed in place.
    images : Tensor of uint8, shape (n, C, H, W)
        Training images on the model's device.
    normalizer : Normalizer
    precision : str
    norms : sequence of nn.Module, optional
        Of the network; default: `batch_norms`.
    """
    norms = batch_norms(model) if norms is None else norms
    momenta = [norm.momentum for norm in norms]
    handles = []
    for norm in norms:
        if norm.num_batches_tracked is not None:
            norm.reset_running_stats()
        norm.momentum = None  # the plain average over batches, for batch norm that counts them
        if norm.num_batches_tracked is None or not isinstance(norm, _norms._BatchNorm):
            handles.append(norm.register_forward_pre_hook(_averaging()))
        norm.train()
    order = np.random.default_rng(0).permutation(len(images))
    with torch.no_grad(), autocast(images.device, precision):
        for index in np.array_split(order, -(-len(order) // _BATCH)) if norms else ():
            batch = images[torch.from_numpy(index).to(images.device)]
            model(in_format(model, normalizer(batch)))
    for handle in handles:
        handle.remove()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()


def _averaging():
    """A hook that counts a norm's batches, so that its statistics become the average over them."""
    numbers = itertools.count(1)

    def before(norm, inputs):
        norm.momentum = 1 / next(numbers)

    return before


def with_statistics(model, snapshot, images, normalizer):
    """The snapshot, with running statistics of norms if it is one of the initialization.

    Before the first step these are mean 0 and variance 1, whatever the data: in evaluation mode
    the untrained network would be one without normalization, in which signals die out with depth.
    So they are measured on training images. From the first epoch on training has tracked them. So
    has a training before this one, if the network was made with its statistics: norms that have
    counted batches, or have other than mean 0 and variance 1, stay as they are.

    Parameters
    ----------
    model : nn.Module
        Its weights are overwritten.
    snapshot : Snapshot
    images : ndarray of uint8, shape (n, C, H, W)
        Training images, of which 2048 drawn at random are used.
    normalizer : Normalizer

    Returns
    -------
    Snapshot
    """
    if snapshot.epoch != 0 or not snapshot.reached:
        return snapshot
    device = next(model.parameters()).device
    chosen = np.random.default_rng(0).permutation(len(images))[:_MEASURED]
    model.load_state_dict(snapshot.state)
    measured = resident(images[np.sort(chosen)], device)
    recalibrate(model, measured, normalizer, norms=untracked_norms(model))
    give_back()
    state = {name: value.cpu().clone() for name, value in model.state_dict().items()}
    return replace(snapshot, state=state)


def networks_at(paths, spec, images, device):
    """The network at one snapshot after another, in evaluation mode.

    Parameters
    ----------
    paths : sequence of path
        Snapshots; one that training did not reach, or of an epoch had before, is left out.
    spec : dict
        With `model` and `width`.
    images : ImageSet
    device : torch.device

    Yields
    ------
    epoch : int
    model : nn.Module
        The same object every time.
    normalizer : Normalizer
    """
    normalizer = Normalizer.of(images)
    model = empty_network(spec, images, device)
    seen = set()
    for path in paths:
        snapshot = load_snapshot(path)
        if not snapshot.reached or snapshot.epoch in seen:
            log(f"{path}: epoch {snapshot.epoch} was not reached, or is here twice; left out")
            continue
        seen.add(snapshot.epoch)
        load_state(model, snapshot.state, path)
        snapshot = with_statistics(model, snapshot, images.train_images, normalizer)
        model.load_state_dict(snapshot.state)
        yield snapshot.epoch, model, normalizer


def rows_of_kind(analysis_set, kind):
    """The rows of one kind by manifold and position, as features are ordered: columns by name."""
    chosen = np.flatnonzero(np.asarray(analysis_set["kind"]) == kind)
    keys = (np.asarray(analysis_set[name])[chosen] for name in ("position", "manifold"))
    chosen = chosen[np.lexsort(tuple(keys))]
    return {name: np.asarray(analysis_set[name])[chosen] for name in analysis_set}


def analysed_kind(analysis_set, images, kind):
    """The images and labels of one kind, ordered by manifold and position.

    Parameters
    ----------
    analysis_set : DataFrame, or dict of str to ndarray
        As `geomem.data.analysis_set.choose_analysis_set` returns it, or its columns.
    images : ImageSet
    kind : str

    Returns
    -------
    pixels : ndarray of uint8, shape (P, M, C, H, W)
    labels : ndarray of int64, shape (P, M)
        Assigned labels.
    manifolds : ndarray of int64, shape (P,)
        What the manifolds are grouped by.

    Raises
    ------
    InputError
        If an index lies outside the image set or manifolds differ in size.
    """
    rows = rows_of_kind(analysis_set, kind)
    split, index = rows["split"][0], rows["index"]
    source = getattr(images, f"{split}_images")
    if index.max() >= len(source):
        raise InputError(
            f"the analysis set names {split} image {index.max()}, but there are {len(source)}; "
            "choose the analysis set again from this image set"
        )
    manifolds, counts = np.unique(rows["manifold"], return_counts=True)
    if len(set(counts)) != 1:
        raise InputError(
            f"the analysis set's {kind} manifolds hold {counts.min()} to {counts.max()} images; "
            "expected the same number in each. Choose the analysis set again"
        )
    shape = (len(manifolds), counts[0])
    pixels = source[index].reshape(*shape, *images.image_shape)
    labels = rows["assigned_label"].astype(np.int64).reshape(shape)
    return pixels, labels, manifolds.astype(np.int64)
