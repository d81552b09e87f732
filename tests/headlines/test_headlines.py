"""The headline of an experiment: its numbers are those of the tables, and its sentences true."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from geomem.claims import effects
from geomem.claims.evidence import View
from geomem.headlines.measure import headline
from geomem.headlines.sentences import about, headlines
from geomem.storage.tables import read_document, write_table

from scripts import write_headline
from tests.claims.made_up import (
    ACCURACY,
    BEST,
    PAPER,
    REWOUND,
    accuracy_table,
    geometry_table,
    network,
    rewind_table,
)
from tests.headlines.examples import collected, described, found, judged


@pytest.fixture(scope="module")
def paper():
    return found()


def by_title(headline):
    return {title: text for title, text in headlines(headline)}


def test_accuracies_are_means_over_seeds(paper):
    (cell,) = paper["cells"]
    assert (cell["noise"], cell["width"], cell["seeds"]) == (0.5, 8, 3)
    for epoch in ("best", "last"):
        for kind in ("test", "permuted"):
            assert cell["accuracy"][epoch][kind] == pytest.approx(ACCURACY[epoch, kind])
    text = by_title(paper)["Accuracy"]
    assert "40 % at the best epoch (10) and 28 % at the last (30)" in text
    assert "97 % of the permuted labels" in text


def test_layers_are_those_whose_capacity_grows(paper):
    """The made-up capacity rises from layer 8 on. The jitter of a seed moves both epochs alike."""
    measured = paper["cells"][0]["memorization"]
    expected = PAPER["last", "permuted", "capacity"] / PAPER["best", "permuted", "capacity"]
    assert [name for name, _ in measured["layers"]] == [f"layer{i}" for i in range(12)]
    assert np.allclose([ratio for _, ratio in measured["layers"]], expected)
    text = by_title(paper)["Memorization"]
    assert "only in the last 3 layers (layer9, layer10 and layer11)" in text
    assert "In the final layer it grows 2.5 times (95 % interval" in text


def test_rewinding_is_the_suffix_that_the_claims_are_about(paper):
    rewound = paper["cells"][0]["rewinding"]
    view = View(network(0))
    assert rewound["layers"] == ["layer6"], "first of those with the highest validation accuracy"
    assert rewound["test"] == pytest.approx([0.28, 0.39])
    assert rewound["permuted"] == pytest.approx([0.97, 0.06])
    assert rewound["recovered"]["value"] == pytest.approx(effects.suffix_recovery(view)[0])
    text = by_title(paper)["Rewinding"]
    assert "from 28 % to 39 %: 92 % of what was lost" in text
    assert "Permuted accuracy goes from 97 % to 6 %" in text


def test_verdicts_are_counted(paper):
    claims = judged([network(seed) for seed in range(3)])
    assert sum(paper["claims"].values()) == len(claims)
    supported = (claims["verdict"] == "supported").sum()
    assert supported and f"{supported} supported" in by_title(paper)["Claims"]


def test_what_was_not_measured_says_why():
    """Without rewinding, and with a permuted accuracy that is too low for a verdict."""
    forgot = accuracy_table({**ACCURACY, ("last", "permuted"): 0.5})
    runs = [network(seed, accuracy=forgot, rewind=None) for seed in range(3)]
    said = by_title(found(runs))
    assert "Not judged: not memorized" in said["Memorization"]
    assert "not measured: " in said["Rewinding"] and "not memorized" in said["Rewinding"]
    said = by_title(found([network(seed, geometry=None) for seed in range(3)]))
    assert "no capacity was measured" in said["Memorization"]


def test_without_label_noise_there_is_nothing_to_memorize():
    clean = {key: value for key, value in ACCURACY.items() if key[1] != "permuted"}
    run = network(noise=0, accuracy=accuracy_table(clean))
    assert set(by_title(found([run]))) == {"Accuracy", "Claims"}


def test_diverged_trainings_are_counted_and_leave_the_others():
    gone = accuracy_table({("best", "test"): 0.1, ("best", "permuted"): 0.1})
    runs = [network(0), network(1), network(2, accuracy=gone)]
    said = found(runs)
    assert (said["networks"], said["diverged"]) == (3, 1)
    assert "40 % at the best epoch (10) and 28 % at the last" in by_title(said)["Accuracy"]
    assert said["cells"][0]["accuracy"] == found(runs[:2])["cells"][0]["accuracy"]
    only = found([network(0, accuracy=gone)])
    assert by_title(only)["Accuracy"] == "Every training diverged."


def test_rewinding_and_growth_are_of_the_networks_that_are_judged():
    """Networks that did not memorize would move the means, and have no part in the fractions."""
    values = {**REWOUND, ("none", "test"): [0.35], ("none", "permuted"): [0.5]}
    forgot = {
        "accuracy": accuracy_table({**ACCURACY, ("last", "permuted"): 0.5}),
        "geometry": geometry_table({key: 2 * curve for key, curve in PAPER.items()}),
        "rewind": rewind_table(values),
    }
    forgot["geometry"].loc[forgot["geometry"]["last"], "value"] *= 3
    runs = [network(0), network(1), network(2, **forgot)]
    (cell,), (alone,) = found(runs)["cells"], found(runs[:2])["cells"]
    for part, names in (
        ("rewinding", ("test", "permuted", "layers")),
        ("memorization", ("layers",)),
    ):
        assert [cell[part][name] for name in names] == [alone[part][name] for name in names]
        assert (cell[part]["seeds"], cell["seeds"]) == (2, 3)
        assert "This is of 2 of 3 networks" in by_title(found(runs))[part.capitalize()]
        assert "networks;" not in by_title(found(runs[:2]))[part.capitalize()]
    (before, after), recovered = cell["rewinding"]["test"], cell["rewinding"]["recovered"]
    assert (after - before) / (0.4 - before) == pytest.approx(recovered["value"])


def test_the_best_epoch_is_the_configured_one():
    """Capacity at epoch 5 is halfway: growth since then is that of the verdict, not of epoch 10."""
    runs, early = [], 5
    for seed in range(3):
        run = network(seed)
        of_best = {key: curve for key, curve in PAPER.items() if key[0] == "best"}
        of_best["best", "permuted", "capacity"] = PAPER["last", "permuted", "capacity"] / 1.5
        geometry = geometry_table(of_best).assign(epoch=early, best=False)
        accuracy = accuracy_table({("best", "test"): 0.3, ("best", "permuted"): 0.04})
        tables = {
            "geometry": pd.concat([run.tables["geometry"], geometry], ignore_index=True),
            "accuracy": pd.concat(
                [run.tables["accuracy"], accuracy.assign(epoch=early, best=False)],
                ignore_index=True,
            ),
        }
        runs.append(dataclasses.replace(run, tables=tables, best_epoch=early))
    claims = judged(runs, best_epoch=early)
    said = headline(collected(runs), claims, described(best_epoch=early))
    (cell,) = said["cells"]
    assert cell["accuracy"]["best"] == {"epochs": [5, 5], "test": 0.3, "permuted": 0.04}
    grown = cell["memorization"]
    assert grown["gain"]["value"] == pytest.approx(1.5, rel=0.01)
    assert [ratio for _, ratio in grown["layers"]] == pytest.approx([1.5] * 12, rel=0.01)
    assert "30 % at the best epoch (5) and 28 % at the last (30)" in by_title(said)["Accuracy"]
    validation = found(runs=[dataclasses.replace(run, best_epoch=None) for run in runs])
    assert validation["cells"][0]["accuracy"]["best"]["epochs"] == [BEST, BEST]


def test_an_epoch_that_no_training_came_to_is_not_told_as_divergence():
    runs = [network(0)]
    said = headline(collected(runs), judged(runs), described(best_epoch=25))
    assert by_title(said)["Accuracy"].startswith("Test accuracy is 28 % at the last epoch (30).")
    many = [network(0, width=width) for width in (2, 4, 8)]
    for run, last in zip(many, (0.2, 0.3, 0.4), strict=True):
        run.tables["accuracy"] = accuracy_table({**ACCURACY, ("last", "test"): last})
    said = headline(collected(many), judged(many), described(best_epoch=25, widths=[2, 4, 8]))
    assert "Test accuracy is 20 to 40 % at the last epoch." in by_title(said)["Accuracy"]


def test_label_noise_is_the_setting_with_how_many_labels_are_wrong():
    """Of labels from a file, all taken is label noise 1; two fifths of these are wrong."""
    human = accuracy_table(ACCURACY)
    human["n"] = human["kind"].map({"permuted": 4_000, "unpermuted": 6_000, "test": 5_000})
    clean = human[human["kind"] != "permuted"]
    for table in (human, clean):
        train = table[table["kind"] == "unpermuted"].assign(kind="train", n=10_000)
        runs = [network(0, noise=float(table is human), accuracy=pd.concat([table, train]))]
        said = found(runs, label_noise=[runs[0].noise], seeds=1)
        expected = "label noise 1 (40 % of the labels wrong), " if table is human else "noise 0, 1"
        assert expected in about(said)
        assert said["cells"][0]["wrong_labels"] == (0.4 if table is human else 0)
    assert "label noise 0.5, 3 seeds" in about(found()), "not known without the number of images"


def test_many_conditions_are_told_by_their_range():
    runs = [network(0, width=width) for width in (2, 4, 8)]
    runs[0].tables["accuracy"] = accuracy_table({**ACCURACY, ("best", "test"): 0.3})
    runs[1].tables["accuracy"] = accuracy_table({**ACCURACY, ("best", "test"): 0.35})
    said = headlines(found(runs, widths=[2, 4, 8]))
    accuracy = [text for title, text in said if title == "Accuracy"]
    assert accuracy == [
        "Test accuracy is 30 to 40 % at the best epoch and 28 % at the last. The last networks fit "
        "97 % of the permuted labels."
    ]


def test_the_command_writes_the_same_bytes_twice(tmp_path):
    runs = [network(seed) for seed in range(3)]
    tables = collected(runs)
    names = ("accuracy", "geometry", "rewind")
    for name in names:
        write_table(tmp_path / f"{name}.parquet", tables[name], {})
    write_table(tmp_path / "claims.parquet", judged(runs), {})
    arguments = [
        *("--spec", json.dumps(described()), "--claims", f"{tmp_path}/claims.parquet"),
        *("--tables", *(f"{name}={tmp_path}/{name}.parquet" for name in names)),
    ]
    for output in ("a.json", "b.json"):
        write_headline.main([*arguments, "--output", str(tmp_path / output)])
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_document(tmp_path / "a.json")["cells"] == found(runs)["cells"]
