"""Two steps of training before the first one: whatever a network fails in, it fails in here.

The network is trained, evaluated and saved on a few images of noise, as it will be on the data set,
and then put back as it was. What `build_model` has found right in evaluation mode may still answer
otherwise in training mode, hold weights that cannot be saved, or keep something outside its
`state_dict` that would be lost when a training goes on after a break.
"""

import contextlib
from dataclasses import replace

import numpy as np
import torch

from geomem.data.image_sets import ImageSet
from geomem.errors import GeomemError, InputError
from geomem.models import build_model, in_format, placed
from geomem.models.build import described
from geomem.models.checks import random_states
from geomem.models.layout import same
from geomem.process import log
from geomem.training.defects import refuse_overwriting
from geomem.training.evaluate import EvaluationSet, Targets, evaluate
from geomem.training.trainer import Trainer

_IMAGES, _BATCH = 4, 2
_TYPES = (torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool)


def rehearse(model_spec, width, recipe, *, n_classes, image_shape, device):
    """Raise InputError if the network cannot be trained, saved and gone on with; return None.

    Parameters
    ----------
    model_spec : dict
        As `build_model` takes it.
    width : int
    recipe : Recipe
    n_classes : int
    image_shape : tuple of int
        (channels, height, width)
    device : torch.device
    """
    name = model_spec["name"]

    images = _noise(n_classes, image_shape, device)
    recipe = replace(recipe, batch_size=min(recipe.batch_size, _BATCH))
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        model = build_model(model_spec, width, n_classes=n_classes, image_shape=image_shape, seed=0)
        refuse_overwriting(model, device)
        _check_state(name, model)
        untouched = {key: value.clone() for key, value in model.state_dict().items()}
        _check_logits(name, placed(model, device), images, n_classes)
        before = random_states()[1:]
        with _told(name, "a step of training"):
            trainer = Trainer(model, recipe, images, seed=0)
            _check_rates(recipe, model)
            trainer.advance()
        if random_states()[1:] != before:
            raise InputError(
                f"model.name: {name!r} draws from numpy.random or random in training mode, which "
                "no seed of the run sets; draw with torch"
            )
        with _told(name, "evaluating and saving it after a step of training"):
            evaluate(model, images, precision=recipe.precision)
            saved, position = _copied(trainer.state()), (trainer.epoch, trainer.step)
        with _told(name, "training it further after it was saved"):
            trainer.advance()
            expected = _copied(trainer.state())
            trainer.restore(saved, *position)
            trainer.advance()
        _check_same(name, expected, trainer.state())
        other = build_model(model_spec, width, n_classes=n_classes, image_shape=image_shape, seed=1)
        if other is not model:
            _check_state_is_all(name, model, placed(other, device), images)
        model.load_state_dict(untouched)  # a function may return the same network each time


def _noise(n_classes, image_shape, device):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (_IMAGES, *image_shape), dtype=np.uint8)
    labels = np.arange(_IMAGES) % n_classes
    names = np.array([str(k) for k in range(n_classes)])
    images = ImageSet(pixels, labels, pixels[:2], labels[:2], names)
    targets = Targets(labels, labels, np.zeros(_IMAGES, dtype=bool), labels[:2])
    return EvaluationSet.of(images, targets, device)


def _check_state(name, model):
    parameters = dict(model.named_parameters())
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise InputError(
            f"model.name: no parameter of {name!r} has requires_grad; nothing to train"
        )
    for key, value in model.state_dict().items():
        if not isinstance(value, torch.Tensor) or value.dtype not in _TYPES:
            found = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
            raise InputError(
                f"model.name: {key!r} of {name!r} is {found}; expected float32 weights "
                "(training.precision is what computes in a narrower type)"
            )


def _check_logits(name, model, images, n_classes):
    """What the network answers in training mode, beside what it does in evaluation mode."""
    batch = in_format(model, images.normalizer(images.train_images[:_BATCH]))
    with _told(name, f"training mode on {_BATCH} images"), torch.no_grad():
        torch.manual_seed(0)
        found = model.train()(batch)
    shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
    if shape != (_BATCH, n_classes):
        raise InputError(
            f"model.name: {name!r} returns {shape} for {_BATCH} images in training mode, expected "
            f"logits of shape {(_BATCH, n_classes)} as in evaluation mode: return the main head "
            "alone in both"
        )
    with torch.no_grad():
        expected = model.eval()(batch)
        _hold(model.train())
        held = model(batch)
        other = not same(held, expected) and same(model(batch), held)  # and not by chance
    if other:
        log(
            f"warning: model.name: {name!r} computes other logits in training mode than in "
            "evaluation mode, with its norms and dropouts held; make sure that it should"
        )


def _hold(model):
    """Put norms and dropouts in evaluation mode: they differ between the modes by their nature."""
    for module in model.modules():
        if any(word in type(module).__name__.lower() for word in ("norm", "drop", "depth")):
            module.eval()


def _check_rates(recipe, model):
    """An optimizer's groups have one rate: a schedule gives the rate of all of them."""
    optimizer = recipe.make_optimizer([p for p in model.parameters() if p.requires_grad])
    rates = sorted({float(group["lr"]) for group in optimizer.param_groups})
    if rates != [recipe.optimizer["lr"]]:
        raise InputError(
            f"training.optimizer: its parameters have the learning rates {rates}, and the "
            f"schedule sets one for all of them, from lr {recipe.optimizer['lr']}; give every "
            "group of parameters the rate `lr`"
        )


def _copied(arrays):
    """Arrays of their own: those of a state on the CPU are the network's own memory."""
    return {name: array.copy() for name, array in arrays.items()}


def _check_same(name, expected, found):
    for key, value in expected.items():
        if not np.array_equal(value, found[key], equal_nan=True):
            raise InputError(
                f"model.name: a training of {name!r} that goes on from its checkpoint differs in "
                f"{key!r} from one without a break; keep what `forward` needs of earlier batches "
                "in persistent buffers"
            )


def _check_state_is_all(name, model, other, images):
    """Another network with the weights of this one answers as it does, as analyses need it."""
    batch = in_format(model, images.normalizer(images.train_images[:_BATCH]))
    with _told(name, "another network of it, given its weights"), torch.no_grad():
        other.eval().load_state_dict({k: v.clone() for k, v in model.train().state_dict().items()})
        alike = same(other(batch), model.eval()(batch))
    model.train()
    if not alike:
        raise InputError(
            f"model.name: {name!r} computes something else with the same weights in another "
            "network, so a trained one could not be analysed: put what `forward` needs into "
            "parameters or persistent buffers, and do not change weights in `train()` or `eval()`"
        )


@contextlib.contextmanager
def _told(name, what):
    try:
        yield
    except GeomemError:
        raise
    except Exception as error:
        raise InputError(
            f"model.name: {name!r} works in evaluation mode, but {what} failed: {described(error)}"
        ) from error
