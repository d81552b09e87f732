"""In evaluation mode a network must be a function of one image, its weights and its buffers."""

import contextlib
import random

import numpy as np
import torch

from geomem.errors import InputError
from geomem.models.layout import UnclearLayoutError, find_layout, same

LOGITS = ("", -1)  # place of a network's own output among those of its layers
_IMAGES, _LOUD = 3, 4


def noise_images(image_shape, generator=None):
    """Images of noise on which a network is checked.

    They differ in their means, too, so that averages over an image differ. The last one, which the
    smaller batches lack, has larger values: what takes the largest or least value of a batch then
    joins its images in a way that shows.

    Returns
    -------
    Tensor, shape (3, C, H, W)
    """
    images = torch.randn(_IMAGES, *image_shape, generator=generator)
    images += torch.randn(_IMAGES, image_shape[0], 1, 1, generator=generator)
    images[-1] *= _LOUD
    return images


def image_places(model, run, small, images):
    """Where the images are in the output of every call whose output depends on them.

    The network is run on all images in reverse order, and on the first one alone. Whatever sorts
    the images by what they show changes the order of one of these batches at least.

    Parameters
    ----------
    model : nn.Module
    run : callable
        Of a batch: the outputs of all calls, by (module, call), and by `LOGITS` the network's.
    small : dict
        What `run` returned for all images but the last.
    images : Tensor, shape (n, C, H, W)

    Returns
    -------
    dict of (module, call) to (axis, before), see `geomem.models.layout.by_image`

    Raises
    ------
    InputError
        If an output depends on chance, earlier batches or the other images of its batch.
    """
    fitting = _fitting(run, small, images)
    places = {key: found[0] for key, found in fitting.items() if found}
    several = [key for key, found in fitting.items() if len(found) > 1]
    if several:  # weights that begin at zero may be why
        with _disturbed(model):
            again = _fitting(run, run(images[:-1]), images)
        for key in several:
            both = [place for place in fitting[key] if place in again[key]]
            if len(both) != 1:
                raise InputError(_unclear(key, "several ways of reading its output fit"))
            places[key] = both[0]
    logits = places.pop(LOGITS, (0, 1))
    if logits != (0, 1):
        raise InputError(
            f"model: the logits have the images in dimension {logits[0]}; expected dimension 0"
        )
    return places


def _fitting(run, small, images):
    order = list(reversed(range(len(images))))
    large, alone = run(images[order]), run(images[:1])
    if differing := (small.keys() ^ large.keys()) | (small.keys() ^ alone.keys()):
        name = min(differing)[0]
        raise InputError(
            f"model: how often layer {name!r} is called depends on the images of a batch; let it "
            "be called once for all of them, or mark the module around it, "
            "`module.layer_kind = 'block'`"
        )
    fitting = {}
    for key, output in small.items():
        try:
            fitting[key] = find_layout(large[key], output, alone[key], order)
        except UnclearLayoutError as error:
            repeated = run(images[:-1])
            if any(not _equal(repeated[k], small[k]) for k in small):
                raise InputError(f"model: {_CHANCE}") from None
            raise InputError(_unclear(key, error)) from None
    return fitting


def _equal(a, b):
    return a.shape == b.shape and same(a, b)


def _unclear(key, why):
    if key == LOGITS:
        return (
            f"model: the logits of an image depend on the rest of its batch in evaluation mode "
            f"({why}). Use running statistics (batch norm with track_running_stats, in evaluation "
            "mode) and nothing else that joins images"
        )
    return (
        f"model: which part of the output of layer {key[0]!r} belongs to which image cannot be "
        f"told: {why}. If it, or a norm before it, joins the images of a batch, use running "
        "statistics; else mark the module around it, `module.layer_kind = 'block'`"
    )


_CHANCE = (
    "in evaluation mode its output depends on chance or on earlier batches; switch that off there, "
    "for instance with functional.dropout(x, p, self.training)"
)


@contextlib.contextmanager
def nothing_changed(model):
    """Raise InputError if the block draws random numbers or changes a buffer of the network."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    before = random_states()
    yield
    if random_states() != before:
        raise InputError(f"model: {_CHANCE}")
    for name, buffer in model.named_buffers():
        old = buffers.get(name)
        if old is None or old.shape != buffer.shape or not same(old, buffer):
            raise InputError(
                f"model: the buffer {name!r} changes in evaluation mode; let it change in training "
                "mode alone (`if self.training`)"
            )


def unfit(output):
    """What a layer's output is, if it is not one dense tensor of real numbers."""
    if not isinstance(output, torch.Tensor):
        return type(output).__name__
    if output.is_nested or output.is_quantized or output.layout != torch.strided:
        return "a nested tensor" if output.is_nested else f"a tensor of {output.layout}"
    return f"a tensor of {output.dtype}" if output.is_complex() else None


def check_names(names):
    """Raise InputError unless all names of layers differ, and none is like that of a part."""
    for name in names:
        if names.count(name) > 1:
            other = "the images" if name == names[0] else "another layer"
            raise InputError(
                f"model: a layer has the name {name!r}, which is that of {other}; give its module "
                "another attribute name"
            )
        if "/" in name:
            raise InputError(
                f"model: layer {name!r} has a slash in its name, as only layers within blocks "
                "have; give its module another name"
            )


@contextlib.contextmanager
def all_registered(model):
    """Within the block refuse calls of modules whose weights the network does not know."""
    own = {id(parameter) for parameter in model.parameters()}

    def look(module, inputs):
        if any(id(parameter) not in own for parameter in module.parameters(recurse=False)):
            raise InputError(
                f"model: a {type(module).__name__} is called whose weights are not among the "
                "parameters of the network, so that nothing would train or save them; keep modules "
                "in attributes or in torch.nn.ModuleList, not in a list or dict"
            )

    handle = torch.nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        handle.remove()


def random_states():
    """The states of the generators that code may draw from without naming one."""
    numpy = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(),
        (numpy[1].tobytes(), *numpy[2:]),
        random.getstate(),
    )


@contextlib.contextmanager
def _disturbed(model):
    """Within the block every parameter has some noise, so that none is zero."""
    kept = {name: value.detach().clone() for name, value in model.named_parameters()}
    with torch.no_grad():
        for value in model.parameters():
            if value.is_floating_point():
                value += 0.02 * torch.randn(value.shape).to(value)
    try:
        yield
    finally:
        with torch.no_grad():
            for name, value in model.named_parameters():
                value.copy_(kept[name])
