"""What the tables of one run say, as replicates that differ by one source of uncertainty.

Three sources act within a run and are kept apart:

- vectors: another draw of the Gaussian vectors, and for GLUE of the dichotomies. All layers,
  epochs, kinds, seeds and widths use the same ones, and so do their replicates: what one of them
  adds to every mean is in the table.
- manifolds: other classes. Each class has a random weight, the same one in every layer, epoch,
  kind, seed and width (the Bayesian bootstrap).
- images: other examples. Rewound networks and seeds are tested on the same images, and the table
  says which each of them got right: images have random weights, the same for all. Other accuracies
  move by their errors, together in all seeds, but independently at different epochs and widths,
  which is wider than the truth. Gradients move by their errors.

What acts between runs (seeds) is seen by comparing them, and the number of removed low-rank
directions is a choice: `geomem.claims.judge`, `geomem.claims.removal`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np
from scipy.special import betaincinv

from geomem.claims import depth
from geomem.claims.curves import ESTIMATORS, read_curve
from geomem.claims.errors import NotMeasuredError
from geomem.data.randomness import generator
from geomem.statistics.weights import class_weights

# Images that all seeds have in common. Of training images, other ones are unpermuted in each seed.
SHARED_IMAGES = ("test", "validation")


@dataclass(frozen=True, eq=False)
class Run:
    """The tables of one trained network.

    Attributes
    ----------
    width, seed : int
    noise : float
    tables : dict of str to DataFrame
        Rows of this run of the collected tables; a table may be missing or empty.
    per_class : int
        Points per manifold, M.
    best_epoch : int, optional
        The epoch that is called the best one; by default the one with the highest validation
        accuracy, which the tables name.
    """

    width: int
    noise: float
    seed: int
    tables: dict
    per_class: int
    _curves: dict = field(default_factory=dict, repr=False)
    best_epoch: int | None = None

    def curve(self, epoch, kind, metric, estimator="mean-field"):
        """The `Curve` of a metric of one kind at the best epoch, the last one or a number."""
        key = epoch, kind, metric, estimator
        if key not in self._curves:
            source = ESTIMATORS[estimator]
            rows = self.rows(source.table, epoch)
            self.require(rows, kind)
            self._curves[key] = read_curve(rows, kind, metric, source.means)
        return self._curves[key]

    def table(self, name):
        """A collected table's rows of this run."""
        found = self.tables.get(name)
        if found is None or not len(found):
            raise NotMeasuredError(f"no {name} table")
        return found

    def rows(self, name, epoch):
        """A table's rows at the best epoch, the last one, or an epoch by its number."""
        found = self.table(name)
        if epoch == "best" and self.diverged:  # the best of the few epochs that there are
            raise NotMeasuredError(_no_epoch(name, "last", self))
        at = self.best_epoch if epoch == "best" and self.best_epoch is not None else epoch
        flag = found[at].astype(bool) if at in ("best", "last") else found.epoch == at
        if not flag.any():
            raise NotMeasuredError(_no_epoch(name, epoch, self))
        return found[flag]

    @property
    def diverged(self):
        """Whether training stopped because the loss was not finite: it has no last epoch."""
        accuracy = self.tables.get("accuracy")
        return accuracy is not None and len(accuracy) > 0 and not accuracy["last"].any()

    def require(self, rows, kind):
        """Raise NotMeasuredError if there are no rows of a kind."""
        if not (rows["kind"] == kind).any():
            without = self.noise == 0 and kind in ("permuted", "restored")
            where = "at label noise 0" if without else "in the table"
            raise NotMeasuredError(f"no {kind} examples {where}")


@dataclass(eq=False)
class View:
    """Numbers of one run; every array's first axis counts replicates.

    Attributes
    ----------
    run : Run
    source : str or None
        One of `geomem.claims.words.SOURCES`: what the replicates differ by. None: the measured
        values, once.
    count : int
        Number of replicates.
    estimator : str
        Of capacity, radius and dimension: a key of `geomem.claims.curves.ESTIMATORS`.
    removal : geomem.claims.removal.Removal, optional
        Where to take the geometry between its ends over K; by default at the chosen K.
    warned : set of str
        Filled with what was read that has a warning.
    others : tuple of Run
        Networks of a sweep that differ by the seed alone, one of each other seed.
    """

    run: Run
    source: str | None = None
    count: int = 1
    estimator: str = "mean-field"
    removal: object = None
    warned: set = field(default_factory=set)
    others: tuple = ()

    def geometry(self, epoch: str | int, kind: str, metric: str, region: Callable) -> np.ndarray:
        """Mean over manifolds in the layers of a region.

        Parameters
        ----------
        epoch : "best", "last" or int
        kind : str
        metric : str
            One of the estimator's `means`.
        region : callable
            Of `geomem.claims.depth`.

        Returns
        -------
        ndarray, shape (count, layers)
        """
        curve = self.run.curve(epoch, kind, metric, self.estimator)
        chosen = depth.select(region, curve.index, curve.n_layers, curve.weighted)
        values = curve.means()[:, chosen]
        if not np.isfinite(values).all():
            raise NotMeasuredError(f"{metric} of {kind} manifolds is not finite in some layer")
        for i in chosen:
            if curve.warnings[i]:
                self.warned.add(f"{kind} {metric} in {curve.layers[i]} ({epoch} epoch)")
        if self.removal is not None:
            # By number: where the best epoch is the last one, it has one K and not two.
            name = f"{self.run.width} {curve.epoch} {kind} {metric}"
            ends = curve.lowest[chosen], curve.highest[chosen]
            return self.removal.between(name, curve.index[chosen], values[0], *ends)
        if self.source == "vectors":
            return values * np.exp(self._by_vectors(curve)[:, chosen] / values)
        if self.source == "manifolds":
            return curve.means(class_weights(curve.manifolds, self.count))[:, chosen]
        return np.repeat(values, self.count, axis=0)

    def accuracy(self, epoch: str | int, kind: str) -> np.ndarray:
        """Accuracy, 0 to 1, shape (count,)."""
        rows = self.run.rows("accuracy", epoch)
        self.run.require(rows, kind)
        rows = rows[(rows["kind"] == kind) & (rows["metric"] == "accuracy")]
        return self._rates(f"accuracy {epoch}", kind, rows)[:, 0]

    @property
    def was_rewound(self) -> bool:
        """Whether the networks of the best and the last epoch are there, image by image."""
        measured = View(self.run)
        try:
            measured.nothing_rewound("test", "with-layer")
            measured.everything_rewound("test")
        except NotMeasuredError:
            return False
        return True

    def require_rewound(self, scheme: str, region: Callable) -> None:
        """Raise NotMeasuredError if layers of a region of `geomem.claims.depth` were left out."""
        rows = self.run.rows("rewind", "best")
        rows = rows[rows["scheme"] == scheme]
        if not len(rows):
            raise NotMeasuredError(f"no rewinding with scheme {scheme}")
        layers = rows["layer_index"].unique().astype(int)
        depth.require(region, layers, _depth(rows), depth.weighted(rows), "rewind.layers")

    def rewound(
        self, scheme: str, kind: str, batch_norm: str | None = None
    ) -> tuple[np.ndarray, int, np.ndarray]:
        """Accuracies of the final network with layers rewound to the best epoch.

        Parameters
        ----------
        scheme : {"single", "suffix", "prefix"}
        kind : str
        batch_norm : str, optional
            Policy; by default `with-layer` where the table has it, else its first.

        Returns
        -------
        layers : ndarray of int, shape (n,)
            Index of the layer that names each set.
        n_layers : int
            Of the network.
        accuracies : ndarray, shape (count, n)
        """
        rows = self._rewound(self.run.rows("rewind", "best"), scheme, kind, batch_norm)
        rows = rows.sort_values("layer_index")
        return rows["layer_index"].to_numpy(int), _depth(rows), self._paired_rates(kind, rows)

    def nothing_rewound(self, kind: str, batch_norm: str | None = None) -> np.ndarray:
        """Accuracy of the final network on the images that rewound ones see, shape (count,)."""
        rows = self._rewound(self.run.rows("rewind", "last"), "none", kind, batch_norm)
        return self._paired_rates(kind, rows)[:, 0]

    def everything_rewound(self, kind: str) -> np.ndarray:
        """Accuracy of the network of the best epoch, on the same images, shape (count,)."""
        rows = self._rewound(self.run.rows("rewind", "best"), "all", kind, "with-layer")
        return self._paired_rates(kind, rows)[:, 0]

    def gradient(
        self, epoch: str | int, kind: str, part: str, metric: str
    ) -> tuple[np.ndarray, int, np.ndarray]:
        """A measure of the gradient in every layer with parameters.

        Returns
        -------
        layers : ndarray of int, shape (n,)
        n_layers : int
        values : ndarray, shape (count, n)
        """
        rows = self.run.rows("gradients", epoch)
        self.run.require(rows, kind)
        rows = rows[(rows["kind"] == kind) & (rows["part"] == part)]
        rows = rows[rows["metric"] == metric].sort_values("layer_index")
        if not len(rows):
            raise NotMeasuredError(f"no {metric} in the gradients table")
        value = _finite(rows)
        layers, n_layers = rows["layer_index"].to_numpy(int), _depth(rows)
        if self.source != "images":
            return layers, n_layers, np.repeat(value[None], self.count, axis=0)
        error = rows["error"].to_numpy(float) if "error" in rows else np.full(len(rows), np.nan)
        stream = self._stream(f"gradient {epoch} {part} {metric}", kind)
        return layers, n_layers, value + error * stream.standard_normal((self.count, len(value)))

    def gradient_epochs(self) -> list:
        """Epochs of the gradients table from the best epoch to the last."""
        table = self.run.table("gradients")
        best = self.run.rows("accuracy", "best")["epoch"].iloc[0]
        return sorted(int(epoch) for epoch in table["epoch"].unique() if epoch >= best)

    def _rewound(self, rows, scheme, kind, batch_norm):
        rows = rows[(rows["scheme"] == scheme) & (rows["metric"] == "accuracy")]
        policies = list(rows["batch_norm"].unique())
        if not policies:
            raise NotMeasuredError(f"no rewinding with scheme {scheme}")
        policy = batch_norm or ("with-layer" if "with-layer" in policies else policies[0])
        rows = rows[(rows["batch_norm"] == policy) & (rows["kind"] == kind)]
        if not len(rows):
            raise NotMeasuredError(f"no {kind} accuracy rewound with batch norm {policy}")
        return rows

    def _by_vectors(self, curve):
        """What other Gaussian vectors add to the means, shape (count, L); NaN where unknown."""
        if curve.influence is None or curve.influence.shape[1] < 2:
            return np.full((self.count, len(curve.index)), np.nan)
        n_t = curve.influence.shape[1]
        return (curve.influence @ _vector_draws(n_t, self.count)).T / np.sqrt(n_t * (n_t - 1))

    def _rates(self, name, kind, rows):
        """Accuracies of n rows, shape (count, n): the measured ones or draws of Jeffreys' Beta."""
        value = _finite(rows)
        if self.source != "images":
            return np.repeat(value[None], self.count, axis=0)
        if "n" not in rows:
            return np.full((self.count, len(value)), np.nan)
        n = rows["n"].to_numpy(float)
        level = self._stream(name, kind).random((self.count, len(value)))
        return betaincinv(value * n + 0.5, (1 - value) * n + 0.5, level)

    def _paired_rates(self, kind, rows):
        """Accuracies of n rows on the same images, shape (count, n); NaN where not known."""
        value = _finite(rows)
        if self.source != "images":
            return np.repeat(value[None], self.count, axis=0)
        if "correct" not in rows:
            return np.full((self.count, len(value)), np.nan)
        n = int(rows["n"].iloc[0])
        bits = [np.frombuffer(packed, np.uint8) for packed in rows["correct"]]
        correct = np.unpackbits(np.stack(bits), axis=1, count=n).astype(np.float32)
        own = () if kind in SHARED_IMAGES else (self.run.seed,)
        moved = _image_draws(kind, own, n, self.count)
        apart = correct - value[:, None].astype(np.float32)
        found = value + (apart @ moved).T / np.sqrt(n * max(n - 1, 1))
        # All right or all wrong: no image would move it, yet other images might.
        extreme = (value == 0) | (value == 1)
        found[:, extreme] = self._rates("all alike", kind, rows)[:, extreme]
        return found.clip(0, 1)

    def _stream(self, name, kind):
        """Random numbers of one quantity: the same for all seeds if they share the images."""
        own = () if kind in SHARED_IMAGES else (self.run.seed,)
        return generator(f"claims images {name} {kind}", self.run.width, *own)


@lru_cache(maxsize=2)  # large, and asked for again by the next rewound networks and widths
def _image_draws(kind, own, n, count):
    stream = generator(f"claims images rewound {kind}", *own)
    return stream.standard_normal((n, count), dtype=np.float32)


@cache
def _vector_draws(n_t, count):
    """Numbers of each vector, shape (n_t, count): the first of more vectors are those of fewer."""
    return generator("claims vectors").standard_normal((n_t, count))


def _finite(rows):
    value = rows["value"].to_numpy(float)
    if not np.isfinite(value).all():
        raise NotMeasuredError("values that are not finite")
    return value


def _depth(rows):
    if "n_layers" not in rows:
        raise NotMeasuredError("the table does not say how many layers the network has")
    return int(rows["n_layers"].iloc[0])


def _no_epoch(name, epoch, run):
    if epoch == "last" and run.diverged:
        return "no last epoch: the training diverged"
    if epoch == "best" and run.best_epoch is not None:
        epoch = run.best_epoch
    what = {"best": "the best epoch", "last": "the last epoch"}.get(epoch, f"epoch {epoch}")
    return f"no {name} at {what}"
