"""What the tables of one run say, as replicates that differ by one source of chance.

Three sources act within a run and are kept apart:

- vectors: another draw of the Gaussian vectors. Every manifold's capacity, radius and dimension
  moves by its own error, read off its interval; layers and epochs move independently, which is
  wider than the truth, since they share their vectors.
- manifolds: other classes. They are drawn with replacement, the same ones in every layer, epoch
  and kind (the bootstrap).
- images: other examples. Accuracies and gradients move by the errors that their intervals give,
  independently of each other.

Chance that acts between runs (seeds) is seen by comparing runs: `geomem.claims.judge`.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from geomem.data.randomness import generator

SOURCES = ("vectors", "manifolds", "images")
TABLE_CONFIDENCE = 0.95  # of the intervals in the accuracy, rewind and gradients tables


class NotMeasuredError(Exception):
    """The tables lack what an effect needs; the message says what."""


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
    confidence : float
        Of the intervals in the geometry table.
    """

    width: int
    noise: float
    seed: int
    tables: dict
    per_class: int
    confidence: float = 0.95
    _grids: dict = field(default_factory=dict, repr=False)

    def grids(self, moment, kind, metric):
        """Values and ends of intervals per layer and manifold: three arrays (layers, P)."""
        key = moment, kind, metric
        if key not in self._grids:
            rows = self.rows("geometry", moment)
            rows = rows[(rows["kind"] == kind) & (rows["metric"] == metric)]
            rows = rows[rows["manifold"].notna()]
            if not len(rows):
                raise NotMeasuredError(_no_kind(kind, self))
            table = rows.pivot(
                index="layer_index", columns="manifold", values=["value", "lo", "hi"]
            )
            self._grids[key] = [table[name].to_numpy(float) for name in ("value", "lo", "hi")]
        return self._grids[key]

    def table(self, name):
        """A collected table's rows of this run."""
        found = self.tables.get(name)
        if found is None or not len(found):
            raise NotMeasuredError(f"no {name} table")
        return found

    def rows(self, name, moment):
        """A table's rows at the best epoch, the last one, or an epoch by its number."""
        found = self.table(name)
        flag = found[moment].astype(bool) if moment in ("best", "last") else found.epoch == moment
        if not flag.any():
            raise NotMeasuredError(_no_moment(name, moment, self))
        return found[flag]


@dataclass(eq=False)
class View:
    """Numbers of one run; every array's first axis counts replicates.

    Attributes
    ----------
    run : Run
    source : str or None
        One of `SOURCES`: what the replicates differ by. None: the measured values, once.
    count : int
        Number of replicates.
    """

    run: Run
    source: str | None = None
    count: int = 1

    def geometry(self, moment, kind, metric):
        """Mean over manifolds (harmonic for capacity) in every layer, shape (count, layers)."""
        grids = self.run.grids(moment, kind, metric)
        name = f"{moment} {kind} {metric}"
        values = self._replicated_manifolds(name, *grids, logarithmic=metric != "dimension")
        with np.errstate(divide="ignore"):
            means = 1 / (1 / values).mean(-1) if metric == "capacity" else values.mean(-1)
        if not np.isfinite(means).all():
            raise NotMeasuredError(f"{metric} of {kind} manifolds is not finite in some layer")
        return means

    def accuracy(self, moment, kind):
        """Accuracy, 0 to 1, shape (count,)."""
        rows = self.run.rows("accuracy", moment)
        rows = rows[(rows["kind"] == kind) & (rows["metric"] == "accuracy")]
        if not len(rows):
            raise NotMeasuredError(_no_kind(kind, self.run))
        return self._replicated_images(f"accuracy {moment} {kind}", rows)[:, 0]

    def rewound(self, scheme, kind, batch_norm=None):
        """Accuracy of the final network with layers set back to the best epoch.

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
        accuracies : ndarray, shape (count, n)
        """
        rows = self.run.rows("rewind", "best")
        rows = rows[(rows["scheme"] == scheme) & (rows["metric"] == "accuracy")]
        policies = list(rows["batch_norm"].unique())
        if not policies:
            raise NotMeasuredError(f"no {scheme} rewound to the best epoch")
        policy = batch_norm or ("with-layer" if "with-layer" in policies else policies[0])
        rows = rows[(rows["batch_norm"] == policy) & (rows["kind"] == kind)]
        if not len(rows):
            raise NotMeasuredError(f"no {scheme} rewound with batch norm {policy}, kind {kind}")
        rows = rows.sort_values("layer_index")
        name = f"rewound {scheme} {kind} {policy}"
        return rows["layer_index"].to_numpy(int), self._replicated_images(name, rows)

    def gradient(self, moment, kind, part, metric):
        """A measure of the gradient in every layer with parameters, shape (count, layers)."""
        rows = self.run.rows("gradients", moment)
        rows = rows[rows["kind"] == kind]
        rows = rows[(rows["part"] == part) & (rows["metric"] == metric)]
        if not len(rows):
            raise NotMeasuredError(_no_kind(kind, self.run))
        name = f"gradient {moment} {kind} {part} {metric}"
        return self._replicated_images(name, rows.sort_values("layer_index"))

    def gradient_epochs(self):
        """Epochs of the gradients table from the best epoch to the last."""
        table = self.run.table("gradients")
        best = self.run.rows("accuracy", "best")["epoch"].iloc[0]
        return sorted(int(epoch) for epoch in table["epoch"].unique() if epoch >= best)

    def depth(self):
        """Number of layers up to and with the final one."""
        for name in ("geometry", "rewind"):
            table = self.run.tables.get(name)
            if table is not None and len(table):
                return int(table["layer_index"].max()) + 1
        raise NotMeasuredError("no table that says how many layers there are")

    def _stream(self, name):
        """The same random numbers whenever the same number of the same network is asked for."""
        return generator(f"claims {self.source} {name}", self.run.seed, self.run.width)

    def _replicated_manifolds(self, name, value, lo, hi, *, logarithmic):
        """Values (layers, P) as replicates (count, layers, P)."""
        if self.source == "manifolds":
            shape = (self.count, value.shape[1])
            # Widths share the choice, so that they are compared on the same classes.
            stream = generator("claims manifolds", self.run.seed)
            chosen = stream.integers(value.shape[1], size=shape)
            return value[:, chosen].swapaxes(0, 1)
        if self.source != "vectors":
            return np.broadcast_to(value, (self.count, *value.shape))
        reach = 2 * ndtri(0.5 + self.run.confidence / 2)
        with np.errstate(all="ignore"):
            error = (np.log(hi / lo) if logarithmic else hi - lo) / reach
        error = np.where(np.isfinite(error), error, 0.0)
        moved = error * self._stream(name).standard_normal((self.count, *value.shape))
        return value * np.exp(moved) if logarithmic else value + moved

    def _replicated_images(self, name, rows):
        """The values of n rows as replicates (count, n)."""
        value = rows["value"].to_numpy(float)
        if not np.isfinite(value).all():
            raise NotMeasuredError("values that are not finite")
        if self.source != "images":
            return np.broadcast_to(value, (self.count, len(value)))
        reach = (rows["hi"] - rows["lo"]).to_numpy(float) / 2
        error = np.where(np.isfinite(reach), reach, 0.0) / ndtri(0.5 + TABLE_CONFIDENCE / 2)
        return value + error * self._stream(name).standard_normal((self.count, len(value)))


def _no_kind(kind, run):
    if run.noise == 0 and kind in ("permuted", "restored"):
        return f"no {kind} examples at label noise 0"
    return f"no {kind} examples in the table"


def _no_moment(name, moment, run):
    accuracy = run.tables.get("accuracy")
    if moment == "last" and accuracy is not None and not accuracy["last"].any():
        return "no last epoch: the training diverged"
    what = {"best": "the best epoch", "last": "the last epoch"}.get(moment, f"epoch {moment}")
    return f"no {name} at {what}"
