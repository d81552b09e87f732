"""The numbers printed are those of the tables."""

import pandas as pd
import pytest
from geomem import summary
from geomem.errors import InputError
from geomem.storage.tables import write_table
from geomem.warning import MeasurementWarning, pack

from tests.figures import synthetic

RADIUS = MeasurementWarning("short-center", "its radius says little", ("radius",))


def test_summary_prints_the_numbers_of_the_tables(tmp_path, capsys):
    runs = synthetic.cells((8,), (0.5,))
    accuracy, geometry = synthetic.accuracy_table(runs), synthetic.geometry_table(runs)
    write_table(tmp_path / "tables" / "accuracy.parquet", accuracy, {})
    write_table(tmp_path / "tables" / "geometry.parquet", geometry, {})
    assert summary.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    row = accuracy.query("kind == 'test' and metric == 'accuracy' and last")
    assert f"{100 * row['value'].item():.1f}" in said.split("geometry")[0]
    final = geometry.query(
        "layer == 'fc3' and kind == 'permuted' and metric == 'radius' and last and manifold.isna()"
    )
    assert f"{final['value'].item():.3g} [" in said.split("geometry")[1]


def test_a_folder_without_tables_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nor .* is a folder"):
        summary.main([str(tmp_path)])


def test_an_experiment_goes_by_its_name_and_a_warned_number_is_marked(
    tmp_path, capsys, monkeypatch
):
    geometry = synthetic.geometry_table(synthetic.cells((8,), (0.5,)))
    warned = (geometry["layer"] == "fc3") & (geometry["kind"] == "test") & geometry["best"]
    geometry["warnings"] = geometry["warnings"].where(~warned, pack([RADIUS]))
    write_table(tmp_path / "results" / "depth" / "tables" / "geometry.parquet", geometry, {})
    monkeypatch.chdir(tmp_path)
    assert summary.main(["depth"]) == 0
    said = capsys.readouterr().out
    marked = [line for line in said.splitlines() if "] !" in line]
    assert marked and all("| test |" in line for line in marked)
    assert "with a warning" in said


def test_each_width_has_its_own_final_layer():
    """A network of the user's own may have more layers at a larger width."""
    narrow, wide = synthetic.cells((4,)), synthetic.cells((8,))
    tables = (
        synthetic.geometry_table(narrow, synthetic.SMALL),
        synthetic.geometry_table(wide, synthetic.VGG16),
    )
    rows = summary.geometries(pd.concat(tables, ignore_index=True))
    assert {(row["width"], row["layer"]) for row in rows} == {(4, "fc3"), (8, "classifier")}
    assert rows == [row for table in tables for row in summary.geometries(table)]
