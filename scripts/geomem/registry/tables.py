"""The tables of an experiment: their key columns, files, and how the explorer shows them."""

from dataclasses import dataclass

from geomem.registry.measures import MEASURES, chosen
from geomem.registry.metrics import Metric

_RUN = "results/{experiment}/runs/{run}"


@dataclass(frozen=True)
class Table:
    """One sort of table.

    Attributes
    ----------
    name : str
    keys : tuple of str
        Columns that tell the rows of one run apart.
    parts : str
        File of one run, with `{epoch}` where there is one for each analysed epoch, or with
        `{training}`, the name of the run's training.
    section : str
        Section of an experiment whose `epochs` ask for the table; empty if every experiment has it.
    judged : bool
        Whether the paper's claims are about it.
    title : str
        Heading in the explorer.
    shown : tuple of str
        Columns by which the explorer tells values apart, besides width, noise and seed; of none it
        leaves the table out.
    lines : str
        Column that the lines of the explorer's charts stand for at first.
    trained : bool
        Whether it is of training, so that recorded activations have none.
    view : str
        View of the explorer that shows it: layers, profile, manifolds, epochs, rewinding or
        examples.
    metrics : tuple of Metric
        Those with a label or unit of their own, in the order in which the explorer offers them.
    """

    name: str
    keys: tuple
    parts: str
    section: str
    title: str
    shown: tuple
    lines: str
    judged: bool = True
    view: str = "layers"
    trained: bool = False
    metrics: tuple = ()

    def asked(self, experiment):
        """Whether an experiment's settings ask for this table."""
        if self.trained and experiment.get("activations"):
            return False
        return not self.section or bool(experiment[self.section]["epochs"])

    def described(self, experiment):
        """What the explorer has to know of it, as plain values (see `geomem.pages.explorer`)."""
        return {
            "name": self.name,
            "title": self.title,
            "lines": self.lines,
            "view": self.view,
            "shown": list(self.shown),
            "metrics": [metric.described() for metric in self.metrics],
            # What experiments share has no file below an experiment's folder.
            "file": self.parts.partition("/runs/")[2].replace("{run}", "runs/{run}")
            or f"tables/{self.name}.parquet",
            "epochs": experiment[self.section]["epochs"] if self.section else None,
        }


_FIXED = (
    Table(
        "accuracy",
        keys=("epoch", "kind", "metric"),
        parts="results/shared/trained/{training}/accuracy.parquet",
        section="",
        title="Accuracy and loss",
        shown=("metric", "kind", "epoch"),
        lines="kind",
        view="epochs",
        metrics=(Metric("accuracy", unit="%"), Metric("loss", unit="nats")),
    ),
    Table(
        "examples",
        keys=("epoch", "index", "kind", "metric"),
        parts=f"{_RUN}/examples.parquet",
        section="",
        title="When each training image is learned",
        shown=("group", "index"),
        lines="group",
        view="examples",
        judged=False,
        trained=True,
        metrics=(Metric("first_learned", "first epoch with its assigned label", "epochs"),),
    ),
    Table(
        "rewind",
        keys=("epoch", "scheme", "layer", "layer_index", "batch_norm", "kind", "metric"),
        parts=f"{_RUN}/rewind.parquet",
        section="rewind",
        title="Layers rewound to an earlier epoch",
        shown=("metric", "scheme", "kind", "batch_norm", "epoch", "layer"),
        lines="epoch",
        view="rewinding",
        metrics=(Metric("accuracy", unit="%"),),
    ),
    Table(
        "gradients",
        keys=("epoch", "layer", "layer_index", "kind", "part", "metric"),
        parts=f"{_RUN}/gradients.parquet",
        section="gradients",
        title="Parts of the gradient",
        shown=("metric", "part", "kind", "epoch", "layer"),
        lines="epoch",
        metrics=(
            Metric("norm", "gradient norm", "nats / unit weight"),
            Metric("noise_floor", "noise floor of the norm", "nats / unit weight"),
            Metric("signal", "squared norm without noise", "variances of one image per class"),
            Metric("cosine"),
        ),
    ),
    Table(
        "simulation",
        keys=("epoch", "layer", "layer_index", "kind", "metric"),
        parts=f"{_RUN}/simulation.parquet",
        section="simulation",
        title="Capacity in simulation",
        shown=("metric", "kind", "epoch", "layer"),
        lines="metric",
        judged=False,
        metrics=(
            Metric("theory", "capacity", "manifolds / feature"),
            Metric("simulated", "capacity", "manifolds / feature"),
        ),
    ),
    Table(
        "probes",
        keys=("epoch", "layer", "layer_index", "kind", "labels", "metric"),
        parts=f"{_RUN}/probes.parquet",
        section="probes",
        title="Probes of the layers",
        shown=("metric", "labels", "kind", "epoch", "layer"),
        lines="labels",
        judged=False,
        metrics=(
            Metric("linear_probe", "accuracy of a linear probe", "fraction"),
            Metric("masc", "accuracy of class subspaces (MASC)", "fraction"),
            Metric("masc_dimensions", "dimensions of a class's subspace", "directions"),
            Metric("trained_on", "images that probes are trained on", "images"),
            Metric("network", "accuracy of the network among the same classes", "fraction"),
            Metric("nc3", "NC3: distance of weights from class means", "squared norms"),
            Metric("nc4", "NC4: examples not given the nearest mean's class", "fraction"),
        ),
    ),
    Table(
        "similarity",
        keys=("epoch", "layer", "layer_index", "kind", "compared", "other", "metric"),
        parts=f"{_RUN}/similarity.parquet",
        section="similarity",
        title="Similarity of layers (CKA)",
        shown=("metric", "other", "epoch", "layer"),
        lines="other",
        judged=False,
        metrics=(
            Metric("cka", "CKA, corrected for the number of images", "cosine"),
            Metric("cka_plain", "CKA, plain", "cosine"),
        ),
    ),
)


def of_measure(measure):
    """The table of a measure of layers."""
    return Table(
        measure.name,
        keys=("epoch", "layer", "layer_index", "kind", "manifold", *measure.keys, "metric"),
        parts=f"{_RUN}/measures/{measure.name}/{{epoch}}.parquet",
        section="analysis",
        title=measure.title,
        shown=("kind", "epoch", "layer", "manifold")
        if measure.view == "manifolds"
        else ("metric", "kind", *measure.keys, "epoch", "layer"),
        lines="layer" if measure.view == "profile" else "epoch",
        view=measure.view,
        judged=measure.judged,
        metrics=measure.metrics,
    )


# The built-in ones by name, in the order in which the explorer shows them.
TABLES = {table.name: table for table in (*map(of_measure, MEASURES.values()), *_FIXED)}


def tables_of(experiment):
    """`{name: Table}` of the tables that an experiment's settings ask for."""
    measured = map(of_measure, chosen(experiment))
    return {table.name: table for table in (*measured, *_FIXED) if table.asked(experiment)}
