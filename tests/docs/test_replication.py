"""The tables of the page about what replicates hold what the result tables hold."""

import numpy as np
import pandas as pd

from docs.generate.replication import accuracy, geometry, quality, verdicts

KINDS = ("test", "permuted")
ROWS = pd.DataFrame(
    [
        {
            "width": 8, "noise": 0.5, "seed": seed, "last": True, "manifold": None,
            "layer_index": index, "layer": layer, "kind": kind, "metric": metric,
            "value": 10 * index + seed + (kind == "test"), "k_lo": 1.0, "k_hi": 1.1,
            "warnings": "[]" if seed and index and metric == "radius" else "",
        }
        for seed in (0, 1)
        for index, layer in enumerate(("input", "fc"))
        for kind in KINDS
        for metric in ("capacity", "radius", "radius_iqm", "dimension", "dimension_iqm",
                       "low_rank_k")
    ]
)  # fmt: skip


def cells(table):
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def test_geometry_is_the_mean_over_seeds_of_each_layer_and_kind():
    parts = list(geometry(ROWS))
    heads, tables = parts[::2], [cells(part) for part in parts[1::2]]
    assert [head.split(",")[0] for head in heads] == [
        "### Capacity", "### Radius", "### Dimension", "### Removed directions K",
    ]  # fmt: skip
    for table in tables:
        assert table[0] == ["layer", *KINDS]
        assert [[row[0], *map(float, row[1:])] for row in table[2:]] == [
            ["input", 1.5, 0.5],
            ["fc", 11.5, 10.5],
        ]


def test_quality_counts_warnings_and_the_range_over_k():
    _, text = quality(ROWS)
    found = {row[0]: row[1:] for row in cells(text)}
    assert found["radius"] == ["8", "25.0", "12", "10.0"]
    assert found["capacity"][:2] == ["8", "0.0"]


def test_verdicts_leave_out_what_was_not_measured():
    claims = pd.DataFrame(
        {
            "target": ["T4", "T4", "T5"],
            "estimator": ["mean-field", "glue", "mean-field"],
            "statement": "It is at most 0.1.",
            "effect": [0.5, 0.05, np.nan],
            "total_lo": [0.4, 0.0, np.nan],
            "total_hi": [0.6, 0.08, np.nan],
            "low_rank_lo": [0.45, np.nan, np.nan],
            "low_rank_hi": [0.55, np.nan, np.nan],
            "verdict": ["contradicted", "supported", "not measured"],
            "remark": ["", "a | b", "no table"],
        }
    )
    _, counts, table = verdicts(claims)
    assert counts == "1 contradicted, 1 supported, 1 not measured."
    assert cells(table)[2:] == [
        ["T4", "It is at most 0.1.", "0.500", "0.400 to 0.600", "0.450 to 0.550",
         "**contradicted**"],
        ["T4 (GLUE)", "It is at most 0.1.", "0.050", "0.000 to 0.080", "", "**supported**",
         "a / b"],
    ]  # fmt: skip


def test_accuracies_are_those_of_the_best_and_the_last_epoch():
    rows = pd.DataFrame(
        [
            {"metric": "accuracy", "width": 8, "noise": 0.5, "seed": 0, "epoch": epoch,
             "best": epoch == 3, "last": epoch == 9, "kind": kind, "value": value}
            for epoch, kind, value in (
                (3, "test", 0.7), (9, "test", 0.6), (9, "permuted", 0.99), (3, "permuted", 0.1),
            )
        ]
    )  # fmt: skip
    _, table = accuracy(rows)
    assert cells(table)[2] == ["8", "0.5", "0", "3", "70.0", "60.0", "99.0"]
