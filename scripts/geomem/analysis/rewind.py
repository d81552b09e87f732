"""Accuracy of the final network with some layers rewound to an earlier epoch.

Test whether memorization sits in some layers: if setting them back forgets the permuted labels and
recovers the test accuracy, it does (Stephenson et al. 2021, claim 3 and figure 2; Maini et al. 2023
find otherwise with batch norm's statistics left at their final values, hence the policies).

Running statistics of batch norm go back `with-layer`, `keep` their final values, or are
`recalibrate`d: averaged over batches of shuffled training images that pass through the mixed
network with its batch norm in training mode, from a fresh start.
"""

import copy
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch import nn

from geomem.analysis.examples import chosen_images
from geomem.analysis.networks import recalibrate
from geomem.analysis.plans import combined, make_plans, source, states_for
from geomem.errors import GeomemError
from geomem.models import in_format, placed
from geomem.models.layers import memory_format
from geomem.proportion import score_interval
from geomem.training.batches import Normalizer, resident
from geomem.training.device import autocast
from geomem.training.evaluate import Targets, predict_logits

KINDS = ("test", "unpermuted", "permuted", "restored", "validation")
COLUMNS = (
    "epoch", "scheme", "layer", "layer_index", "batch_norm", "kind", "metric", "value", "lo", "hi",
    "n", "correct",
)  # fmt: skip
_BATCH = {"cpu": 64, "cuda": 2048}
_Z = NormalDist().inv_cdf(0.975)  # for intervals of 95 %


@dataclass(frozen=True, eq=False)
class Material:
    """The images rewound networks are evaluated on.

    Attributes
    ----------
    train, test : Tensor of uint8, shape (n, C, H, W)
        On the device, as `geomem.training.batches.resident` returns them.
    targets : Targets
        Labels of exactly these images.
    normalizer : Normalizer
        Of all training images.
    precision : str
        Number format to compute in.
    """

    train: torch.Tensor
    test: torch.Tensor
    targets: Targets
    normalizer: Normalizer
    precision: str = "float32"


def choose_material(images, targets, device, precision="float32", count=None):
    """All test images and `count` training images (all when None), see `chosen_images`.

    Parameters
    ----------
    images : ImageSet
    targets : Targets
    device : torch.device
    precision : str
    count : int, optional
    """
    index = chosen_images(len(images.train_images), count)
    return Material(
        resident(images.train_images[index], device),
        resident(images.test_images, device),
        Targets(
            assigned=targets.assigned[index],
            true=targets.true[index],
            redrawn=targets.redrawn[index],
            held_out=targets.held_out,
        ),
        Normalizer.of(images),
        precision,
    )


def rewind(model, layers, final, earlier, material, settings):
    """Accuracies of every rewound network.

    Parameters
    ----------
    model : nn.Module
        On the device, in evaluation mode; its weights are overwritten.
    layers : sequence of Layer
        All of the network's.
    final : Snapshot
    earlier : sequence of Snapshot
        The epochs to go back to; an epoch that comes twice is taken once.
    material : Material
    settings : dict
        `schemes`, `sets`, `batch_norm` and, if wanted, `layers` as in the configuration's `rewind`
        section.

    Returns
    -------
    list of dict with the keys `COLUMNS`
        Accuracy with Wilson's 95 % interval; `correct` has a bit for each image, packed by
        `numpy.packbits`, so that networks can be compared image by image. Scheme `none` is the
        final network and `all` the earlier one, up to the batch-norm policy. A kind without images
        has no rows.

    Raises
    ------
    GeomemError
        If rewinding nothing does not reproduce the final network's predictions, or rewinding
        everything not those of the earlier epoch.
    """
    states = {snapshot.epoch: snapshot.state for snapshot in earlier}
    plans = make_plans(
        layers,
        list(states),
        final.epoch,
        settings["schemes"],
        settings["sets"],
        settings.get("layers"),
    )
    rows = []
    for policy in settings["batch_norm"]:
        sources = states_for(policy, final.state, states)
        if policy == "recalibrate":
            predictions = _predict_one_by_one(model, layers, plans, sources, material, _recalibrate)
        else:
            predictions = predict(model, layers, plans, sources, material)
        _check(model, plans, predictions, sources, material, policy)
        for plan, (train, test) in zip(plans, predictions, strict=True):
            rows += _rows(plan, policy, train, test, material.targets)
    return rows


def predict(model, layers, plans, states, material):
    """Predicted classes of every plan's network.

    In a network that is a sequence of modules, each with the weights of whole layers, plans that
    agree up to some module are computed together up to it, batch by batch; others one network after
    the other.

    Returns
    -------
    list of (ndarray, ndarray) of int64
        For each plan the predictions for training and test images.
    """
    stages = _stages(model, layers)
    if stages is None:
        return _predict_one_by_one(model, layers, plans, states, material)
    modules = {}
    for module, owners in stages:
        for where in {tuple(source(plan, layer) for layer in owners) for plan in plans}:
            modules[module, where] = _variant(model, module, owners, where, states)
    found = []
    for images in (material.train, material.test):
        # A place for all that is kept: pieces of it between those of a batch would keep the memory
        # of these from being used again.
        classes = torch.empty((len(plans), len(images)), dtype=torch.int64, device=images.device)
        size = _BATCH.get(images.device.type, 256)
        for batch, outputs in zip(images.split(size), classes.split(size, dim=1), strict=True):
            with torch.inference_mode(), autocast(images.device, material.precision):
                start = in_format(model, material.normalizer(batch))
                _descend(stages, modules, start, list(range(len(plans))), plans, outputs)
        found.append(classes.cpu().numpy())
    return list(zip(*found, strict=True))


def _descend(stages, modules, value, members, plans, outputs):
    """Pass `value` through the remaining stages for the plans numbered `members`."""
    if not stages:
        classes = value.float().argmax(1)
        for member in members:
            outputs[member] = classes
        return
    (module, owners), *rest = stages
    by_source = {}
    for member in members:
        where = tuple(source(plans[member], layer) for layer in owners)
        by_source.setdefault(where, []).append(member)
    for where, group in by_source.items():
        # a copy for each, for a module may begin with an activation in place
        given = value.clone() if len(by_source) > 1 else value
        _descend(rest, modules, modules[module, where](given), group, plans, outputs)


def _stages(model, layers):
    """The network as a sequence of (module name, the Layers whose weights it holds).

    None if it is no such sequence: then its forward pass is its own affair.
    """
    owner = {key: layer for layer in layers for key in layer.state}
    names = _sequence("", model)
    if names == [""]:
        return None
    stages = []
    for name in names:
        keys = model.get_submodule(name).state_dict(prefix=f"{name}.")
        stages.append((name, tuple({owner[key].name: owner[key] for key in keys}.values())))
    return stages


def _sequence(name, module):
    """Names of the modules that `module` calls one after the other."""
    hooks = module._forward_hooks or module._forward_pre_hooks
    if type(module) is not nn.Sequential or hooks or hasattr(module, "layer_kind"):
        return [name]
    parts = [
        _sequence(f"{name}.{child}" if name else child, part)
        for child, part in module._modules.items()  # named_children leaves out what stands twice
    ]
    return [x for part in parts for x in part]


def _variant(model, name, owners, where, states):
    """A copy of the module called `name` with each layer's weights from its source in `where`."""
    module = copy.deepcopy(model.get_submodule(name))
    sources = dict.fromkeys((f"{name}.{key}" for key in module.state_dict()), None)
    for layer, place in zip(owners, where, strict=True):
        sources |= dict.fromkeys((key for key in layer.state if key in sources), place)
    start = len(name) + 1
    module.load_state_dict({key[start:]: states[place][key] for key, place in sources.items()})
    module.memory_format = memory_format(model)
    return placed(module).eval()


def _predict_one_by_one(model, layers, plans, states, material, prepare=None):
    predictions, known = [], {}
    for plan in plans:
        same = (plan.epoch if plan.rewound else None, plan.rewound)
        if same not in known:
            model.load_state_dict(combined(plan, layers, states))
            if prepare:
                prepare(model, material)
            known[same] = _classes(model, material)
        predictions.append(known[same])
    return predictions


def _classes(model, material):
    """Predicted classes of training and test images, each as ndarray of int64."""
    return tuple(
        predict_logits(
            model, images, material.normalizer, precision=material.precision,
            batch_size=_BATCH.get(images.device.type, 256),
        ).argmax(1).cpu().numpy()
        for images in (material.train, material.test)
    )  # fmt: skip


def _recalibrate(model, material):
    recalibrate(model, material.train, material.normalizer, precision=material.precision)


def _check(model, plans, predictions, states, material, policy):
    """Compare `none` and `all` with the networks they must equal, evaluated directly."""
    for plan, found in zip(plans, predictions, strict=True):
        whole = {"none": None, "all": plan.epoch}
        if plan.scheme not in whole:
            continue
        model.load_state_dict(states[whole[plan.scheme]])
        if policy == "recalibrate":
            _recalibrate(model, material)
        expected = _classes(model, material)
        differing = sum(int((a != b).sum()) for a, b in zip(found, expected, strict=True))
        if differing:
            raise GeomemError(
                f"rewinding ({policy}) {plan.scheme} of the layers changes {differing} predictions "
                f"of the network of epoch {plan.epoch}. Its forward pass must depend on its "
                "weights, buffers and input alone in evaluation mode"
            )


def _rows(plan, policy, train, test, targets):
    permuted, validation = targets.permuted, targets.validation
    held_out = test == targets.held_out
    right = {
        "test": held_out[~validation],
        "unpermuted": (train == targets.assigned)[targets.unpermuted],
        "permuted": (train == targets.assigned)[permuted],
        "restored": (train == targets.true)[permuted],
        "validation": held_out[validation],
    }
    rows = []
    for kind in KINDS:
        n, correct = len(right[kind]), int(right[kind].sum())
        if n == 0:
            continue
        lo, hi = map(float, score_interval(correct / n, n, _Z))
        rows.append(
            {
                "epoch": plan.epoch,
                "scheme": plan.scheme,
                "layer": plan.layer,
                "layer_index": plan.layer_index,
                "batch_norm": policy,
                "kind": kind,
                "metric": "accuracy",
                "value": correct / n,
                "lo": lo,
                "hi": hi,
                "n": n,
                "correct": np.packbits(right[kind]).tobytes(),
            }
        )
    return rows
