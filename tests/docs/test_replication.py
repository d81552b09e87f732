"""The tables of the page about what replicates hold what the result tables hold."""

import numpy as np
import pandas as pd
import pytest
from geomem.figures import paper
from geomem.process import circumstances
from geomem.processor import processor_name
from geomem.registry.claims import TARGETS
from geomem.storage.tables import write_table

from docs.generate import figure_3, processors
from docs.generate.origin import Origin, made_by, origin
from docs.generate.replication import (
    accuracy,
    by_experiment,
    geometry,
    over_width,
    quality,
    verdicts,
)

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


def test_permuted_examples_stand_beside_the_paper():
    _, growth = paper.TRACED["change", "permuted", "capacity"]
    layers = range(len(growth))
    values = [
        {
            "manifold": None, "kind": "permuted", "best": moment == "best",
            "last": moment == "last", "layer_index": i, "layer": f"layer{i}", "metric": metric,
            "value": value, "lo": value, "hi": value, "width": 16, "noise": 0.5, "seed": 0,
        }
        for i in layers
        for moment in ("best", "last")
        for metric, value in (
            ("capacity", 0.038 + growth[i] * (moment == "last")),
            ("radius_iqm", 1.5), ("dimension_iqm", 20.0),
        )
    ]  # fmt: skip
    table = pd.DataFrame(values)
    found = figure_3.rows(table)
    assert len(found) == len(growth)
    assert all(line[3] == line[4] for line in found)
    assert found[11][6] == "" and found[12][6] == "1.55" and found[19][8] == "18.6"
    assert {len(line) for line in found} == {len(figure_3.HEADS)}
    other = table.assign(seed=1, value=table["value"] + 0.002 * table["last"])
    both = figure_3.rows(pd.concat([table, other]))
    # Student's t with one degree of freedom: 12.7 times half of what the two are apart
    assert (
        both[0][3]
        == f"{growth[0] + 0.001:+.3f} ({growth[0] - 0.0117:+.3f} to {growth[0] + 0.0137:+.3f})"
    )
    fewer = figure_3.rows(pd.DataFrame([row for row in values if row["layer_index"] < 5]))
    assert all(line[4] == line[6] == line[8] == "" for line in fewer)


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
            "target": ["mine", "mine", "T5"],
            "estimator": ["mean-field", "glue", "mean-field"],
            "width": [4, 8, 8],
            "noise": 0.5,
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
    assert counts == "1 contradicted, 1 supported."
    assert cells(table)[2:] == [
        ["mine (width 4)", "It is at most 0.1.", "0.500", "0.400 to 0.600", "0.450 to 0.550",
         "**contradicted**"],
        ["mine (GLUE, width 8)", "It is at most 0.1.", "0.050", "0.000 to 0.080", "",
         "**supported**", "a / b"],
    ]  # fmt: skip


def test_targets_of_the_paper_are_worded_as_in_the_registry():
    row = {"estimator": "mean-field", "width": 8, "noise": 0.5, "effect": 0.5, "remark": ""}
    row |= dict.fromkeys(("total_lo", "total_hi", "low_rank_lo", "low_rank_hi"), 0.5)
    row |= {"target": "T4", "statement": "Earlier words.", "threshold": 0.25}
    claims = pd.DataFrame([row | {"verdict": "contradicted"}])
    _, _, table = verdicts(claims)
    assert TARGETS["T4"].statement.replace("{}", "0.25") in table and "Earlier" not in table
    assert list(verdicts(claims.assign(verdict="not measured")))[1:] == [
        "This experiment measures none of the 1 targets."
    ]


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


def test_over_width_has_means_over_seeds_with_their_intervals(tmp_path):
    ways = {"own": ("geometry", 0), "one": ("geometry", 100), "glue": ("glue", 200)}
    for way, (table, more) in ways.items():
        folder = tmp_path / ("one" if way == "one" else "own") / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        names = ("dimension",) if table == "glue" else ("dimension", "dimension_iqm")
        frame = pd.DataFrame(
            [
                {"width": width, "seed": seed, "kind": "test", "layer_index": index, "metric": name,
                 "manifold": None, "best": not last, "last": last, "lo": 0.0, "hi": 1.0,
                 "value": more + 10 * width + seed + 5 * last - index
                 + 1000 * ((name, table) == ("dimension", "geometry"))}
                for width in (2, 4) for seed in (0, 2) for index in (0, 7) for last in (False, True)
                for name in names
            ]
        )  # fmt: skip
        write_table(folder / f"{table}.parquet", frame, {})
    rates = pd.DataFrame(
        [
            {"metric": "accuracy", "width": width, "seed": seed, "kind": kind, "best": False,
             "last": True, "value": (width + seed) / 100, "lo": 0.0, "hi": 1.0}
            for width in (2, 4) for seed in (0, 2) for kind in ("test", "permuted")
        ]
    )  # fmt: skip
    best = rates[rates["kind"] == "test"].assign(best=True, last=False, value=0.5)
    write_table(tmp_path / "own" / "tables" / "accuracy.parquet", pd.concat([rates, best]), {})
    parts = list(over_width(tmp_path, {"own": "own K", "one": "one K"}, {}, ["dimension_iqm"]))
    accuracies, dimensions = cells(parts[1]), cells(parts[3])
    assert parts[::2] == ["## Accuracy (%)", "## Dimension of test images in the final layer"]
    rows = [[float(cell.split()[0]) for cell in row] for row in accuracies[2:]]
    assert rows == [[2, 50, 3, 3], [4, 50, 5, 5]]
    for row in accuracies[2:]:  # two seeds: wide, but no accuracy is below 0 or above 100 %
        mean, (lo, hi) = (
            float(row[2].split()[0]),
            map(float, row[2].split("(")[1][:-1].split(" to ")),
        )
        assert 0 <= float(lo) < float(mean) < 20 < float(hi) <= 100
    assert dimensions[0] == [
        "width", "own K, best epoch", "own K, last epoch", "one K, best epoch", "one K, last epoch",
        "GLUE, best epoch", "GLUE, last epoch",
    ]  # fmt: skip
    means = [[float(cell.split()[0]) for cell in row] for row in dimensions[2:]]
    assert means == [
        [2, 14, 19, 114, 119, 214, 219],
        [4, 34, 39, 134, 139, 234, 239],
    ]


def test_results_say_what_made_them(tmp_path):
    log = tmp_path / "logs" / "claims.log"
    log.parent.mkdir()
    log.write_text(f"{circumstances()}\n1 supported\n")
    assert origin(tmp_path).processor == processor_name()
    before = "2026-01-01T00:00:00Z on my, node: geomem 0.2.0, "  # logs of earlier versions
    for said, commit in (
        ("commit 0123456789ab-dirty", "0123456-dirty"),
        ("no Git commit known",) * 2,
    ):
        log.write_text(f"{before}{said}\n")
        assert origin(tmp_path) == ("0.2.0", commit, "a processor that is not known")
        log.write_text(f"{before}{said}, Z80, 2.5 MHz without AVX-512\n")
        assert origin(tmp_path).processor == "Z80, 2.5 MHz without AVX-512"
    older = log.parent / "measures" / "a.log"
    older.parent.mkdir()
    older.write_text("2026-01-01T00:00:00Z on node: geomem 0.2.0, commit 89abcdef\n")
    log.write_text(f"{before}commit 0123456789ab, Z80\n")
    assert made_by(tmp_path) == (
        "Made by geomem 0.2.0, commit 0123456, Z80. Measured at commit 89abcde."
    )
    log.write_text("Killed\n")
    with pytest.raises(SystemExit, match=r"claims\.log does not begin"):
        origin(tmp_path)


def test_processors_stand_side_by_side(tmp_path):
    path = tmp_path / "verdicts.csv"
    here = pd.DataFrame(
        {"target": ["T4", "T5", "T6"], "estimator": ["mean-field", "mean-field", ""], "noise": 0.5,
         "width": 8, "n_seeds": 3, "effect": [0.5, -0.1, np.nan], "total_lo": [0.25, -0.2, np.nan],
         "total_hi": [0.75, 0.0, np.nan], "verdict": ["contradicted", "supported", "not measured"]}
    )  # fmt: skip
    there = here.assign(effect=[0.4, 0.0, np.nan])[::-1]
    there.loc[1, "verdict"] = "undecided"
    z80, mos = (Origin("1.0", "0123456", name) for name in ("Z80", "6502"))
    processors.keep(there, "depth", z80, path)
    processors.keep(here, "clean", mos, path)
    processors.keep(there, "depth", mos, path)
    processors.keep(here, "depth", mos, path)  # in place of the one before
    kept = processors.read_kept(path)
    assert len(kept) == 9 and set(kept["estimator"]) == {"mean-field", ""}
    _, count, made, table = processors.side_by_side(kept[kept["experiment"] == "depth"])
    assert count == (
        "Of 2 verdicts, 1 are the same on all of them: 1 decided, 0 undecided. "
        "Supported on one and contradicted on another: none."
    )
    assert [row[::2] for row in cells(made)[2:]] == [["Z80", "3"], ["6502", "3"]]
    assert cells(table) == [
        ["target", "Z80", "6502"],
        ["---", "---", "---"],
        ["T5", "0.000 (-0.200 to 0.000) **undecided**", "-0.100 (-0.200 to 0.000) **supported**"],
        ["T4", "0.400 (0.250 to 0.750) **contradicted**",
         "0.500 (0.250 to 0.750) **contradicted**"],
    ]  # fmt: skip


def test_a_page_falls_into_experiments():
    body = "\n\n## `depth`\n\nMade by me.\n\n### Verdicts\n\nNone.\n\n## `clean`\n\nOther.\n\n"
    parts = by_experiment(body)
    assert list(parts) == ["depth", "clean"]
    assert "\n\n".join(parts.values()) == body.strip()
    assert by_experiment("\n\n") == {}
