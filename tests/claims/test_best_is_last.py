"""Networks that end at their best epoch: what they lost is nothing, what lies between unknown."""

import dataclasses

import numpy as np
import pytest
from geomem.claims import judge
from geomem.claims.judge import judge_all

from tests.claims.made_up import (
    ACCURACY,
    LAST,
    LAYERS,
    REWOUND,
    accuracy_table,
    geometry_table,
    network,
    rewind_table,
)
from tests.claims.test_verdicts import SETTINGS


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(judge, "REPLICATES", 60)


def clean(seed, fall=0.0, ends_at_best=False):
    """Without label noise: final test capacity falls from the best epoch to the last."""
    end = 0.05 * (1 - fall - 0.001 * seed)
    geometry = geometry_table(
        {
            ("best", "test", "capacity"): np.full(LAYERS, 0.05),
            ("last", "test", "capacity"): np.full(LAYERS, end),
        }
    )
    accuracy = accuracy_table({key: x for key, x in ACCURACY.items() if key[1] == "test"})
    if ends_at_best:
        geometry = geometry[geometry["last"]].assign(best=True)
        accuracy = accuracy.assign(best=accuracy["last"])
    return network(seed, noise=0, accuracy=accuracy, geometry=geometry, rewind=None, gradients=None)


def judged(runs, *names):
    """The rows of some targets, by name."""
    targets = [target for target in SETTINGS["targets"] if target["name"] in names]
    return {row["target"]: row for row in judge_all(runs, {**SETTINGS, "targets": targets})}


def noiseless(runs):
    return judged(runs, "N-noiseless")["N-noiseless"]


def test_networks_that_end_at_their_best_lost_nothing():
    """Three of ten fall by 8 %: taken alone they would contradict what all ten leave open."""
    falling = [clean(seed, 0.08) for seed in range(3)]
    row = noiseless(falling)
    assert row["effect"] == pytest.approx(-0.081) and row["verdict"] == "contradicted"
    rest = [clean(seed, ends_at_best=True) for seed in range(3, 10)]
    row = noiseless([*falling, *rest])
    assert (row["n_seeds"], row["remark"]) == (10, "an interval contains the threshold")
    assert row["effect"] == pytest.approx(-0.0243) and row["verdict"] == "undecided"
    row = noiseless(rest)
    assert (row["effect"], row["verdict"], row["n_seeds"]) == (0, "supported", 7)


def test_one_epoch_alone_says_nothing_of_a_change():
    runs = [clean(seed, ends_at_best=True) for seed in range(3)]
    for run in runs:
        table = run.tables["accuracy"]
        run.tables["accuracy"] = table[table["last"]]
    row = noiseless(runs)
    assert row["verdict"] == "not measured" and np.isnan(row["effect"])
    assert row["remark"] == f"the best epoch is the last one ({LAST}); nothing lies between"


def test_a_best_epoch_that_is_configured_to_be_the_last_says_nothing_of_a_change():
    runs = [dataclasses.replace(clean(seed, 0.08), best_epoch=LAST) for seed in range(3)]
    row = noiseless(runs)
    assert row["verdict"] == "not measured"
    assert f"the best epoch is the last one ({LAST})" in row["remark"]


def rewound(late):
    """Alone, layers before the last third cost .6 of the permuted accuracy, those in it less."""
    single = np.r_[np.full(8, 0.37), np.full(4, late)]
    return rewind_table({**REWOUND, ("single", "permuted"): single})


def ended_at_best(seed):
    """Rewound to its best epoch, which is its last, a network is what it was."""
    run = network(seed)
    table = run.tables["rewind"]
    final = table[table["scheme"] == "none"].set_index("kind")
    table = table[table["kind"].isin(final.index)]
    same = {name: table["kind"].map(final[name]) for name in ("value", "correct")}
    run.tables["rewind"] = table.assign(**same, epoch=LAST, best=True, last=True)
    for name in ("accuracy", "geometry"):
        run.tables[name] = run.tables[name].assign(best=run.tables[name]["last"])
    return run


def test_layers_rewound_to_the_last_epoch_say_nothing_of_criticality():
    runs = [network(seed, rewind=rewound(0.6 + 0.01 * seed)) for seed in range(3)]
    targets = "M-critical", "M-unselective"
    whole, found = judged(runs, *targets), judged([*runs, ended_at_best(3)], *targets)
    reason = f"the best epoch is the last one ({LAST}); nothing lies between"
    for target in targets:
        assert whole[target]["n_seeds"] == found[target]["n_seeds"] == 3
        assert found[target]["effect"] == whole[target]["effect"] != 0
        assert found[target]["verdict"] == whole[target]["verdict"]
        assert found[target]["remark"].endswith(f"seed 3: {reason}")
    alone = judged([ended_at_best(seed) for seed in range(3)], *targets)
    for target in targets:
        assert (alone[target]["verdict"], alone[target]["remark"]) == ("not measured", reason)


def test_layers_rewound_to_an_earlier_epoch_do():
    row = judged([network(0, rewind=rewound(0.6))], "M-critical")["M-critical"]
    assert row["effect"] == pytest.approx(0.6 - 0.37)
