"""Ways to break the default configuration, each with what the message must say."""

import copy
import datetime
import functools
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

# Dotted key, its new value (... takes it away), part of the message.
BROKEN = [
    ("experiments.depth.trainig", {}, "experiments.depth.trainig: unknown key; did you mean train"),
    ("defaults.training.optimizer.lr", "1e-3", "YAML takes 1e-3 for text: write 0.001"),
    ("defaults.training.optimizer.lr", 0, "must be greater than 0"),
    (
        "experiments.depth.training",
        {"optimizer": {"name": "sgd", "lr": 0.1, "weight_decay": 0, "nesterov": True}},
        "nesterov: true needs a momentum above 0",
    ),
    ("defaults.training.optimizer.lr", float("nan"), "not a finite number"),
    ("defaults.training.optimizer.lr", float("inf"), "not a finite number"),
    ("defaults.training.optimizer.name", "sdg", "did you mean sgd?"),
    ("defaults.training.epochs", "60", "is text, expected a whole number (leave out the quotes)"),
    ("defaults.training.epochs", 2.5, "is a number, expected a whole number"),
    ("defaults.training.epochs", 3.0, "expected a whole number (write 3)"),
    ("experiments.depth.widths", [2.0], "widths[0]: 2.0 is a number, expected a whole number"),
    ("experiments.depth.seeds", [0, 1.0], "seeds[1]: 1.0 is a number, expected a whole number"),
    ("defaults.analysis.epochs", [0, 3.0], "analysis.epochs[1]"),
    (
        "experiments.depth.data",
        {"name": "my_data:f", "recorded": datetime.date(2026, 1, 15)},
        "data.recorded: 2026-01-15 is a date, expected text (put it in quotes)",
    ),
    ("defaults.training.epochs", True, "is true or false, expected a whole number"),
    ("defaults.training.epochs", None, "is null"),
    ("defaults.training.epochs", 0, "must be at least 1"),
    ("experiments.depth.training.schedule", {"name": "step", "gamma": 1}, "milestones: missing"),
    ("defaults.training.schedule", {"name": "constant", "gamma": 1}, "schedule.gamma: unknown key"),
    ("defaults.training.augmentation.flip", "yes", "expected true or false"),
    ("defaults.training.snapshots", [3, 3], "3 stands there twice"),
    ("defaults.training.snapshots", [61], "61 lies past training.epochs = "),
    ("defaults.claims.best_epoch", 7, "epoch 7 is not analysed; add it to analysis.epochs"),
    ("defaults.claims.best_epoch", "test", "claims.best_epoch"),
    ("defaults.label_noise", 0.5, "is a number, expected a list (write [0.5])"),
    ("defaults.label_noise", [1.5], "defaults.label_noise[0]: 1.5 must be at most 1"),
    ("defaults.label_noise", [], "must not be empty"),
    ("defaults.noises", [0.5], "defaults.noises: unknown key; it is called label_noise now"),
    ("experiments.clean.label_noise", [0.3, 0.30], "0.3 stands there twice"),
    ("defaults.widths", [8, 0], "defaults.widths[1]: 0 must be at least 1"),
    ("defaults.seeds", [-1], "must be at least 0"),
    ("defaults.model.name", "vgg17", "vgg16"),
    ("defaults.model.dropout", 1, "must be less than 1"),
    ("defaults.data", {"name": "mnist"}, "is not one of: glyphs, cifar10"),
    ("experiments.depth.data", {"name": "cifar10", "download": False}, "depth.data.path: missing"),
    ("defaults.data.path", "here", "data.path: unknown key"),
    ("defaults.data.classes", 99, "must be at most 98"),
    ("defaults.analysis.epochs", ["frist"], "is not one of: best, last, a whole number"),
    ("experiments.depth.analysis.epochs", [99], "99 lies past training.epochs = "),
    ("defaults.analysis.classes", 1, "is not one of: all, a whole number of at least 2"),
    ("experiments.depth.analysis.classes", 99, "is more than data.classes = "),
    ("experiments.clean.data.test_per_class", 9, "25 test images per class are wanted"),
    ("experiments.depth.label_noise", [0.02], "at noise 0.02 there are"),
    ("defaults.analysis.layers", [], "must not be empty"),
    ("defaults.geometry.n_t", 1, "must be at least 2"),
    ("defaults.geometry.confidence", 95, "must be less than 1"),
    ("defaults.rewind.schemes", ["sufix"], "did you mean suffix?"),
    ("defaults.rewind.batch_norm", "keep", "is text, expected a list"),
    ("defaults.labels.rule", ..., "experiments.depth.labels.rule: missing"),
    ("experiments", {}, "must not be empty"),
    ("experiments", ..., "experiments: missing"),
    ("experiments.../evil", {}, "may hold only letters"),
    ("run", ["dept"], "no experiment is called 'dept'; did you mean depth?"),
    ("run", "depth", "is not one of: all, a list"),
    ("colour", "blue", "colour: unknown key"),
    ("defaults.training.batch_size", -64, "must be at least 1"),
    ("defaults.training.stop_at_permuted_accuracy", 1.5, "must be at most 1"),
    ("defaults.training.precision", "float61", "did you mean float16?"),
    ("defaults.training.reproducible", "portabel", "did you mean portable?"),
    (
        "experiments.clean.training",
        {"precision": "bfloat16", "reproducible": "portable"},
        "training.reproducible: portable needs training.precision float32, not bfloat16",
    ),
    ("defaults.training.augmentation.rotation", -3, "must be at least 0"),
    ("defaults.training.schedule", {"name": "cosin"}, "did you mean cosine?"),
    ("defaults.training.schedule", {"name": "step", "gamma": 1, "milestones": [0]}, "at least 1"),
    ("defaults.training.optimizer", [], "is a list, expected a section of keys"),
    ("defaults.training.optimizer.lr", "1e-9", "write 1.0e-09)"),
    ("defaults.training", None, "null (an empty value), expected a section of keys"),
    ("defaults.geometry.remove_low_rank", True, "it is called low_rank now"),
    ("defaults.geometry.low_rank.k", "many", "is not one of"),
    ("defaults.geometry.low_rank.k", -1, "is not one of"),
    ("defaults.geometry.low_rank.rule", "stability", "is not one of"),
    ("defaults.geometry.seed", 10**20, "must be at most 4294967295"),
    ("defaults.rewind.sets", {"deep": "fc1"}, "defaults.rewind.sets.deep: 'fc1' is text"),
    ("defaults.rewind.sets", {"../x": ["fc1"]}, "may hold only letters"),
    ("defaults.rewind.train_images", 0, "must be at least 1"),
    ("defaults.simulation.dichotomies", 1, "must be at least 10"),
    ("defaults.simulation.kinds", ["tests"], "did you mean test?"),
    ("defaults.simulation.epochs", [99], "99 lies past training.epochs = "),
    ("defaults.simulation.classes", 61, "61 is more than analysis.classes = 60"),
    ("defaults.simulation.per_class", 26, "26 is more than analysis.per_class = 25"),
    (
        "defaults.similarity",
        {"epochs": ["last"], "classes": 61, "per_class": 25},
        "similarity.classes: 61 is more than analysis.classes = 60",
    ),
    (
        "experiments.clean",
        {"analysis": {"kinds": ["unpermuted"]}, "probes": {"epochs": ["last"]}},
        "probes: test is not among analysis.kinds",
    ),
    ("defaults.analysis.kinds", ["permutted"], "did you mean permuted?"),
    ("experiments.depth.analysis.kinds", ["permuted"], "test is not among analysis.kinds"),
    ("defaults.analysis.store", "product", "did you mean products?"),
    (
        "defaults.analysis.measures",
        ["geometry", "glue", "two_nn"],
        "analysis.store: products does not keep the inner products of all points, from which"
        " analysis.measures computes glue, two_nn; set it to gram or raw",
    ),
    ("defaults.glue.dichotomies", "rondom", "did you mean random?"),
    ("defaults.analysis.layers", "fc*", "is text, expected a list"),
    ("defaults.analysis.measures", ["geometri"], "did you mean geometry?"),
    ("defaults.analysis.measures", ["no_file:spread"], "there is no module for 'no_file:spread'"),
    ("defaults.analysis.measures", ["json:loads"], "its first argument must be called products"),
    ("defaults.analysis.measures", ["json:lods"], "defines no function lods; it defines dump"),
    ("defaults.figure_style", "none.mplstyle", "No such file or directory"),
    ("defaults.figure_style", "Snakefile", "is not `name: value`"),
    ("defaults.figures", ["depth"], "your own as package.module:function"),
    ("defaults.figures", ["json:dumps"], "positional arguments must be names of tables"),
    ("defaults.figures", ["json:accuracy"], "defines no function accuracy"),
    (
        "defaults.claims.own",
        {
            "a": {
                "effect": "json:loads",
                "statement": "{}",
                "bound": "at least",
                "value": 1,
                "source": "x",
                "tables": ["spread"],
            }
        },
        "claims.own.a.tables: there is no table 'spread'",
    ),
    ("defaults.data", {"name": "no_file:images"}, "data.name: there is no module for 'no_file"),
    ("defaults.claims.thresholds.T99", {"value": 1, "source": "x"}, "T99: unknown key"),
    ("defaults.claims.thresholds.T4", {"value": "high", "source": "x"}, "expected a number"),
    ("defaults.claims.thresholds.T4", {"value": float("inf"), "source": "x"}, "not a finite"),
    ("defaults.widths", [8, 8], "8 stands there twice"),
    ("defaults.widths", [10**9], "must be at most 4096"),
    ("defaults.seeds", {"a": 1}, "is a section of keys, expected a list"),
    ("defaults.labels.rule", "permut", "did you mean permute?"),
    ("defaults.1", ..., "defaults: 1 is a whole number, expected text (put it in quotes)"),
    ("defaults.model.name", "vgg16:", "your own as package.module:function"),
    ("experiments.depth", None, "null (an empty value), expected a section of keys"),
    ("experiments.cache", {}, "the name is taken by results/cache"),
    ("experiments.a b", {}, "may hold only letters"),
    ("experiments." + "x" * 65, {}, "64 at most"),
    ("run", [], "run: must not be empty"),
    ("run", ["depth", "depth"], "depth stands there twice"),
]
# Text of a whole file.
BROKEN_FILES = {
    "an open bracket": ("experiments: [", "is not YAML"),
    "a tab": ("experiments:\n\ta: {}\n", "no tabs"),
    "a key further in": ("run: all\n  seeds: [0]\n", "Look at the line named here"),
    "a key that stands twice": (
        "defaults: {widths: [8], seeds: [0], widths: [9]}\nexperiments: {a: {}}\n",
        "widths stands there twice",
    ),
    "an octal number": ("experiments: {a: {seeds: [010]}}\n", "reads 010 as 8"),
    "a number in sixties": ("experiments: {a: {seeds: [1:30]}}\n", "reads 1:30 as 90"),
    "a fraction in sixties": ("experiments: {a: {seeds: [1:30.5]}}\n", "reads 1:30.5 as 90.5"),
    "nothing": ("", "must hold a section of keys"),
    "a list": ("- experiments\n", "must hold a section of keys"),
    "an object of Python's": ("experiments: !!python/object/apply:os.getcwd []\n", "is not YAML"),
}


def default_config():
    return copy.deepcopy(_default_config())


@functools.cache
def _default_config():
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def changed(config, path, value):
    """A copy of `config` with one key, by dotted path, set to `value` (or deleted for `...`)."""
    config = copy.deepcopy(config)
    if path == "defaults.1":  # a key that is no text
        config["defaults"][1] = 2
        return config
    if path == "experiments.../evil":  # one that holds dots
        config["experiments"]["../evil"] = value
        return config
    *places, last = path.split(".")
    section = config
    for place in places:
        section = section.setdefault(place, {})
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return config
