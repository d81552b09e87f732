"""The page about every table: file, columns, quantities and units, from the registry."""

from geomem.collecting import MEASURED, RUN_KEYS
from geomem.registry.tables import TABLES

COLUMNS = {
    "experiment": "name of the experiment",
    "width": "base width of the network",
    "noise": "label noise: fraction of each class whose label was replaced",
    "seed": "seed of initialization, order of examples and label noise",
    "epoch": "epoch number; 0 is the initialization",
    "kind": "kind of image or manifold: `train`, `unpermuted`, `permuted`, `restored`, `test`, "
    "`validation`, `atypical`, `coincident` (label drawn again, and true by chance), and the "
    "controls `shuffled` and `surrogate`; of recorded activations `points`, or a name of yours",
    "metric": "the quantity that the row measures",
    "layer": "name of the layer, or of the layers rewound together",
    "layer_index": "position of the layer in the network, from 0",
    "manifold": "number of the manifold; empty for all manifolds together",
    "index": "number of the training image in the data set",
    "k": "number of shared directions removed",
    "scheme": "which layers are rewound together: `single`, `suffix`, `prefix`, a named set, "
    "`none` or `all`",
    "batch_norm": "what happens to batch norm's running statistics",
    "part": "part of the gradient: `label`, `independent` or `total`",
    "value": "the measured value",
    "lo": "lower end of its interval",
    "hi": "upper end of its interval",
    "k_lo": "smallest value over other numbers of removed directions that are as plausible",
    "k_hi": "largest value over them",
    "warnings": "warnings of the measurement, a JSON list of records; empty if there are none",
    "influence": "what each Gaussian vector (or draw) adds to a mean, an array",
    "n": "number of images",
    "correct": "which images the network classified correctly, one bit for each",
    "error": "standard error",
    "true_label": "number of the class that the image shows",
    "assigned_label": "number of the class that the network is trained on",
    "last_learned": "last epoch at which the image was given its assigned label and was not before",
    "forgetting_events": "how often the image was given another label after its assigned one",
    "epochs_wrong": "after how many epochs, epoch 0 included, it is given another label",
    "right_at_end": "whether the last network gives the image its assigned label",
    "memorized": "whether the image is permuted and right at the end",
    "suffix_layer": "where the shortest suffix of rewound layers starts that takes the label away",
    "suffix_layer_index": "position of that layer",
    "single_layers": "layers whose rewinding alone takes the label away",
    "labels": "which labels a probe is trained with and judged by: `assigned` or `true`",
    "compared": "in what two networks differ: `epoch`, `seed` or `width`",
    "other": "which one the second of them is, such as `epoch best`",
    "other_epoch": "its epoch number",
    "subject": "name of the subject, of recorded activations",
    "condition": "name of the epoch, of recorded activations",
    "reached": "whether half of the dichotomies became separable",
    "plausible": "whether the class centres do not tell this number apart from the one used",
    "chosen": "whether this number of directions was used",
    "dichotomies": "which labellings of the manifolds were drawn",
    "preprocess": "what was subtracted from the points first",
    "n_layers": "number of layers of the network, the input and the pools included",
    "weighted_layers": "indices of the layers with weights, separated by commas",
    "parameters": "trainable parameters of the network",
    "best": "whether the epoch is the run's best (highest validation accuracy)",
    "last": "whether the epoch is the run's last",
}
# Columns of a table besides its keys, the run, and value, lo and hi.
_LAYERS = ("n_layers", "weighted_layers")
FURTHER = {
    "accuracy": ("n",),
    "examples": (
        "true_label", "assigned_label", "last_learned", "forgetting_events", "epochs_wrong",
        "right_at_end", "memorized", "suffix_layer", "suffix_layer_index", "single_layers",
    ),
    "geometry": ("warnings", "k_lo", "k_hi", "influence", *_LAYERS),
    "low_rank": ("warnings", "plausible", "chosen", *_LAYERS),
    "glue": ("warnings", "influence", "dichotomies", "preprocess", *_LAYERS),
    "rewind": ("n", "correct", *_LAYERS),
    "gradients": ("error", *_LAYERS),
    "simulation": ("reached",),
    "similarity": ("other_epoch",),
}  # fmt: skip
EVERYWHERE = ("parameters", "best", "last")
VERDICTS = {
    "experiment": COLUMNS["experiment"],
    "claim, target": "claim of the paper and its target, such as `C1` and `T1-permuted`",
    "width, noise": "of the networks that the row is about",
    "estimator": "`mean-field` or `glue`; empty if the target is not about the geometry",
    "statement": "the target in words, with its threshold",
    "effect": "the measured number, mean over seeds; its unit is that of the statement",
    "bound, threshold": "`at least` or `at most`, and the number",
    "source": "where the threshold comes from",
    "vectors_lo, vectors_hi": "interval from Gaussian vectors",
    "manifolds_lo, manifolds_hi": "interval from the choice of classes",
    "images_lo, images_hi": "interval from the choice of images",
    "seeds_lo, seeds_hi": "interval from seeds",
    "total_lo, total_hi": "interval from all four",
    "low_rank_lo, low_rank_hi": "least and greatest effect over the plausible numbers K of removed "
    "directions",
    "n_seeds": "number of seeds",
    "verdict": "`supported`, `contradicted`, `undecided` or `not measured`",
    "p, p_holm": "p-value, and after Holm's correction for all targets measured",
    "verdict_holm": "verdict with the correction",
    "seeds_needed": "number of seeds that would decide with probability .8",
    "manifolds_times, images_times": "how many times as many classes or images would decide",
    "remark": "why it is undecided or not measured, and what was left out",
}
_INTRODUCTION = """# Tables

<!-- made from scripts/geomem/registry/ -->

The tables of an experiment are Parquet files in `results/EXPERIMENT/tables/`. They are long: each
row is one measurement. The key columns say of what, then come the value and its interval.

```python
import pandas

table = pandas.read_parquet("results/depth/tables/geometry.parquet")
last = table[table["last"] & (table["metric"] == "capacity") & table["manifold"].isna()]
print(last[["seed", "layer", "kind", "value", "lo", "hi"]])
```

An experiment has a table only if its configuration asks for it. `geomem inspect FILE` prints the
settings and versions that a table was made with.
"""
_VERDICTS = """## Verdicts

One row for each target, label noise and width. Files: `results/EXPERIMENT/claims/claims.parquet`
and `claims.csv`. [Claims and verdicts](../claims.md) explains them.
"""


def tables_page():
    """The page, as Markdown."""
    parts = [_INTRODUCTION, "## Columns\n", "| column | meaning |", "|---|---|"]
    parts += [f"| `{name}` | {meaning} |" for name, meaning in COLUMNS.items()]
    parts.append("")
    for table in TABLES.values():
        further = (*FURTHER.get(table.name, ("warnings", *_LAYERS)), *EVERYWHERE)
        parts += [
            f"## {table.name}\n",
            f"{table.title}. File: `results/EXPERIMENT/tables/{table.name}.parquet`.\n",
            f"- Keys: {_listed((*RUN_KEYS, *table.keys))}.",
            f"- Measured: {_listed(MEASURED)}.",
            f"- Further columns: {_listed(further)}.\n",
            "| metric | quantity | unit |",
            "|---|---|---|",
        ]
        for metric in table.metrics:
            label = (metric.label or metric.name.replace("_", " ")).replace("|", "\\|")
            # Pages show fractions in per cent; tables hold them as they are.
            unit = {"%": "fraction", "": "none"}.get(metric.unit, metric.unit)
            parts.append(f"| `{metric.name}` | {label} | {unit} |")
        parts.append("")
    parts += [_VERDICTS, "| column | meaning |", "|---|---|"]
    for names, meaning in VERDICTS.items():
        parts.append(f"| {_listed(names.split(', '))} | {meaning} |")
    return "\n".join(parts) + "\n"


def _listed(names):
    return ", ".join(f"`{name}`" for name in names)
