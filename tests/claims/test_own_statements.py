"""Statements that users add: what their functions leave open, and the tables they may read."""

import pandas as pd
import pytest
from geomem.claims import depth, judge
from geomem.claims.errors import NotMeasuredError
from geomem.claims.evidence import Run, View
from geomem.claims.judge import judge_all
from geomem.claims.measured import measured
from geomem.errors import GeomemError, InputError
from geomem.registry.claims import targets_of

from tests.claims.made_up import BEST, LAST, LAYERS, M, network
from tests.claims.test_verdicts import SEEDS, SETTINGS
from tests.figures import synthetic


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(judge, "REPLICATES", 20)


def shrinks(view):
    rank = measured(view, "stable_rank", "last", "permuted", "rank")
    return 1 - rank[:, -1] / rank[:, 0]


def final(view):
    return view.geometry("last", "permuted", "capacity", depth.final)[:, 0]


def of_width(views):
    return views[0].accuracy("last", "permuted")


def broken(view):
    raise ValueError("out of ink")


def says_so(view):
    raise InputError("rank: expected another table")


def words(view):
    return ["much"]


def rank_table(seed):
    """Stable rank falls from 5 by .1 a layer, at both epochs."""
    rows = [
        (epoch, f"layer{i}", i, "permuted", mu, "rank", 5 - 0.1 * i + 0.01 * seed)
        for epoch in (BEST, LAST)
        for i in range(LAYERS)
        for mu in (None, 0, 1, 2, 3)
    ]
    columns = ["epoch", "layer", "layer_index", "kind", "manifold", "metric", "value"]
    table = pd.DataFrame(rows, columns=columns).astype({"manifold": "Int64"})
    return table.assign(best=table["epoch"] == BEST, last=table["epoch"] == LAST, warnings="")


def with_rank(seed):
    return network(seed, stable_rank=rank_table(seed))


def with_tables(run, where, noise=0.5):
    tables = {name: table[where(table)] for name, table in run.tables.items()}
    return Run(run.width, noise, run.seed, tables, M)


def judged(runs, function, **changed):
    """Rows of the user's statement and of T4, by target and noise."""
    effect = f"{__name__}:{function}"
    mine = {"effect": effect, "statement": "{}", "bound": "at least", "value": 0.01, "source": "s"}
    targets = targets_of({"thresholds": {}, "own": {"mine": mine | changed}})
    kept = [target for target in targets if target["name"] in ("mine", "T4")]
    rows = judge_all(runs, {**SETTINGS, "targets": kept})
    return {(row["target"], row["noise"]): row for row in rows}


def test_what_is_not_measured_is_an_error_with_a_message_of_ours():
    assert issubclass(NotMeasuredError, GeomemError)


@pytest.mark.parametrize("function", ["shrinks", "final"])
def test_a_diverged_network_is_left_out_and_named(function):
    runs = [with_rank(seed) for seed in SEEDS]
    whole = judged(runs, function)
    found = judged([*runs, with_tables(with_rank(9), lambda table: ~table["last"])], function)
    for target in ("mine", "T4"):
        row, expected = found[target, 0.5], whole[target, 0.5]
        assert row["verdict"] == expected["verdict"] == "supported"
        assert (row["n_seeds"], row["effect"]) == (3, expected["effect"])
        assert row["remark"] == "seed 9: no last epoch: the training diverged"


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("shrinks", "no rank of permuted manifolds in the table stable_rank"),
        ("final", "no permuted examples at label noise 0"),
    ],
)
def test_a_cell_without_label_noise_is_not_measured_and_the_others_are(function, reason):
    runs = [with_rank(seed) for seed in SEEDS]
    clean = with_tables(with_rank(0), lambda table: table["kind"] == "test", noise=0.0)
    if function == "shrinks":  # other kinds were measured
        clean.tables["stable_rank"] = rank_table(0).assign(kind="test")
    found = judged([*runs, clean], function)
    assert found["mine", 0.0]["verdict"] == found["T4", 0.0]["verdict"] == "not measured"
    assert found["mine", 0.0]["remark"] == reason
    assert found["mine", 0.5]["verdict"] == found["T4", 0.5]["verdict"] == "supported"


def test_a_statement_over_width_is_left_open_by_a_diverged_seed():
    runs = [network(seed, width) for seed in SEEDS for width in (4, 8)]
    gone = [with_tables(network(9, width), lambda table: ~table["last"]) for width in (4, 8)]
    row = judged([*runs, *gone], "of_width", sweep=True)["mine", 0.5]
    assert (row["verdict"], row["n_seeds"]) == ("supported", 3)
    assert row["remark"] == "seed 9: no last epoch: the training diverged"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", r"^'\S+:broken' failed: ValueError: out of ink \(.*own_statements\.py, line"),
        ("says_so", "^rank: expected another table$"),
    ],
)
def test_a_function_that_fails_is_told_as_it_failed(function, message):
    with pytest.raises(InputError, match=message) as told:
        judged([network(0)], function)
    assert "returned no array of numbers" not in str(told.value)


def test_a_function_that_returns_words_is_told_so():
    with pytest.raises(InputError, match=r"words' returned no array of numbers: could not convert"):
        judged([network(0)], "words")


def test_a_table_with_several_values_of_a_layer_is_refused():
    """Taken as layers they would be numbers of other networks than there are."""
    table = synthetic.low_rank_table(synthetic.cells()).assign(manifold=pd.NA)
    view = View(Run(8, 0.5, 0, {"low_rank": table}, M))
    with pytest.raises(InputError, match=r"table low_rank has several values of capacity in a l"):
        measured(view, "low_rank", "last", "test", "capacity")
    one = View(Run(8, 0.5, 0, {"low_rank": table[table["chosen"]]}, M))
    assert measured(one, "low_rank", "last", "test", "capacity").shape == (1, len(synthetic.SMALL))


@pytest.mark.parametrize("name", ["accuracy", "rewind", "gradients"])
def test_a_table_that_is_not_of_manifolds_is_refused(name):
    with pytest.raises(InputError, match=f"the table {name} is not of manifolds"):
        measured(View(network(0)), name, "last", "test", "accuracy")
