"""Activations of any `nn.Module`, written from the user's own training loop."""

import contextlib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from geomem.errors import InputError
from geomem.foreign.padding import padded, require_unpadded
from geomem.foreign.points import axes_of, pooled
from geomem.foreign.pooling import require_pooling
from geomem.foreign.writing import write_activations
from geomem.geometry.clouds import on_host, real_array

if TYPE_CHECKING:
    import torch


class Recorder:
    """Writes what layers compute for some inputs, each time that it is called.

    Parameters
    ----------
    model : nn.Module
        It may change between calls, as training changes it.
    inputs : Tensor or ndarray (n, ...), or dict of str to such
        What the model is called with, as its argument or as keywords, in batches. They are moved
        to the device of the model's first parameter.
    labels : array or Tensor, shape (n,)
        The class of each input.
    folder : path
        Of the activations, see `write_activations`.
    layers : str or sequence of str, optional
        Globs of module names, as `model.named_modules()` has them; default: every convolution,
        linear map and embedding that the model calls.
    pooling, axis
        Of outputs with more than two dimensions, see `geomem.foreign.points.pooled`. Tokens that
        a mask among the inputs leaves out are refused there.
    subject, kind
        As for `write_activations`.
    batch_size : int

    Raises
    ------
    InputError
        If no module has such a name, or pooling or labels do not fit.
    """

    def __init__(
        self,
        model: "torch.nn.Module",
        inputs: "torch.Tensor | dict[str, torch.Tensor]",
        labels: ArrayLike,
        folder: str | Path,
        *,
        layers: Sequence[str] | None = None,
        pooling: str = "none",
        axis: int | Sequence[int] = (),
        subject: str = "0",
        kind: str = "test",
        batch_size: int = 256,
    ) -> None:
        self._model, self._inputs, self._folder = model, inputs, folder
        self._labels = np.asarray(labels.cpu() if hasattr(labels, "cpu") else labels)
        self._names, self._asked = _chosen(model, layers), layers is not None
        self._pooling, self._axis = pooling, axes_of(axis)
        require_pooling("Recorder", self._pooling, self._axis)
        self._padded = padded(_named(inputs))
        self._options = {"subject": subject, "kind": kind}
        self._size, self._tried = batch_size, False
        counts = {len(value) for value in _named(inputs).values()}
        if counts != {len(self._labels)}:
            raise InputError(
                f"inputs holds {', '.join(map(str, sorted(counts)))} examples and labels "
                f"{len(self._labels)}; expected one label for each"
            )

    def __call__(self, epoch: int) -> Path:
        """Compute and write the activations after an epoch; the path of the manifest.

        The model is in evaluation mode meanwhile, and no gradient is kept.
        """
        found = {}
        n = len(self._labels)
        for start in range(0, n, self._size):
            for name, points in self._batch(start, min(start + self._size, n)).items():
                found.setdefault(name, []).append(points)
        fewer = min(self._size, n) - 1
        if fewer and not self._tried:
            self._batch(0, fewer)  # what has as many rows as before has tokens in them, not inputs
            self._tried = True
        arrays = {name: np.concatenate(parts) for name, parts in found.items()}
        return write_activations(self._folder, arrays, self._labels, epoch=epoch, **self._options)

    def _batch(self, start, stop):
        import torch

        device = next((each.device for each in self._model.parameters()), torch.device("cpu"))
        found = {}

        def keep(name, output):
            number = sum(1 for key in found if key == name or key.startswith(f"{name}:")) + 1
            found[name if number == 1 else f"{name}:{number}"] = self._rows(
                name, output, stop - start
            )

        with _evaluating(self._model), _hooked(self._model, self._names, keep), torch.no_grad():
            batch = {
                name: torch.as_tensor(value[start:stop]).to(device)
                for name, value in _named(self._inputs).items()
            }
            if isinstance(self._inputs, Mapping):
                self._model(**batch)
            else:
                self._model(*batch.values())
        missing = [name for name in self._names if name not in found]
        if missing and (self._asked or not found):
            raise InputError(f"layers: the model does not call {missing[0]!r}; leave it out")
        return found

    def _rows(self, name, output, count):
        tensor = _first_tensor(name, output)
        if tensor.is_nested:
            raise InputError(
                f"layers: {name!r} returns a nested tensor, whose inputs have different lengths; "
                "make the encoder with enable_nested_tensor=False"
            )
        # a copy, for a later in-place ReLU would change it
        copy = real_array(tensor.detach().clone(), f"layers: what {name!r} returns")
        values = on_host(copy)
        if values.ndim < 2 or len(values) != count:
            raise InputError(
                f"layers: {name!r} returns shape {values.shape} for {count} inputs; expected the "
                "inputs in dimension 0. Choose the module around it"
            )
        where = f"the output of {name!r}"
        if values.ndim == 2 or self._pooling == "none":
            return pooled(values, where=where)
        if not self._axis and values.ndim == 3 and _has_channels(self._model.get_submodule(name)):
            raise InputError(
                f"{where} has shape {values.shape}: inputs, channels, positions; name the "
                "dimensions to pool over, axis=2 for positions"
            )
        require_unpadded(where, values.shape, self._padded, self._pooling, self._axis or (1,))
        return pooled(values, self._pooling, self._axis, where)


def _chosen(model, layers):
    """Names of the modules to observe, in the order of definition."""
    from torch import nn

    modules = {name: module for name, module in model.named_modules() if name}
    if layers is None:
        kinds = (nn.modules.conv._ConvNd, nn.Linear, nn.Embedding)
        return [name for name, module in modules.items() if isinstance(module, kinds)]
    layers = [layers] if isinstance(layers, str) else layers
    for glob in layers:
        if not any(fnmatchcase(name, glob) for name in modules):
            raise InputError(
                f"layers: {glob!r} matches no module; there are {', '.join(modules) or 'none'}"
            )
    return [name for name in modules if any(fnmatchcase(name, glob) for glob in layers)]


def _has_channels(module):
    """Whether dimension 1 of what a module returns is channels, not tokens."""
    from torch import nn

    kinds = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm)
    pools = (nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d)
    return isinstance(module, (*kinds, *pools))


def _named(inputs):
    return inputs if isinstance(inputs, Mapping) else {"": inputs}


def _first_tensor(name, output):
    """The tensor itself, or the first one in what a module returned."""
    import torch

    values = output.values() if isinstance(output, dict) else output
    for value in [output] if isinstance(output, torch.Tensor) else values:
        if isinstance(value, torch.Tensor):
            return value
    raise InputError(f"layers: {name!r} returns {type(output).__name__} without a tensor")


@contextlib.contextmanager
def _evaluating(model):
    """The model in evaluation mode; each module goes back to the mode that it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextlib.contextmanager
def _hooked(model, names, keep):
    """Within the block, `keep(name, output)` is called after each call of the named modules."""
    modules = dict(model.named_modules())
    handles = [
        modules[name].register_forward_hook(
            lambda module, inputs, output, name=name: keep(name, output)
        )
        for name in names
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
