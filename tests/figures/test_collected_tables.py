"""Collecting the tables of runs into one."""

import json
import shutil

import collect_table
import numpy as np
import pandas as pd
import pytest
from geomem.collecting import RunTables, check_columns, collect
from geomem.errors import InputError
from geomem.registry.tables import TABLES
from geomem.storage.tables import read_table, table_provenance, write_document, write_table


def accuracy_of_run(epochs=4, offset=0.0):
    rows = [(epoch, "test", "accuracy", 0.1 * epoch + offset) for epoch in range(epochs)]
    frame = pd.DataFrame(rows, columns=["epoch", "kind", "metric", "value"])
    return frame.assign(lo=frame["value"] - 0.05, hi=frame["value"] + 0.05, n=100)


def geometry_of_run(epoch, value=1.0):
    frame = pd.DataFrame(
        {
            "layer": "fc1",
            "layer_index": 3,
            "kind": "test",
            "manifold": pd.array([pd.NA, 0, 1], dtype="Int64"),
            "metric": "radius",
            "value": value,
            "lo": np.nan,
            "hi": np.nan,
            "warnings": "",
            "epoch": epoch,
        }
    )
    return frame


ACCURACY, GEOMETRY = list(TABLES["accuracy"].keys), list(TABLES["geometry"].keys)
COMPLETED = {"status": "completed", "epochs": 3, "best_epoch": 2, "parameters": 99}
DIVERGED = {"status": "diverged", "epochs": 1, "best_epoch": None, "parameters": 99}


def test_keys_come_first_and_flags_last():
    table = collect(ACCURACY, "small", [RunTables(8, 0.5, 0, COMPLETED, [accuracy_of_run()])])
    assert list(table.columns) == [
        *("experiment", "width", "noise", "seed", "epoch", "kind", "metric"),
        *("value", "lo", "hi", "n", "parameters", "best", "last"),
    ]
    assert table.loc[table["best"], "epoch"].tolist() == [2]
    assert table.loc[table["last"], "epoch"].tolist() == [3]
    assert set(table["experiment"]) == {"small"}


def test_rows_are_sorted_by_run_and_keep_their_values():
    runs = [
        RunTables(16, 0.5, 0, COMPLETED, [accuracy_of_run(offset=0.3)]),
        RunTables(8, 0.5, 1, COMPLETED, [accuracy_of_run(offset=0.2)]),
        RunTables(8, 0.0, 1, COMPLETED, [accuracy_of_run(offset=0.1)]),
    ]
    table = collect(ACCURACY, "small", runs)
    starts = table[table["epoch"] == 0]
    assert starts[["width", "noise", "seed"]].values.tolist() == [
        [8, 0, 1],
        [8, 0.5, 1],
        [16, 0.5, 0],
    ]
    np.testing.assert_allclose(starts["value"], [0.1, 0.2, 0.3])


def test_best_and_its_epoch_number_are_one_measurement():
    frames = [geometry_of_run(2), geometry_of_run(3), geometry_of_run(2)]
    table = collect(GEOMETRY, "small", [RunTables(8, 0.5, 0, COMPLETED, frames)])
    assert table["epoch"].tolist() == [2, 2, 2, 3, 3, 3]
    assert table["manifold"].isna().sum() == 2
    assert table["best"].tolist() == [True] * 3 + [False] * 3


def test_what_a_diverged_run_lacks_stays_missing():
    runs = [
        RunTables(8, 0.5, 0, COMPLETED, [geometry_of_run(2), geometry_of_run(3)]),
        RunTables(8, 0.5, 1, DIVERGED, [geometry_of_run(1), geometry_of_run(1).iloc[:0]]),
        RunTables(8, 0.5, 2, DIVERGED, []),
    ]
    table = collect(GEOMETRY, "small", runs)
    assert table.groupby("seed").size().to_dict() == {0: 6, 1: 3}
    of_diverged = table[table["seed"] == 1]
    assert not of_diverged["last"].any()
    assert not of_diverged["best"].any()
    assert table["best"].dtype == bool and table["last"].dtype == bool


def test_no_rows_at_all_still_have_columns():
    table = collect(GEOMETRY, "small", [RunTables(8, 0.5, 0, DIVERGED, [])])
    assert len(table) == 0
    assert {"experiment", "manifold", "value", "best", "last"} <= set(table.columns)


def test_missing_columns_are_named():
    with pytest.raises(InputError, match=r"run\.parquet: columns kind, lo are missing"):
        check_columns(
            accuracy_of_run().drop(columns=["kind", "lo"]), "accuracy", ACCURACY, "run.parquet"
        )


def write_runs(folder, records, widths=(4, 8, 16)):
    paths = {"records": [], "tables": []}
    for i, (record, width) in enumerate(zip(records, widths, strict=False)):
        run = {"width": width, "noise": 0.5, "seed": 7}
        paths["records"].append(str(folder / f"{i}.json"))
        write_document(paths["records"][-1], record, {"spec": {"labels": {}, **run}})
        for epoch in (2, 3):
            paths["tables"].append(str(folder / f"{i}_{epoch}.parquet"))
            frame = geometry_of_run(epoch, value=10 * i + epoch)
            frame = frame if record == COMPLETED else frame[:0]
            write_table(paths["tables"][-1], frame, {"spec": {"seed": 0, "run": run}})
    return paths


def run_command(folder, records, tables, **changes):
    runs = [{"width": w, "noise": 0.5, "seed": 7} for w in (4, 8, 16)]
    spec = {"experiment": "small", "table": "geometry", "keys": GEOMETRY, "runs": runs, **changes}
    output = folder / "geometry.parquet"
    arguments = ["--spec", json.dumps(spec), "--output", str(output)]
    collect_table.main([*arguments, "--records", *records, "--tables", *tables])
    assert table_provenance(output)["spec"] == spec
    assert set(table_provenance(output)["inputs"]) == {*records, *tables}
    return read_table(output)


@pytest.mark.parametrize("turn", [1, -1])
def test_command_matches_tables_to_the_runs_they_are_of_in_any_order(tmp_path, turn):
    paths = write_runs(tmp_path, [COMPLETED, DIVERGED, COMPLETED])
    table = run_command(tmp_path, paths["records"][::turn], paths["tables"][::turn])
    means = table.groupby(["width", "epoch"])["value"].mean()
    assert means.to_dict() == {(4, 2): 2, (4, 3): 3, (16, 2): 22, (16, 3): 23}
    assert table["manifold"].isna().sum() == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": []}, r"0.json was made for width 4, noise 0.5, seed 7, and spec runs has none"),
        (
            {"runs": [{"width": 4, "noise": 0.5, "seed": 7}]},
            "1.json was made for width 8, noise 0.5, seed 7, and spec runs has width 4, noise 0.5",
        ),
    ],
)
def test_command_names_what_does_not_fit(tmp_path, change, message):
    paths = write_runs(tmp_path, [COMPLETED, COMPLETED, COMPLETED])
    with pytest.raises(InputError, match=message):
        run_command(tmp_path, **paths, **change)


def test_command_wants_as_many_tables_for_each_run(tmp_path):
    paths = write_runs(tmp_path, [COMPLETED, COMPLETED, COMPLETED])
    with pytest.raises(InputError, match=r"--tables: not the same.*width 16, .*: 1\)"):
        run_command(tmp_path, paths["records"], paths["tables"][:-1])
    with pytest.raises(InputError, match=r"--records: not the same.*width 4, .*: 0;"):
        run_command(tmp_path, paths["records"][1:], paths["tables"])
    twice = write_runs(tmp_path, [COMPLETED] * 3)["records"]
    with pytest.raises(InputError, match="are of the same run; give one"):
        copies = [shutil.copy(path, f"{path}.json") for path in twice]
        run_command(tmp_path, [*twice, *copies], paths["tables"])
