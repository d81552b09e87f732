"""Activations of all selected layers for the analysed images of one snapshot.

The network is in evaluation mode (batch norm uses its running statistics) and computes in float32;
inner products are accumulated in float64. Images pass in batches of whole manifolds, twice: first
for the mean of every manifold in every layer, then for the inner products with those means. So
memory holds one batch of features and the (P, features) means, however many images there are.
When the features of all images of a kind are small they are kept from the first pass instead.

The control kind `surrogate` is made here: the features of a batch of images, about their mean, are
multiplied by a square Gaussian matrix. What comes out are Gaussian points whose covariance is that
of the batch: the layer's spectrum without its classes, or any structure but that.
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
    project,
)
from geomem.models.layers import depth_columns, list_layers, observe
from geomem.training.batches import resident

STORES = ("products", "gram", "raw")
_BATCH = {"cpu": 256, "cuda": 2048}
_KEPT_BYTES = 2**29  # features of one kind kept between the passes
_SURROGATE_POINTS = 256  # mixed together; not the batch of the device, which may change nothing
_GRAM_COLUMNS = 2**12  # features turned into float64 at a time


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
            batches = _Batches(
                model, layers, pixels, normalizer, seed if kind == "surrogate" else None
            )
            for layer, products in _products(batches, layers, kind, manifolds, keep).items():
                arrays |= products.to_arrays(prefix(layer, kind))
            if store == "raw":
                arrays |= keep.features()
            elif store == "gram":
                arrays |= keep.grams()
        yield ActivationFile(epoch, described, arrays, depth_columns(network or list_layers(model)))


@dataclass(eq=False)
class _Batches:
    """The features of whole manifolds, batch by batch, as often as asked.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (P, M, C, H, W)
    surrogate : int or None
        Seed of the Gaussian points that replace the features; None: features as they are.
    """

    model: torch.nn.Module
    layers: tuple
    pixels: np.ndarray
    normalizer: object
    surrogate: int | None = None
    _kept: list | None = None

    def __iter__(self):
        """Yield (manifold, features of every layer: dict of name to Tensor (M, N))."""
        if self._kept is not None:
            yield from self._kept
            return
        size = 4 * sum(layer.features for layer in self.layers) * self.pixels[:, :, 0, 0, 0].size
        kept = [] if size <= _KEPT_BYTES else None
        for item in self._computed():
            if kept is not None:
                kept.append(item)
            yield item
        self._kept = kept

    def _computed(self):
        device = next(self.model.parameters()).device
        n_manifolds, per_class = self.pixels.shape[:2]
        replaced = self.surrogate is not None
        points = _SURROGATE_POINTS if replaced else _BATCH.get(device.type, 256)
        step = max(points // per_class, 1)
        for start in range(0, n_manifolds, step):
            block = self.pixels[start : start + step]
            images = self.normalizer(resident(block.reshape(-1, *block.shape[2:]), device))
            seen = observe(self.model, self.layers, images)
            if replaced:
                seen = _surrogates(seen, len(images), self.surrogate, start)
            for offset in range(len(block)):
                rows = slice(offset * per_class, (offset + 1) * per_class)
                yield start + offset, {name: values[rows] for name, values in seen.items()}


def _surrogates(seen, n_points, seed, start):
    """Gaussian points of the covariance of `n_points` images, in every layer from one draw."""
    drawn = (
        generator("surrogate", seed, start).standard_normal((n_points, n_points)) / n_points**0.5
    )
    mixed = {}
    for name, points in seen.items():
        centered = points.double() - points.double().mean(0)
        weights = torch.from_numpy(drawn).to(centered.device)
        mixed[name] = (weights @ centered).to(points.dtype)
    return mixed


def _products(batches, layers, kind, manifolds, keep):
    """ManifoldProducts by layer index, in two passes over `batches`."""
    n_manifolds, per_class = batches.pixels.shape[:2]
    grams, means, cross = ({layer.name: [] for layer in layers} for _ in range(3))
    for manifold, features in batches:
        for name, points in features.items():
            gram, mean = moments(points)
            if not bool(torch.isfinite(mean).all()):
                raise InputError(
                    f"layer {name} computes values that are not finite for {kind} images of class "
                    f"{manifolds[manifold]}; the training diverged. Lower training.optimizer.lr"
                )
            grams[name].append(gram)
            means[name].append(mean)
        if keep is not None:
            keep.put(manifold, features)
    counts = np.full(n_manifolds, per_class, dtype=np.int64)
    centers = {name: centered(of_layer, counts) for name, of_layer in means.items()}
    for _, features in batches:
        for name, points in features.items():
            cross[name].append(project(points, centers[name]))
    return {
        layer.index: ManifoldProducts(
            tuple(grams[layer.name]),
            center_products(centers[layer.name]),
            np.concatenate(cross[layer.name], axis=1),
            counts,
            layer.features,
        )
        for layer in layers
    }


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
    for start in range(0, points.shape[1], _GRAM_COLUMNS):
        block = np.asarray(points[:, start : start + _GRAM_COLUMNS], dtype=np.float64)
        total += block @ block.T
    return total
