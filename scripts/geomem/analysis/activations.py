"""Activations of all selected layers for the analysed images of one snapshot.

The network is in evaluation mode (batch norm uses its running statistics) and computes in float32;
inner products are accumulated in float64. Images pass in batches of whole manifolds, twice: first
for the mean of every manifold in every layer, then for the inner products with those means. So
memory holds one batch of features and the (P, features) means, however many images there are.
Up to `_KEPT_BYTES` of features of a kind wait in a temporary file for the second pass; more are
computed again.

The control kind `surrogate` is made here: the features of a window of images, about their mean, are
multiplied by a Gaussian matrix. What comes out are Gaussian points whose covariance is that of the
window: the layer's spectrum without its classes, or any structure but that. Points of one manifold
lie in fewer dimensions than the window has images, so this spans at least ten manifolds (or all);
its features are in memory together, in float32, for M = 50 those of 500 images.
"""

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from geomem.analysis.activation_file import ActivationFile, prefix
from geomem.analysis.networks import analysed_kind
from geomem.data.randomness import generator
from geomem.errors import InputError
from geomem.geometry.products import (
    ManifoldProducts,
    center_products,
    centered,
    moments,
    noise_of_cloud,
    project,
)
from geomem.memory import give_back
from geomem.models.layers import depth_columns, list_layers, observe
from geomem.training.batches import resident

STORES = ("products", "gram", "raw")
_BATCH = {"cpu": 64, "cuda": 2048}
_KEPT_BYTES = 2**29  # on disk
# mixed together, at least; not the batch of the device, which may change nothing
_SURROGATE_POINTS, _SURROGATE_MANIFOLDS = 256, 10
_FLOAT64_COLUMNS = 2**11  # features turned into float64 at a time


@contextlib.contextmanager
def extract_activations(
    model,
    layers,
    images,
    analysis_set,
    normalizer,
    *,
    epoch,
    seed=0,
    store="products",
    network=None,
):
    """Inner products (and, if asked, more) of every layer and kind.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode, on the device to compute on.
    layers : sequence of Layer
    images : ImageSet
    analysis_set : DataFrame, or dict of str to ndarray
        As `geomem.data.analysis_set.choose_analysis_set` returns it, or its columns.
    normalizer : Normalizer
    epoch : int
        The snapshot's.
    seed : int
        Of the Gaussian points of the kind `surrogate`.
    store : {"products", "gram", "raw"}
        `gram` adds the inner products of all points, `raw` the features themselves.
    network : sequence of Layer, optional
        All layers of the network, for the table; default: `list_layers`.

    Yields
    ------
    ActivationFile
        Once, as a context manager: the features of `raw` are memory maps that end with it.

    Raises
    ------
    InputError
        If a layer computes values that are not finite.
    """
    if store not in STORES:
        raise InputError(f"analysis.store: {store!r} is not one of {', '.join(STORES)}")
    described = tuple(
        {
            "index": layer.index,
            "name": layer.name,
            "kind": layer.kind,
            "shape": list(layer.shape),
            "features": layer.features,
        }
        for layer in layers
    )
    arrays = {}
    with tempfile.TemporaryDirectory(prefix="geomem-") as folder:
        for kind in dict.fromkeys(analysis_set["kind"]):
            pixels, _, manifolds = analysed_kind(analysis_set, images, kind)
            arrays[f"{kind}/manifolds"] = manifolds
            keep = None if store == "products" else _Features(Path(folder), layers, kind, pixels)
            with open(Path(folder) / "waiting", "w+b") as waiting:
                surrogate = seed if kind == "surrogate" else None
                batches = _Batches(model, layers, pixels, normalizer, waiting, surrogate)
                for layer, products in _products(batches, layers, kind, manifolds, keep).items():
                    arrays |= _set_aside(products.to_arrays(prefix(layer, kind)), folder)
            if store == "raw":
                arrays |= keep.features()
            elif store == "gram":
                arrays |= keep.grams()
            give_back()
        del batches, keep
        yield ActivationFile(epoch, described, arrays, depth_columns(network or list_layers(model)))


@dataclass(eq=False)
class _Batches:
    """The features of whole manifolds, batch by batch, as often as asked.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (P, M, C, H, W)
    waiting : binary file
        Empty, where features wait to be asked for again.
    surrogate : int or None
        Seed of the Gaussian points that replace the features; None: features as they are.
    """

    model: torch.nn.Module
    layers: tuple
    pixels: np.ndarray
    normalizer: object
    waiting: object
    surrogate: int | None = None
    _forms: dict | None = None

    def __iter__(self):
        """Yield (manifold, features of every layer: dict of name to Tensor (M, N))."""
        size = 4 * sum(layer.features for layer in self.layers) * self.pixels[:, :, 0, 0, 0].size
        fits = size <= _KEPT_BYTES
        if fits and self._forms is not None:
            yield from self._waited()
            return
        for manifold, features in self._computed():
            if fits:
                for values in features.values():
                    self.waiting.write(values.contiguous().cpu().view(torch.uint8).numpy())
            forms = {name: values[:0] for name, values in features.items()}
            yield manifold, features
        self._forms = {name: empty.clone() for name, empty in forms.items()}

    def _waited(self):
        self.waiting.seek(0)
        for manifold in range(len(self.pixels)):
            yield manifold, {name: self._read(form) for name, form in self._forms.items()}

    def _read(self, form):
        """The features of one manifold in a layer, of which `form` has none."""
        content = bytearray(self.pixels.shape[1] * form.shape[1] * form.element_size())
        self.waiting.readinto(content)
        values = torch.frombuffer(content, dtype=form.dtype)
        return values.reshape(-1, form.shape[1]).to(form.device)

    def _computed(self):
        device = next(self.model.parameters()).device
        n_manifolds, per_class = self.pixels.shape[:2]
        replaced = self.surrogate is not None
        batch = _BATCH.get(device.type, 64)
        step = _window(per_class) if replaced else max(batch // per_class, 1)
        for start in range(0, n_manifolds, step):
            end = min(start + step, n_manifolds)
            # a window as large as the others for the last surrogates, too
            block = self.pixels[max(end - step, 0) if replaced else start : end]
            images = resident(block.reshape(-1, *block.shape[2:]), device)
            if replaced:
                seen = self._window_seen(images.split(batch), len(images))
                seen = _surrogates(seen, (end - start) * per_class, self.surrogate, start)
            else:
                seen = observe(self.model, self.layers, self.normalizer(images))
            for offset in range(end - start):
                rows = slice(offset * per_class, (offset + 1) * per_class)
                # copies, which do not keep all of the batch in memory while the next is computed
                yield start + offset, {name: values[rows].clone() for name, values in seen.items()}
            seen = None
            if replaced:
                give_back()

    def _window_seen(self, parts, n_images):
        """What `observe` gives for all parts of a window of images."""
        seen, start = {}, 0
        for part in parts:
            found = observe(self.model, self.layers, self.normalizer(part))
            for name in list(found):
                values = found.pop(name)  # so that a part does not stay beside its copy
                if name not in seen:
                    seen[name] = values.new_empty((n_images, values.shape[1]))
                seen[name][start : start + len(part)] = values
            start += len(part)
        return seen


def _window(per_class):
    """Manifolds whose images give surrogates their covariance together."""
    return max(_SURROGATE_POINTS // per_class, _SURROGATE_MANIFOLDS)


def _surrogates(seen, n_points, seed, start):
    """`n_points` Gaussian points of the covariance of a window of images, in every layer.

    All layers have them from one draw. They take the place of what the images, of which there are
    at least `n_points`, gave.
    """
    first = next(iter(seen.values()))
    n_images = len(first)
    drawn = (
        generator("surrogate", seed, start).standard_normal((n_points, n_images)) / n_images**0.5
    )
    drawn = torch.from_numpy(drawn).to(first.device)
    for points in seen.values():
        for block in points.split(_FLOAT64_COLUMNS, dim=1):
            offsets = block.double()
            offsets -= offsets.mean(0)
            block[:n_points] = drawn @ offsets
    return {name: points[:n_points] for name, points in seen.items()}


def _products(batches, layers, kind, manifolds, keep):
    """ManifoldProducts by layer index, in two passes over `batches`."""
    n_manifolds, per_class = batches.pixels.shape[:2]
    # A place for all that is kept: pieces of it between those of a batch would keep the memory of
    # these from being used again.
    means = {}
    grams, noise, cross = (
        {layer.name: np.empty(shape) for layer in layers}
        for shape in (
            (n_manifolds, per_class, per_class),
            n_manifolds,
            (n_manifolds, n_manifolds, per_class),
        )
    )
    for manifold, features in batches:
        for name, points in features.items():
            gram, mean = moments(points)
            if not bool(torch.isfinite(mean).all()):
                raise InputError(
                    f"layer {name} computes values that are not finite for {kind} images of class "
                    f"{manifolds[manifold]}; the training diverged. Lower training.optimizer.lr"
                )
            if name not in means:
                means[name] = mean.new_empty((n_manifolds, len(mean)))
            grams[name][manifold] = gram
            means[name][manifold] = mean
            noise[name][manifold] = noise_of_cloud(points, gram, mean)
        if keep is not None:
            keep.put(manifold, features)
    counts = np.full(n_manifolds, per_class, dtype=np.int64)
    centers = {name: centered(list(means.pop(name)), counts) for name in list(means)}
    for manifold, features in batches:
        for name, points in features.items():
            cross[name][:, manifold] = project(points, centers[name])
    return {
        layer.index: ManifoldProducts(
            tuple(grams[layer.name]),
            center_products(centers[layer.name]),
            cross[layer.name].reshape(n_manifolds, -1),
            counts,
            layer.features,
            noise[layer.name],
        )
        for layer in layers
    }


def _set_aside(arrays, folder):
    """The same arrays as memory maps of files in a folder."""
    mapped = {}
    for name, array in arrays.items():
        path = Path(folder, f"{name.replace('/', '-')}.npy")
        np.save(path, array)
        mapped[name] = np.load(path, mmap_mode="r")
    return mapped


class _Features:
    """Features of all points of one kind, on disk: one float32 memory map (n, N) per layer."""

    def __init__(self, folder, layers, kind, pixels):
        self._per_class = pixels.shape[1]
        points = pixels.shape[0] * pixels.shape[1]
        self._maps = {
            layer.name: np.lib.format.open_memmap(
                folder / f"{layer.index}-{kind}.npy", "w+", np.float32, (points, layer.features)
            )
            for layer in layers
        }
        self._prefixes = {layer.name: prefix(layer.index, kind) for layer in layers}

    def put(self, manifold, features):
        start = manifold * self._per_class
        for name, points in features.items():
            self._maps[name][start : start + self._per_class] = points.cpu().numpy()

    def features(self):
        return {f"{self._prefixes[name]}features": array for name, array in self._maps.items()}

    def grams(self):
        return {f"{self._prefixes[name]}gram": _gram(array) for name, array in self._maps.items()}


def _gram(points):
    """Inner products of all points (n, N), float64 (n, n), from blocks of features."""
    total = np.zeros((len(points), len(points)))
    for start in range(0, points.shape[1], _FLOAT64_COLUMNS):
        block = np.asarray(points[:, start : start + _FLOAT64_COLUMNS], dtype=np.float64)
        total += block @ block.T
    return total
