"""The workflow from configuration to figures, on the smallest example."""

import json

import numpy as np
import pyarrow.parquet
import pytest
from geomem.collecting import MEASURED, RUN_KEYS
from geomem.planning.resources import megabytes, minutes
from geomem.planning.usage import read_usage
from geomem.registry.tables import TABLES
from geomem.storage.tables import read_document, read_table, table_provenance

from docs.generate.tables import EVERYWHERE, FURTHER, VERDICTS

RUN = "w2_n0.5_s0"


@pytest.fixture
def table(finished):
    return lambda name: read_table(finished.path / f"results/tiny/tables/{name}.parquet")


def test_everything_is_made_and_nothing_is_left_to_do(finished):
    for name in ("samples", "accuracy", "depth", "epochs", "rewind", "gradients"):
        for suffix in ("png", "svg"):
            path = finished.path / f"results/tiny/figures/{name}.{suffix}"
            assert path.stat().st_size > 1000, path
    assert finished.pending() == set()
    assert not list(finished.path.glob("results/**/.*.tmp")), "stray temporary files"


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("figures/depth.png", ("figure", "experiment=tiny, figure=depth")),
        ("tables/rewind.parquet", ("table", "experiment=tiny, table=rewind")),
        ("claims/claims.html", ("claims", "experiment=tiny")),
    ],
)
def test_what_is_deleted_is_made_again(finished, path, made):
    path = finished.path / "results/tiny" / path
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        assert made in finished.pending()
    finally:
        aside.rename(path)
    assert finished.pending() == set()


def test_accuracy_table(finished, table):
    accuracy = table("accuracy")
    assert set(accuracy.epoch) == {0, 1, 2, 3}
    assert set(accuracy.kind) == {
        "train", "test", "unpermuted", "permuted", "restored", "validation"
    }  # fmt: skip
    rates = accuracy[accuracy.metric == "accuracy"]
    assert ((rates.lo <= rates.value) & (rates.value <= rates.hi)).all()
    # The epoch called best has the highest validation accuracy, and the table says so.
    half = rates[rates.kind == "validation"].set_index("epoch")
    assert half.best.sum() == 1
    assert half.value[half.best].item() == half.value.max()
    assert (
        half.best.idxmax() == read_document(finished.training(RUN) / "training.json")["best_epoch"]
    )
    assert half["last"].idxmax() == 3
    # 80 training images: 40 unpermuted, the others permuted but for those that came out true.
    n = rates[rates.epoch == 3].set_index("kind").n
    assert (n["train"], n["unpermuted"]) == (80, 40)
    assert n["restored"] == n["permuted"] <= 40
    assert n["test"] == n["validation"] == 12


def test_geometry_table(table):
    geometry = table("geometry")
    assert set(geometry.epoch) == {0, 3}
    kinds = {"unpermuted", "permuted", "restored", "test", "shuffled", "surrogate"}
    assert set(geometry.kind) == kinds
    assert geometry.sort_values("layer_index").layer.iloc[0] == "input"
    assert {"conv1_1", "pool1", "fc3"} <= set(geometry.layer)
    capacity = geometry[geometry.metric == "capacity"]
    manifolds = capacity[capacity.manifold.notna()]
    means = capacity[capacity.manifold.isna()].set_index(["epoch", "layer", "kind"]).value
    harmonic = manifolds.groupby(["epoch", "layer", "kind"]).value.agg(lambda v: 1 / (1 / v).mean())
    assert np.allclose(means.sort_index(), harmonic.sort_index(), rtol=1e-12)
    # The input does not depend on training, nor on how permuted images are grouped by label name.
    fixed = means.xs("input", level="layer")
    assert np.array_equal(fixed[0].sort_index(), fixed[3].sort_index())


@pytest.mark.parametrize("name", sorted(FURTHER.keys() - {"glue", "similarity"}))
def test_tables_have_the_columns_that_the_reference_names(table, name):
    named = {*RUN_KEYS, *TABLES[name].keys, *MEASURED, *FURTHER[name], *EVERYWHERE}
    assert set(table(name).columns) == named


def test_verdicts_have_the_columns_that_the_reference_names(finished):
    claims = read_table(finished.path / "results/tiny/claims/claims.parquet")
    named = {name for names in VERDICTS for name in names.split(", ")}
    assert set(claims.columns) == named


def test_rewind_table(table):
    rewind, accuracy = table("rewind"), table("accuracy")
    assert {"single", "suffix"} <= set(rewind.scheme)
    # Setting every layer back gives the earlier epoch, setting none back the last.
    whole = rewind[(rewind.scheme == "all") & (rewind.epoch == 1)].set_index("kind").value
    then = accuracy[(accuracy.epoch == 1) & (accuracy.metric == "accuracy")].set_index("kind").value
    for kind in ("test", "permuted", "unpermuted", "restored"):
        assert whole[kind] == then[kind]


def test_gradients_table(table):
    gradients = table("gradients")
    assert set(gradients.kind) == {"unpermuted", "permuted"}
    assert {"label", "independent"} <= set(gradients.part)
    assert (gradients.value[gradients.metric == "norm"] >= 0).all()


def test_every_result_says_where_it_came_from(finished):
    for name in ("accuracy", "geometry", "rewind", "gradients"):
        path = finished.path / f"results/tiny/tables/{name}.parquet"
        origin = table_provenance(path)
        assert origin["inputs"] and origin["packages"]["numpy"]
        assert pyarrow.parquet.read_schema(path).names[:4] == [
            "experiment",
            "width",
            "noise",
            "seed",
        ]
    record = json.loads((finished.training(RUN) / "training.json").read_text())
    assert record["provenance"]["spec"]["training"]["epochs"] == 3


def test_every_job_stays_within_what_it_asks_a_scheduler_for(finished):
    text = json.dumps(finished.config["experiments"]["tiny"])
    jobs = read_usage(finished.path / "results")
    assert {"train", "geometry", "figure"} < {job.rule for job in jobs}
    for job in jobs:
        assert job.memory < 1e6 * megabytes(job.rule, text, 2, 0.5), job
        assert job.seconds < 60 * minutes(job.rule, text, 2, 0.5), job


def test_a_broken_configuration_stops_before_any_job(finished):
    config = finished.config
    config["experiments"]["tiny"]["training"]["optimizer"]["lr"] = "1e-3"
    config["experiments"]["tiny"]["widhts"] = [3]
    before = (finished.path / "config.yaml").read_text()
    finished.write_config(config)
    try:
        said = finished.snakemake("--dry-run", check=False)
    finally:
        (finished.path / "config.yaml").write_text(before)
    assert said.returncode != 0
    text = said.stdout + said.stderr
    assert "YAML takes 1e-3 for text" in text and "did you mean widths?" in text
    assert "Traceback" not in text
