"""The file of one snapshot's activations: an .npz that needs no torch to read.

`epoch`, `layers` (JSON: index, name, kind, shape, features of each), `network` (JSON: see
`geomem.models.layers.depth_columns`) and `names` (of all arrays but the last two below) describe
it. For layer index I and manifold kind K:

=====================  =======================================================================
`K/manifolds`          class of each manifold, int64 (P,)
`I/K/...`              inner products, see `geomem.geometry.products.ManifoldProducts`
`I/K/gram`             with `store: gram`: inner products of all points as they are, float64
                       (n, n), ordered by manifold and position
`I/K/features`         with `store: raw`: the points themselves, float32 (n, features)
=====================  =======================================================================
"""

import json
from dataclasses import dataclass, field

import numpy as np

from geomem.errors import InputError
from geomem.geometry.products import ManifoldProducts, gram_of_all
from geomem.geometry.rounding import of_points
from geomem.storage.arrays import read_arrays, write_arrays

_DESCRIPTION = ("epoch", "layers", "network", "names")
_HEAVY = ("/gram", "/features")


@dataclass(frozen=True, eq=False)
class ActivationFile:
    """What one snapshot's layers compute for the analysed images.

    Attributes
    ----------
    epoch : int
    layers : tuple of dict
        `index`, `name`, `kind`, `shape` and `features` of each layer.
    arrays : dict of str to ndarray
        As the file names them.
    network : dict
        What the table says about the network's depth.
    """

    epoch: int
    layers: tuple
    arrays: dict
    network: dict = field(default_factory=dict)

    @property
    def kinds(self):
        """Kinds of manifold in the file."""
        return tuple(n.partition("/")[0] for n in self.arrays if n.endswith("/manifolds"))

    def manifolds(self, kind):
        """Class of each manifold of a kind, int64 (P,)."""
        return self.arrays[f"{kind}/manifolds"]

    def products(self, layer_index, kind):
        """ManifoldProducts of one layer and kind."""
        return ManifoldProducts.from_arrays(self.arrays, prefix(layer_index, kind))

    def features(self, layer_index, kind):
        """Points of one layer and kind by manifold: a list of P arrays (M_mu, features).

        Raises
        ------
        InputError
            If the file has none.
        """
        start = prefix(layer_index, kind)
        if start + "features" not in self.arrays:
            raise InputError(
                "the activations hold no features; set analysis.store to raw, which keeps them"
            )
        ends = np.cumsum(self.counts(layer_index, kind))[:-1]
        return np.split(self.arrays[start + "features"], ends)

    def counts(self, layer_index, kind):
        """Points of each manifold of one layer and kind, int64 (P,)."""
        return self.arrays[prefix(layer_index, kind) + "counts"]

    def rounding(self, layer_index, kind):
        """How far rounding of the layer's values shows in the points of one kind.

        Returns
        -------
        callable or None
            Of a number of points: the squared singular value that rounding can make in as many,
            see `geomem.geometry.rounding`. None if the file is of a version that kept none.
        """
        noise = self.arrays.get(prefix(layer_index, kind) + "noise")
        if noise is None:
            return None
        (layer,) = (layer for layer in self.layers if layer["index"] == layer_index)
        return of_points(noise, self.counts(layer_index, kind), layer["features"])

    def gram(self, layer_index, kind):
        """Inner products of all points of one layer and kind as they are, float64 (n, n).

        Raises
        ------
        InputError
            If the file has neither them nor the points.
        """
        start = prefix(layer_index, kind)
        if start + "gram" in self.arrays:
            return self.arrays[start + "gram"]
        if start + "features" in self.arrays:
            return gram_of_all(self.features(layer_index, kind), center=False)
        raise InputError(
            "the activations hold inner products within manifolds only; set analysis.store to "
            "gram, which keeps those of all points"
        )


def prefix(layer_index, kind):
    """What the names of a layer's arrays begin with."""
    return f"{layer_index}/{kind}/"


def write_activations(path, content, provenance):
    """Write an `ActivationFile`."""
    described = {
        "epoch": np.int64(content.epoch),
        "layers": np.array(json.dumps(list(content.layers))),
        "network": np.array(json.dumps(content.network)),
        "names": np.array([n for n in content.arrays if not n.endswith(_HEAVY)], dtype=str),
    }
    write_arrays(path, {**described, **content.arrays}, provenance)


def read_activations(path, *, heavy=False):
    """Read an `ActivationFile`; Gram matrices and features of all points only if `heavy`.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated or altered.
    """
    described, _ = read_arrays(path, _DESCRIPTION)
    arrays, _ = read_arrays(path, None if heavy else described["names"].tolist())
    layers = tuple(json.loads(str(described["layers"])))
    arrays = {name: array for name, array in arrays.items() if name not in _DESCRIPTION}
    network = json.loads(str(described["network"]))
    return ActivationFile(int(described["epoch"]), layers, arrays, network)
