"""The stages of the workflow, one for each rule: settings, what it builds, and what it costs.

A further stage takes an entry here, a rule in `rules/`, a command in `scripts/`, and, if it has a
section of its own in the configuration, that section in `rules/config.schema.yaml`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from geomem.registry.datasets import load_spec
from geomem.registry.measures import MEASURES


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name : str
        Of its rule.
    startup : str
        What its command imports, which decides what a job costs to start: table, arrays, geometry,
        torch or plot.
    settings : callable, optional
        Of (experiment, cell): exactly the settings that determine a result beyond its input files,
        as a dict. `cell` has the job's `width`, `noise`, `seed` and `epoch`, each None where the
        job has none. Labels and trainings have their settings from `geomem.config.sharing`.
    section : str
        Section of an experiment that is the stage's own; its `epochs` say whether it runs.
    elsewhere : str
        Section of an experiment whose activations or weights were made elsewhere, if the stage is
        only for such ones.
    builds_network : bool
        Whether the command builds the network, and so depends on the user's source file of it.
    cost : str
        Import path of the function that estimates time, memory and disk, see
        `geomem.planning.work`; without one a job is taken to cost what its start does.
    """

    name: str
    startup: str
    settings: Callable | None = None
    section: str = ""
    elsewhere: str = ""
    builds_network: bool = False
    cost: str = ""

    @property
    def uses_gpu(self):
        """Whether a GPU makes a job faster."""
        return self.startup == "torch" or self.name == "snapshot"


def _network(experiment, cell):
    return {"model": experiment["model"], "width": cell["width"]}


def _images(experiment, cell):
    return load_spec(experiment["data"])


def _analysis_set(experiment, cell):
    names = ("classes", "per_class", "kinds", "controls")
    return {**{name: experiment["analysis"][name] for name in names}, "seed": cell["seed"]}


def _activations(experiment, cell):
    analysis = experiment["analysis"]
    return {
        **_network(experiment, cell),
        **_observed(analysis),
        "seed": cell["seed"],
        "store": analysis["store"],
    }


def _observed(analysis):
    return {name: analysis[name] for name in ("layers", "pooling") if name in analysis}


def _rewind(experiment, cell):
    return {**_network(experiment, cell), "rewind": experiment["rewind"]}


def _gradients(experiment, cell):
    per_class = experiment["gradients"]["per_class"]
    return {**_network(experiment, cell), "seed": cell["seed"], "per_class": per_class}


def _simulation(experiment, cell):
    return {
        **_network(experiment, cell),
        **_observed(experiment["analysis"]),
        # Dichotomies have no margin, whatever that of the geometry is.
        "geometry": {k: v for k, v in experiment["geometry"].items() if k != "kappa"},
        "simulation": {k: v for k, v in experiment["simulation"].items() if k != "epochs"},
    }


def _probes(experiment, cell):
    return {
        **_network(experiment, cell),
        **_observed(experiment["analysis"]),
        "probes": _of_section("probes", experiment),
    }


def _similarity(experiment, cell):
    return {
        **_network(experiment, cell),
        **_observed(experiment["analysis"]),
        "similarity": _of_section("similarity", experiment),
        "epochs": experiment["similarity"]["epochs"],
        "others": compared_runs(experiment, cell["width"], cell["seed"]),
    }


def compared_runs(experiment, width, seed):
    """The runs that one run's layers are compared with: those of earlier seeds and widths.

    So every pair of runs that differ in one of the two is there once.

    Returns
    -------
    list of dict
        `compared` ("seed" or "width") and `value`, what differs; `width` and `seed` of the run.
    """
    seeds, widths = experiment["seeds"], experiment["widths"]
    found = [("seed", s, width, s) for s in seeds[: seeds.index(seed)]]
    found += [("width", w, w, seed) for w in widths[: widths.index(width)]]
    return [dict(zip(("compared", "value", "width", "seed"), each, strict=True)) for each in found]


def _of_section(name, experiment):
    section = {key: value for key, value in experiment[name].items() if key != "epochs"}
    return {**section, "confidence": experiment["geometry"]["confidence"]}


def _examples(experiment, cell):
    rewind = experiment["rewind"]
    return {"train_images": rewind["train_images"] if rewind["epochs"] else None}


_WORK = "geomem.planning.work:"

STAGES = {
    stage.name: stage
    for stage in (
        Stage("images", "table", _images, cost=_WORK + "images"),
        Stage("labels", "table", cost=_WORK + "labels"),
        Stage("analysis_set", "table", _analysis_set, cost=_WORK + "analysis_set"),
        Stage("train", "torch", builds_network=True, cost=_WORK + "train"),
        Stage("snapshot", "arrays", builds_network=True, cost=_WORK + "snapshot"),
        Stage(
            "imported_network", "torch",
            elsewhere="weights", builds_network=True, cost=_WORK + "imported_network",
        ),
        Stage("imported_snapshot", "torch", elsewhere="weights", cost=_WORK + "snapshot"),
        Stage(
            "activations", "torch", _activations,
            builds_network=True, cost=_WORK + "activations",
        ),
        Stage(
            "recorded_activations", "arrays",
            elsewhere="activations", cost=_WORK + "recorded_activations",
        ),
        Stage("recorded_run", "table", elsewhere="activations"),
        Stage("measure", "geometry"),
        Stage(
            "rewind", "torch", _rewind,
            section="rewind", builds_network=True, cost=_WORK + "rewind",
        ),
        Stage(
            "gradients", "torch", _gradients,
            section="gradients", builds_network=True, cost=_WORK + "gradients",
        ),
        Stage(
            "simulation", "torch", _simulation,
            section="simulation", builds_network=True, cost=_WORK + "simulation",
        ),
        Stage(
            "probes", "torch", _probes,
            section="probes", builds_network=True, cost=_WORK + "probes",
        ),
        Stage(
            "similarity", "torch", _similarity,
            section="similarity", builds_network=True, cost=_WORK + "similarity",
        ),
        Stage("examples", "table", _examples, cost=_WORK + "examples"),
        Stage("table", "table", cost=_WORK + "table"),
        Stage("figure", "plot", cost=_WORK + "figure"),
        Stage("claims", "table", cost=_WORK + "table"),
        Stage("explorer", "plot", cost=_WORK + "explorer"),
        Stage("provenance", "table"),
        Stage("headline", "table", cost=_WORK + "table"),
        Stage("landing", "table"),
    )
}  # fmt: skip

# Sections that need a network; and all whose `epochs` ask for snapshots.
SECTIONS = tuple(stage.section for stage in STAGES.values() if stage.section)
OBSERVING = ("analysis", *SECTIONS)


def planned(name):
    """The Stage of a job as planning names it: a rule, or a measure for each job of `measure`."""
    if name in STAGES:
        return STAGES[name]
    measure = MEASURES.get(name)
    return Stage(
        name, STAGES["measure"].startup, cost=measure.cost if measure else _WORK + "measure"
    )
