"""A network from its name, or from the user's own function, with a fixed initialization."""

import contextlib
import importlib
import inspect
import os
import sys
import traceback

import torch
from torch import nn

from geomem.errors import InputError
from geomem.models.checks import noise_images, unfit
from geomem.models.layers import find_layers, in_layout, memory_format, tied
from geomem.registry.networks import NETWORKS


def build_model(model_spec, width, *, n_classes, image_shape, seed):
    """A network with PyTorch's default initialization, drawn from `seed` alone.

    Parameters
    ----------
    model_spec : dict
        `name`, one of `NETWORKS` or `package.module:function`, and options. The networks here know
        one option, `dropout`, the fraction of inputs dropped before each linear layer. A user's
        function is called with width, n_classes, image_shape and the options as keywords.
    width : int
        At least 1; what it scales is the network's to say.
    n_classes : int
    image_shape : tuple of int
        (channels, height, width) of one image.
    seed : int

    Returns
    -------
    nn.Module
        In training mode, on the CPU, its layers ready for `list_layers`. The global random state
        is left as it was.

    Raises
    ------
    InputError
        If the name or an option is unknown, the user's function cannot be imported or called with
        these arguments, or what it returns is not a network with one logit per class.
    """
    name = model_spec["name"]
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise InputError(f"width: {width!r} is not a whole number of at least 1")
    options = {key: value for key, value in model_spec.items() if key != "name"}
    dropout = options.get("dropout", 0)
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise InputError(f"model.dropout: {dropout!r} is not a number from 0 to below 1")
    image_shape = tuple(int(size) for size in image_shape)
    arguments = {"width": width, "n_classes": n_classes, "image_shape": image_shape, **options}
    function = _function_of(name)
    if name not in NETWORKS and not options.get("dropout"):
        arguments.pop("dropout", None)  # the default, which only our own networks need to know
    _check_arguments(name, function, arguments)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = function(**arguments) if name in NETWORKS else _call(name, function, arguments)
        if not isinstance(model, nn.Module):
            raise InputError(
                f"model.name: {name!r} returned {type(model).__name__}, expected a torch.nn.Module"
            )
        if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
            raise InputError(
                f"model.name: {name!r} is compiled by torch.jit, so that its layers cannot be "
                "observed; return the module itself"
            )
        _prepare(name, model, n_classes, image_shape)
    return model


def _prepare(name, model, n_classes, image_shape):
    """Find the layers with evaluation passes over a few images of noise; check the logits."""
    if not isinstance(model.eval(), nn.Module):
        raise InputError(
            f"model.name: the method `train` of {name!r} returns no module; end it with "
            "`return self`"
        )
    images = noise_images(image_shape)
    layers, logits = _run(name, model, images)
    model.train()
    count = len(images) - 1
    found = unfit(logits) or tuple(logits.shape)
    if found != (count, n_classes):
        raise InputError(
            f"model.name: {name!r} returns {found} for {count} images of shape {image_shape}, "
            f"expected logits of shape {(count, n_classes)}: one row per image, one column per "
            "class"
        )
    if not logits.is_floating_point():
        raise InputError(
            f"model.name: {name!r} returns logits of type {logits.dtype}; expected real numbers"
        )
    if not bool(logits.isfinite().all()):
        raise InputError(
            f"model.name: {name!r} returns logits that are not finite for images of noise, before "
            "any training; look at its operations and its initialization"
        )
    if bool((logits >= 0).all()) and torch.allclose(logits.sum(1).float(), torch.ones(count)):
        raise InputError(
            f"model.name: {name!r} returns probabilities (each row adds up to 1), expected logits; "
            "leave out the softmax at its end"
        )
    model.layers_found = tuple(layers)


def _run(name, model, images):
    """`find_layers` in the memory format that the network can run in, channels-last if it can."""
    failures = []
    _complete(name, model, images)
    for layout in (torch.channels_last, torch.contiguous_format):
        model.memory_format = layout
        try:
            return find_layers(placed(model), in_layout(images, layout))
        except InputError:
            raise
        except Exception as error:
            failures.append(error)
        finally:
            if layout == torch.channels_last:
                _unplace(model)
    raise _cannot_process(name, images, failures[-1]) from failures[-1]


def _unplace(model):
    with contextlib.suppress(RuntimeError):  # where channels-last was refused half-way
        model.to(memory_format=torch.contiguous_format)


def _cannot_process(name, images, error):
    return InputError(
        f"model.name: {name!r} cannot process images of shape {tuple(images.shape[1:])}: "
        f"{described(error)}. Change the network or the images' size"
    )


def _complete(name, model, images):
    """Let lazy modules take their shape; refuse weights that `.to` would tear apart."""
    values = [*model.parameters(), *model.buffers()]
    if any(torch.nn.parameter.is_lazy(value) for value in values):
        try:
            with torch.no_grad():
                model(images)
        except Exception as error:
            raise _cannot_process(name, images, error) from error
    named = dict(model.named_parameters(remove_duplicate=False))
    named |= dict(model.named_buffers(remove_duplicate=False))
    for keys in tied(model):
        if len({id(named.get(key, key)) for key in keys}) > 1:
            raise InputError(
                f"model.name: {' and '.join(keys)} of {name!r} are different tensors in the same "
                "memory, which is lost when the network moves to a device; let them be one "
                "Parameter, or compute one from the other in `forward`"
            )


def placed(model, device=None):
    """The network with its weights on a device, in the memory format that it runs in."""
    if memory_format(model) == torch.channels_last:
        return model.to(device, memory_format=torch.channels_last)
    return model.to(device)


def _function_of(name):
    """The function that makes a network: a built-in one, or the user's own."""
    if name not in NETWORKS:
        return _users_function(name)
    module, _, function = NETWORKS[name].partition(":")
    return getattr(importlib.import_module(module), function)


def _users_function(name):
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name:
        raise InputError(
            f"model.name: {name!r} is not a network; use one of {', '.join(NETWORKS)}, or your own "
            "as package.module:function"
        )
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise InputError(
            f"model.name: module {module_name!r} of {name!r} cannot be imported: "
            f"{described(error)}. It is looked for in {folder} (where the workflow is run), in "
            "PYTHONPATH and among the installed packages"
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        own = [key for key, value in vars(module).items() if inspect.isroutine(value)]
        raise InputError(
            f"model.name: {module.__file__} has no function {function_name!r}, asked for by "
            f"{name!r}; it has {', '.join(own) or 'none'}"
        )
    return function


def _check_arguments(name, function, arguments):
    signature = inspect.signature(function)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise InputError(
            f"model: {name!r} cannot be called with {given}: {error}. Its signature is "
            f"{signature}; every key of `model` besides `name` is passed on"
        ) from None


def _call(name, function, arguments):
    try:
        return function(**arguments)
    except Exception as error:
        raise InputError(f"model.name: {name!r} failed: {described(error)}") from error


def described(error):
    """The error's kind, message and the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
