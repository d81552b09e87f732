"""Verdicts on made-up tables whose answers are known."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from geomem.claims import depth, effects, judge
from geomem.claims.evidence import View
from geomem.claims.judge import COLUMNS, decide, judge_all
from geomem.claims.targets import resolved
from geomem.claims.words import CLAIMS, SOURCES
from geomem.registry.claims import TARGETS, judging_settings, targets_of

from tests.claims.made_up import (
    ACCURACY,
    LAST,
    LAYERS,
    PAPER,
    REWOUND,
    accuracy_table,
    geometry_table,
    gradients_table,
    network,
    ramp,
    rewind_table,
)

CONFIG = Path(__file__).resolve().parents[2] / "config.yaml"
SETTINGS = judging_settings(yaml.safe_load(CONFIG.read_text())["defaults"]["claims"])
SEEDS = range(3)


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    """Enough to tell intervals that hold a threshold from those that are far from it."""
    monkeypatch.setattr(judge, "REPLICATES", 60)


def verdicts(runs, settings=SETTINGS):
    """`{target: row}` of the only cell there is for each target."""
    rows = judge_all(runs, settings)
    assert len({row["target"] for row in rows}) == len(rows)
    return {row["target"]: row for row in rows}


def test_the_papers_own_network_supports_its_claims():
    found = verdicts([network(seed) for seed in SEEDS])
    ours = {name: row["verdict"] for name, row in found.items()}
    not_asked = {"N-noiseless"}
    assert {name for name, v in ours.items() if v == "not measured"} == not_asked
    assert {v for name, v in ours.items() if name not in not_asked} == {"supported"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("T1-permuted", 0.05),
        ("T2-final", 2.5),
        ("T2-early", 0.0),
        ("T3-radius", 1 - 0.98 / 1.55),
        ("T3-dimension", 1 - 18.6 / 34.6),
        ("T4", 0.025),
        ("N-permuted", 1 - 0.038 / 0.0385),
        ("N-restored", 0.041 / 0.0385 - 1),
        ("T8-recovers", (0.39 - 0.28) / 0.12),
        ("T8-forgets", 0.06 / 0.97),
        ("T8-early", (0.10 - 0.28) / 0.12),
        ("T7-permuted", 1.0),
        ("T7-unpermuted", 10.0),
        ("M-critical", 0.3),
        ("M-gradient", 1.0),
        ("M-unselective", (1 - 0.35 / 0.99) / (1 - 0.30 / 0.97)),
    ],
)
def test_effects_are_what_the_tables_were_made_with(target, expected):
    row = verdicts([network(jitter=0)])[target]
    assert row["effect"] == pytest.approx(expected, rel=1e-9, abs=1e-12)


CONTRADICTIONS = {
    "T1-permuted": {"geometry": {("best", "permuted", "capacity"): ramp(0.04, 0.06, 2)}},
    "T1-restored": {"geometry": {("best", "restored", "capacity"): ramp(0.041, 0.041, 2)}},
    "T2-final": {"geometry": {("last", "permuted", "capacity"): ramp(0.038, 0.045, 8)}},
    "T2-early": {"geometry": {("last", "permuted", "capacity"): ramp(0.038, 0.095, 1)}},
    "T3-radius": {"geometry": {("last", "permuted", "radius"): np.full(LAYERS, 1.5)}},
    "T3-dimension": {"geometry": {("last", "permuted", "dimension"): np.full(LAYERS, 34.0)}},
    "T4": {"geometry": {("last", "restored", "capacity"): ramp(0.041, 0.055, 2)}},
    "T5": {"geometry": {("last", "test", "capacity"): ramp(0.041, 0.07, 2)}},
    "T8-recovers": {"rewind": {("suffix", "test"): np.full(LAYERS, 0.29)}},
    "T8-forgets": {"rewind": {("suffix", "permuted"): np.full(LAYERS, 0.9)}},
    "T8-early": {"rewind": {("single", "test"): np.full(LAYERS, 0.39)}},
    "M-critical": {"rewind": {("single", "permuted"): np.r_[np.full(8, 0.95), np.full(4, 0.2)]}},
    "M-unselective": {"rewind": {("single", "unpermuted"): np.full(LAYERS, 0.98)}},
    "N-shuffled": {"geometry": {("last", "shuffled", "capacity"): ramp(0.04, 0.06, 2)}},
    "N-surrogate": {"geometry": {("last", "surrogate", "capacity"): ramp(0.04, 0.06, 2)}},
    "N-permuted": {"geometry": {("best", "shuffled", "capacity"): ramp(0.04, 0.06, 2)}},
    "N-restored": {"geometry": {("last", "shuffled", "capacity"): ramp(0.04, 0.06, 2)}},
}


@pytest.mark.parametrize("target", CONTRADICTIONS)
def test_the_opposite_is_contradicted_and_nothing_else(target):
    changes = CONTRADICTIONS[target]
    tables = {
        "geometry": geometry_table({**PAPER, **changes.get("geometry", {})}),
        "rewind": rewind_table({**REWOUND, **changes.get("rewind", {})}),
    }
    found = verdicts([network(seed, **tables) for seed in SEEDS])
    assert found[target]["verdict"] == "contradicted", found[target]


@pytest.mark.parametrize(
    ("target", "gradients"),
    [
        ("T7-permuted", {"permuted": 3.0}),
        ("T7-unpermuted", {"unpermuted": 1.0}),
        ("M-gradient", {"late_fraction": 5.0}),
    ],
)
def test_gradients_that_contradict(target, gradients):
    found = verdicts([network(seed, gradients=gradients_table(**gradients)) for seed in SEEDS])
    assert found[target]["verdict"] == "contradicted"


def test_the_best_epoch_can_be_another_one():
    runs = [network(seed) for seed in SEEDS]
    called = [dataclasses.replace(run, best_epoch=LAST, _curves={}) for run in runs]
    assert verdicts(runs)["T2-final"]["effect"] == pytest.approx(2.5)
    effects = [verdicts(those)["T1-permuted"]["effect"] for those in (runs, called)]
    assert effects[0] < 0.1 < 1 < effects[1]
    row = verdicts(called)["T2-final"]
    assert row["verdict"] == "not measured"
    assert f"the best epoch is the last one ({LAST})" in row["remark"]
    missing = [dataclasses.replace(run, best_epoch=LAST + 1, _curves={}) for run in runs]
    row = verdicts(missing)["T2-final"]
    assert row["verdict"] == "not measured"
    assert f"no geometry at epoch {LAST + 1}" in row["remark"]


def test_too_few_seeds_decide_nothing():
    found = verdicts([network(seed) for seed in (0, 1)])
    assert {row["verdict"] for row in found.values()} <= {"undecided", "not measured"}
    assert "2 seeds of 3" in found["T2-final"]["remark"]
    assert "supported" in found["T2-final"]["remark"]


def test_a_suffix_that_was_not_rewound_might_bring_more_back():
    """What the suffixes that were tried bring back contradicts nothing."""
    run = network(0)
    table = run.tables["rewind"]
    few = table[~table["scheme"].isin(["suffix"]) | (table["layer_index"] == LAYERS - 1)]
    found = verdicts([network(seed, rewind=few) for seed in SEEDS])
    for target in ("T8-recovers", "T8-forgets"):
        assert found[target]["verdict"] == "not measured"
        assert "second half, of which rewind.layers leaves out" in found[target]["remark"]


def test_gradients_before_the_best_epoch_alone_say_nothing_about_those_after_it():
    table = network(0).tables["gradients"]
    found = verdicts([network(seed, gradients=table[table["epoch"] == 0]) for seed in SEEDS])
    assert found["M-gradient"]["verdict"] == "not measured"
    assert "gradients.epochs has no epoch from the best one on" in found["M-gradient"]["remark"]
    assert found["T7-permuted"]["verdict"] == "supported"


def test_seeds_that_disagree_are_undecided():
    grown = [0.05, 0.09, 0.13]
    runs = [
        network(
            seed,
            geometry=geometry_table({**PAPER, ("last", "permuted", "capacity"): ramp(0.038, g, 8)}),
        )
        for seed, g in zip(SEEDS, grown, strict=True)
    ]
    row = verdicts(runs)["T2-final"]
    assert row["verdict"] == "undecided"
    assert row["seeds_lo"] < 2 < row["seeds_hi"]


@pytest.mark.parametrize(
    ("error", "spread", "source"), [(0.8, 0, "vectors"), (0.001, 2, "manifolds")]
)
def test_each_source_of_chance_alone_keeps_a_verdict_open(error, spread, source):
    close = {**PAPER, ("last", "restored", "capacity"): ramp(0.041, 0.0435, 2)}
    runs = [network(seed, geometry=geometry_table(close, error, spread)) for seed in SEEDS]
    row = verdicts(runs)["T4"]
    assert row["effect"] == pytest.approx(0.0875, rel=0.1)
    assert row["verdict"] == "undecided"
    assert row[f"{source}_lo"] < 0.1 < row[f"{source}_hi"]


def test_a_network_that_never_memorized_is_not_judged_on_memorization():
    accuracy = accuracy_table({**ACCURACY, ("last", "permuted"): 0.5})
    found = verdicts([network(seed, accuracy=accuracy) for seed in SEEDS])
    for target in TARGETS.values():
        if target.claim in ("C2", "C3", "M"):
            row = found[target.name]
            assert row["verdict"] == "not measured"
            assert "permuted accuracy 0.50" in row["remark"]
    assert found["T1-permuted"]["verdict"] == "supported"


def test_nothing_lost_is_nothing_to_recover():
    accuracy = accuracy_table({**ACCURACY, ("last", "test"): 0.39})
    row = verdicts([network(seed, accuracy=accuracy) for seed in SEEDS])["T8-recovers"]
    assert row["verdict"] == "not measured"
    assert "nothing to recover" in row["remark"]


def test_a_diverged_seed_is_named_and_left_out():
    def cut(table):
        return table[~table["last"]]

    whole = network(9)
    diverged = network(9, **{name: cut(table) for name, table in whole.tables.items()})
    found = verdicts([*(network(seed) for seed in SEEDS), diverged])
    assert found["T2-final"]["verdict"] == "supported"
    assert found["T2-final"]["n_seeds"] == 3
    assert "seed 9" in found["T2-final"]["remark"]
    assert "diverged" in found["T2-final"]["remark"]
    # Its best epoch is the best of few: before anything is learned permuted capacity is 2/M.
    assert found["T1-permuted"]["n_seeds"] == 3
    assert "seed 9: no last epoch: the training diverged" in found["T1-permuted"]["remark"]


def test_only_diverged_seeds_leave_nothing_measured():
    whole = network(0)
    cut = {name: table[~table["last"]] for name, table in whole.tables.items()}
    found = verdicts([network(seed, **cut) for seed in SEEDS])
    assert found["T2-final"]["verdict"] == "not measured"
    assert np.isnan(found["T2-final"]["effect"])


def test_without_noise_there_are_no_permuted_examples():
    def clean(table):
        return table[~table["kind"].isin(["permuted", "restored"])]

    tables = {name: clean(table) for name, table in network(0).tables.items()}
    found = verdicts([network(seed, noise=0, **tables) for seed in SEEDS])
    assert "no permuted examples at label noise 0" in found["T2-final"]["remark"]
    assert found["T2-final"]["verdict"] == "not measured"
    assert found["N-noiseless"]["verdict"] == "contradicted"  # test capacity .062 -> .047
    assert found["N-shuffled"]["verdict"] == "supported"


@pytest.mark.parametrize("table", ["accuracy", "geometry", "rewind", "gradients"])
def test_a_missing_table_is_not_measured(table):
    found = verdicts([network(seed, **{table: None}) for seed in SEEDS])
    asking = {"accuracy": "T8-recovers", "geometry": "T5", "rewind": "T8-early"}
    row = found[asking.get(table, "T7-permuted")]
    assert row["verdict"] == "not measured"
    assert f"no {table} table" in row["remark"]


def sweep(seed, final_test, best_test, dimension, radius):
    runs = []
    for width, (last, best, d, r) in enumerate(
        zip(final_test, best_test, dimension, radius, strict=True), start=4
    ):
        accuracy = {**ACCURACY, ("last", "test"): last, ("best", "test"): best}
        geometry = {
            **PAPER,
            ("last", "test", "dimension"): np.full(LAYERS, d),
            ("last", "test", "radius"): np.full(LAYERS, r),
            ("best", "test", "dimension"): np.full(LAYERS, 30.0 - width),
            ("best", "test", "radius"): np.full(LAYERS, 2 - width / 10),
        }
        rewound = {**REWOUND, ("none", "test"): [last], ("all", "test"): [best]}
        tables = {
            "accuracy": accuracy_table(accuracy, n=5000),
            "geometry": geometry_table(geometry),
            "rewind": rewind_table(rewound),
        }
        runs.append(network(seed, width, **tables))
    return runs


def sweep_verdicts(without=None, **curves):
    runs = [run for seed in SEEDS for run in sweep(seed, **curves)]
    for run in runs:
        run.tables.pop(without, None)
    return {row["target"]: row for row in judge_all(runs, SETTINGS) if row["width"] is None}


def test_widths_are_compared_image_by_image_where_they_were_rewound():
    curves = {
        "final_test": [0.45, 0.51, 0.45, 0.55, 0.62],
        "best_test": [0.45, 0.52, 0.54, 0.58, 0.63],
        "dimension": np.full(5, 30.0),
        "radius": np.full(5, 1.2),
    }
    paired = sweep_verdicts(**curves)["T6-dip"]
    apart = sweep_verdicts(**curves, without="rewind")["T6-dip"]
    assert paired["effect"] == pytest.approx(apart["effect"]) == pytest.approx(0.06)
    # Made-up networks get the easiest images right, so that .06 of all 5000 differ and no more.
    assert paired["images_hi"] - 0.06 == pytest.approx(1.96 * np.sqrt(0.06 / 5000), rel=0.4)
    assert apart["images_hi"] - 0.06 > 1.5 * (paired["images_hi"] - 0.06)


def test_double_descent_is_seen():
    found = sweep_verdicts(
        final_test=[0.45, 0.51, 0.45, 0.55, 0.62],
        best_test=[0.45, 0.52, 0.54, 0.58, 0.63],
        dimension=[28.5, 26, 29, 25, 21],
        radius=[1.34, 1.27, 1.25, 1.2, 1.07],
    )
    assert {row["verdict"] for row in found.values()} == {"supported"}
    assert found["T6-dip"]["effect"] == pytest.approx(0.06)
    assert found["T6-dimension"]["effect"] == pytest.approx((29 - 26) / 25.9)


def test_monotone_curves_show_no_double_descent():
    found = sweep_verdicts(
        final_test=[0.45, 0.5, 0.55, 0.6, 0.65],
        best_test=[0.45, 0.52, 0.56, 0.6, 0.66],
        dimension=[28, 27, 26, 25, 24],
        radius=[1.2, 1.3, 1.1, 1.25, 1.0],
    )
    assert found["T6-dip"]["verdict"] == "contradicted"
    assert found["T6-dimension"]["verdict"] == "contradicted"


def test_a_sweep_of_narrow_networks_is_not_judged():
    narrow = accuracy_table({**ACCURACY, ("last", "permuted"): 0.2})
    runs = [network(s, width, accuracy=narrow) for s in SEEDS for width in (2, 4, 6, 8)]
    row = next(r for r in judge_all(runs, SETTINGS) if r["target"] == "T6-dip")
    assert row["verdict"] == "not measured"


def test_dips():
    curves = np.array([[1, 3, 2, 4], [4, 3, 2, 1], [1, 2, 3, 4], [3, 1, 2, 0], [2, 2, 2, 2.0]])
    own = [effects.dip(curve[None], curve)[0] for curve in curves]
    np.testing.assert_allclose(own, [1, -1, -1, 1, 0])
    # where the guide dips, whatever the curve does there
    np.testing.assert_allclose(effects.dip(curves, curves[0]), [1, 1, -1, -1, 0])


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_noise_between_seeds_is_no_dip(spread):
    """Both curves rise; the last epoch's has twice the noise, so its deepest dip is deeper."""
    random, width = np.random.default_rng(0), np.arange(7)
    found, own = [], []
    for _ in range(40):
        runs = {}
        for seed in range(4):
            last = 0.6 + 0.005 * width + spread * random.standard_normal(7)
            best = 0.6 + 0.03 * width + spread / 2 * random.standard_normal(7)
            runs[seed] = [
                network(
                    seed, w, geometry=None, rewind=None, gradients=None,
                    accuracy=accuracy_table({("last", "test"): x, ("best", "test"): y}),
                )
                for w, x, y in zip(width, last, best, strict=True)
            ]  # fmt: skip
            own.append(effects.dip(last[None], last)[0] - effects.dip(best[None], best)[0])
        for seed, sweep_ in runs.items():
            others = zip(*(runs[each] for each in runs if each != seed), strict=True)
            views = [View(run, others=of) for run, of in zip(sweep_, others, strict=True)]
            found.append(effects.extra_dip(views)[0])
    assert np.mean(found) < 0.1 * spread < np.mean(own)


@pytest.mark.parametrize("source", SOURCES)
def test_alone_a_seed_has_its_dip_where_it_was_measured(source):
    """Whatever its replicates do."""
    runs = sweep(0, [0.45, 0.51, 0.45, 0.46, 0.62], [0.45, 0.52, 0.54, 0.58, 0.63],
                 np.full(5, 30.0), np.full(5, 1.2))  # fmt: skip
    found = effects.extra_dip([View(run, source=source, count=50) for run in runs])
    last = np.stack([View(r, source, 50).nothing_rewound("test") for r in runs], axis=1)
    np.testing.assert_allclose(found, np.minimum(last[:, 1], last[:, 4]) - last[:, 2])


def test_a_seed_without_one_of_the_widths_is_named():
    curves = {
        "final_test": [0.45, 0.51, 0.45, 0.55, 0.62], "best_test": [0.45, 0.52, 0.54, 0.58, 0.63],
        "dimension": np.full(5, 30.0), "radius": np.full(5, 1.2),
    }  # fmt: skip
    runs = [run for seed in SEEDS for run in sweep(seed, **curves)]
    runs = [run for run in runs if (run.seed, run.width) != (SEEDS[0], 6)]
    row = next(r for r in judge_all(runs, SETTINGS) if r["target"] == "T6-dip")
    assert f"seed {SEEDS[0]}: no network of width 6" in row["remark"]
    assert row["n_seeds"] == len(SEEDS) - 1


@pytest.mark.parametrize("kept", [[1], [7, 11], [11]])
def test_what_is_said_of_all_layers_takes_all_of_them_rewound(kept):
    table = rewind_table(REWOUND)
    single = table["scheme"] == "single"
    table = table[~single | table["layer_index"].isin(kept)]
    found = verdicts([network(seed, rewind=table) for seed in SEEDS])
    for target in ("M-critical", "M-unselective", "T8-early"):
        assert found[target]["verdict"] == "not measured"
        assert "rewind.layers leaves out" in found[target]["remark"]


@pytest.mark.parametrize("bound", ["at least", "at most"])
def test_decisions(bound):
    def decided(effect, lo, hi, seeds=3):
        ends = {"total": (lo, hi), "images": (np.nan, np.nan)}
        return decide(effect, ends, 1, bound, seeds, 3)[0]

    above, below = ("supported", "contradicted")[:: 1 if bound == "at least" else -1]
    assert decided(2, 1.5, 2.5) == above
    assert decided(0.5, 0.2, 0.8) == below
    assert decided(1.5, 0.9, 2.1) == "undecided"
    assert decided(0.9, 0.5, 1.3) == "undecided"
    assert decided(2, 1.5, 2.5, seeds=2) == "undecided"
    assert decided(2, np.nan, np.nan) == above
    assert decided(np.nan, np.nan, np.nan) == "not measured"


@pytest.mark.parametrize("source", SOURCES)
def test_replicates_are_the_same_whatever_was_asked_before(source):
    run = network(0)
    first = View(run, source, 20).accuracy("last", "test")
    other = View(run, source, 20)
    other.geometry("last", "test", "capacity", depth.every)
    other.accuracy("best", "test")
    np.testing.assert_array_equal(other.accuracy("last", "test"), first)
    again = View(run, source, 20).geometry("last", "test", "capacity", depth.every)
    np.testing.assert_array_equal(other.geometry("last", "test", "capacity", depth.every), again)


def test_replicates_spread_as_their_source_does():
    error, spread = 0.02, 0.1
    run = network(0, jitter=0, geometry=geometry_table(PAPER, error, spread))
    curve = PAPER["last", "test", "radius"]
    n_manifolds = 20
    vectors = View(run, "vectors", 4000).geometry("last", "test", "radius", depth.every)
    np.testing.assert_allclose(vectors.std(axis=0), curve * error / 1.96, rtol=0.06)
    manifolds = View(run, "manifolds", 4000).geometry("last", "test", "radius", depth.every)
    factors = np.exp(spread * np.linspace(-1, 1, n_manifolds))
    # a trimmed mean's error: that of the winsorized values (Tukey and McLaughlin, 1963)
    quarter = n_manifolds // 4
    ends = factors[quarter], factors[-quarter - 1]
    winsorized = np.clip(factors, *ends).std(ddof=1) / (1 - 2 * quarter / n_manifolds)
    expected = curve * winsorized / factors[quarter:-quarter].mean() / np.sqrt(n_manifolds)
    np.testing.assert_allclose(manifolds.std(axis=0), expected, rtol=0.1)
    images = View(run, "images", 4000).accuracy("last", "test")
    np.testing.assert_allclose(images.std(), np.sqrt(0.28 * 0.72 / 20_000), rtol=0.06)


def test_every_statement_has_a_claim_and_functions():
    for target in SETTINGS["targets"]:
        statement = resolved(target)
        assert statement.claim in CLAIMS
        assert callable(statement.effect) and all(map(callable, statement.needs))


def test_a_configuration_overrides_a_threshold_and_adds_statements():
    other = {"value": 0.3, "source": "made up"}
    own = {
        "effect": "geomem.claims.effects:permuted_gain",
        "statement": "It grows by a factor of at least {}.",
        "bound": "at least",
        "value": 1.5,
        "source": "made up too",
    }
    claims = {"thresholds": {"T4": other}, "own": {"grows": own}}
    found = {target["name"]: target for target in targets_of(claims)}
    assert (found["T4"]["value"], found["T4"]["source"]) == (0.3, "made up")
    assert found["T5"]["value"] == TARGETS["T5"].value
    settings = {**SETTINGS, "targets": [found["grows"]]}
    row = verdicts([network(seed) for seed in SEEDS], settings)["grows"]
    assert (row["claim"], row["threshold"], row["verdict"]) == ("own", 1.5, "supported")
    assert row["statement"] == "It grows by a factor of at least 1.5."


def test_rows_have_the_tables_columns():
    rows = judge_all([network(0)], SETTINGS)
    assert set(rows[0]) | {"experiment"} == set(COLUMNS)


def test_widths_and_seeds_share_what_is_the_same_for_them():
    """Vectors and classes; test images between seeds, not between widths (wider than the truth)."""
    runs = network(0, width=4, jitter=0), network(0, width=8, jitter=0), network(1, jitter=0)

    def three(source, ask):
        return [ask(View(run, source, 200)) for run in runs]

    narrow, wide, other_seed = three("images", lambda view: view.accuracy("last", "test"))
    assert abs(np.corrcoef(narrow, wide)[0, 1]) < 0.3
    np.testing.assert_array_equal(wide, other_seed)
    _, permuted, of_other_seed = three("images", lambda view: view.accuracy("last", "permuted"))
    assert abs(np.corrcoef(permuted, of_other_seed)[0, 1]) < 0.3
    for source in ("vectors", "manifolds"):
        found = three(source, lambda view: view.geometry("last", "test", "radius", depth.every))
        assert np.ptp(found[0], axis=0).min() > 0
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12)
        np.testing.assert_allclose(found[1], found[2], rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.0005, 0.9995, 1.0])
def test_replicates_of_accuracies_stay_between_0_and_1(value):
    run = network(0, accuracy=accuracy_table({("last", "test"): value}, n=400))
    drawn = View(run, "images", 4000).accuracy("last", "test")
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert 0.0004 < drawn.std() < 0.003
