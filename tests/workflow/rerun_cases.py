"""The re-run contract: what each change of the tiny workflow runs again, job by job.

`test_reruns.py` checks it and `rerun_table.py` writes it out as docs/reruns.md.
"""

EXPERIMENT = "experiment=tiny"
CELL = f"{EXPERIMENT}, noise=0.5, seed=0"
RUN = f"{EXPERIMENT}, width=2, noise=0.5, seed=0"


DATA = "data=glyphs"
TRAINING = "training=vgg-small_w2_n0.5_s0"


def figures(*names):
    return {("figure", f"{EXPERIMENT}, figure={name}") for name in names}


def tables(*names):
    return {("table", f"{EXPERIMENT}, table={name}") for name in names}


def per_epoch(rule, run, *epochs):
    return {(rule, f"{run}, epoch={epoch}") for epoch in epochs}


def measured(run, *epochs, measures=("geometry", "low_rank")):
    return {
        job for name in measures for job in per_epoch("measure", f"{run}, measure={name}", *epochs)
    }


# Provenance lists every result, so it comes after any; the landing page comes after provenance.
PROVENANCE = {("provenance", EXPERIMENT), ("landing", "")}
HEADLINE = {("headline", EXPERIMENT)}
EXPLORER = {("explorer", "")} | PROVENANCE  # of all experiments
CLAIMS = {("claims", EXPERIMENT)} | HEADLINE | PROVENANCE
PAGES = EXPLORER | CLAIMS
GEOMETRY_ONWARD = tables("geometry", "low_rank") | figures("depth", "epochs", "low_rank") | PAGES
EXAMPLES_ONWARD = tables("examples") | figures("examples") | PROVENANCE
REWIND_ONWARD = tables("rewind") | figures("rewind", "localization") | PAGES | EXAMPLES_ONWARD
GRADIENTS_ONWARD = tables("gradients") | figures("gradients", "localization") | PAGES


def simulation_onward(run):
    return {("simulation", run)} | tables("simulation") | figures("simulation") | EXPLORER


def after_training(run, training):
    """Every job that needs the trained network of one run, with the aggregates."""
    return (
        per_epoch("snapshot", training, "0", "1", "last")
        | per_epoch("activations", run, "0", "last")
        | measured(run, "0", "last")
        | {("rewind", run), ("gradients", run), ("examples", run)}
        | simulation_onward(run)
        | tables("accuracy")
        | figures("accuracy")
        | GEOMETRY_ONWARD
        | REWIND_ONWARD
        | GRADIENTS_ONWARD
    )


def labels(noise, seed, rule="permute"):
    return {("labels", f"{DATA}, labelling={rule}, noise={noise}, seed={seed}")}


def trained(width=2, noise=0.5, seed=0):
    """A training, and every job that needs it."""
    training = f"training=vgg-small_w{width}_n{noise}_s{seed}"
    run = f"{EXPERIMENT}, width={width}, noise={noise}, seed={seed}"
    return {("train", training)} | after_training(run, training)


EVERYTHING_TRAINED = trained()

# name: (dotted key, new value, jobs)
CHANGES = {
    "more Gaussian vectors": (
        "geometry.n_t",
        30,
        measured(RUN, "0", "last") | GEOMETRY_ONWARD | simulation_onward(RUN),
    ),
    "another margin": (
        "geometry.kappa",
        0.1,
        measured(RUN, "0", "last") | GEOMETRY_ONWARD,
    ),
    "another level of confidence": (
        "geometry.confidence",
        0.9,
        measured(RUN, "0", "last") | GEOMETRY_ONWARD | simulation_onward(RUN),
    ),
    "one more analysed epoch": (
        "analysis.epochs",
        [0, "last", 2],
        per_epoch("snapshot", TRAINING, "2")
        | per_epoch("activations", RUN, "2")
        | measured(RUN, "2")
        | GEOMETRY_ONWARD,
    ),
    "one analysed epoch fewer": ("analysis.epochs", ["last"], GEOMETRY_ONWARD),
    "fewer layers": (
        "analysis.layers",
        ["fc*"],
        per_epoch("activations", RUN, "0", "last")
        | measured(RUN, "0", "last")
        | GEOMETRY_ONWARD
        | simulation_onward(RUN),
    ),
    "one more epoch to rewind to": (
        "rewind.epochs",
        [1, 2],
        per_epoch("snapshot", TRAINING, "2") | {("rewind", RUN), ("examples", RUN)} | REWIND_ONWARD,
    ),
    "one more epoch of gradients": (
        "gradients.epochs",
        [1, 2],
        per_epoch("snapshot", TRAINING, "2") | {("gradients", RUN)} | GRADIENTS_ONWARD,
    ),
    "another threshold of a claim": (
        "claims",
        {"thresholds": {"T4": {"value": 0.2, "source": "ours"}}},
        CLAIMS,
    ),
    "a measure of your own": (
        "analysis.measures",
        ["geometry", "low_rank", "mine:spread"],
        measured(RUN, "0", "last", measures=["spread"]) | tables("spread") | EXPLORER | HEADLINE,
    ),
    "a figure of your own": (
        "figures",
        ["mine:overview"],
        figures("overview") | HEADLINE | PROVENANCE,
    ),
    "a statement of your own": (
        "claims",
        {
            "own": {
                "learns": {
                    "effect": "mine:learns",
                    "statement": "Test accuracy at the last epoch is at least {}.",
                    "bound": "at least",
                    "value": 0.5,
                    "source": "an example",
                }
            }
        },
        CLAIMS,
    ),
    "an augmentation of your own": (
        "training.augmentation",
        {"crop": 0, "flip": False, "rotation": 0, "function": "mine:darker"},
        EVERYTHING_TRAINED,
    ),
    "more epochs kept": ("training.snapshots", [0, 1, 2], PROVENANCE),
    "one more width": (
        "widths",
        [2, 3],
        trained(width=3) | figures("width"),
    ),
    "one more noise level": (
        "label_noise",
        [0.5, 0.25],
        labels(0.25, 0)
        | {("analysis_set", f"{EXPERIMENT}, noise=0.25, seed=0")}
        | trained(noise=0.25),
    ),
    "one more seed": (
        "seeds",
        [0, 1],
        labels(0.5, 1) | {("analysis_set", f"{EXPERIMENT}, noise=0.5, seed=1")} | trained(seed=1),
    ),
    "another learning rate": ("training.optimizer.lr", 0.01, EVERYTHING_TRAINED),
    "more epochs, training going on from its last checkpoint": (
        "training.epochs",
        4,
        EVERYTHING_TRAINED,
    ),
    "values of two settings swapped": (
        "training.optimizer",
        {"name": "sgd", "lr": 0.9, "momentum": 0.02, "nesterov": False, "weight_decay": 0},
        EVERYTHING_TRAINED,
    ),
    "another label rule": (
        "labels.rule",
        "other",
        labels(0.5, 0, "other")
        | {("analysis_set", CELL)}
        | EVERYTHING_TRAINED
        | figures("samples"),
    ),
    "other analysed images": (
        "analysis.per_class",
        3,
        {("analysis_set", CELL)}
        | per_epoch("activations", RUN, "0", "last")
        | measured(RUN, "0", "last")
        | GEOMETRY_ONWARD
        | simulation_onward(RUN),
    ),
}

# module changed: jobs
SOURCES = {
    "geometry/products.py": {
        *per_epoch("activations", RUN, "0", "last"),
        *measured(RUN, "0", "last"),
        *GEOMETRY_ONWARD,
        *simulation_onward(RUN),
    },
    "geometry/lowrank.py": {
        *measured(RUN, "0", "last"),
        *GEOMETRY_ONWARD,
        *simulation_onward(RUN),
    },
    "geometry/glue_solver.py": set(),  # the tiny configuration has no measure of GLUE
    "figures/style.py": figures(
        *("samples", "accuracy", "depth", "epochs", "simulation", "rewind", "gradients"),
        *("localization", "examples", "low_rank"),
    )
    | PAGES,
    "analysis/rewind.py": {("rewind", RUN), ("examples", RUN)} | REWIND_ONWARD,
    "analysis/gradients.py": {("gradients", RUN)} | GRADIENTS_ONWARD,
    "data/labels.py": labels(0.5, 0)
    | {("analysis_set", CELL)}
    | EVERYTHING_TRAINED
    | figures("samples"),
    "training/loop.py": EVERYTHING_TRAINED,
    "planning/resources.py": set(),
}

# What runs nothing again, and what is done to show it.
NOTHING = (
    "comments, docstrings and formatting of any module changed, or the version of geomem",
    "a further built-in network, data set or measure, or a change of one that is not used",
    "the configuration reformatted, its keys in another order",
    "sources, configuration and results touched, as a checkout or a new clone does",
    "other cores, threads, profile, time limits or memory",
    "another device",
    "another Python",
    "the folder copied with new time stamps, `.snakemake` included",
    "the folder copied with its time stamps kept, `.snakemake` left behind",
)
