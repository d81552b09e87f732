"""The headline of an experiment: its numbers are those of the tables, and its sentences true."""

import json

import numpy as np
import pytest
from geomem.claims import effects
from geomem.claims.evidence import View
from geomem.headlines.sentences import headlines
from geomem.storage.tables import read_document, write_table

from scripts import write_headline
from tests.claims.made_up import ACCURACY, PAPER, accuracy_table, network
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
    assert "28 % at the last" in by_title(said)["Accuracy"]
    only = found([network(0, accuracy=gone)])
    assert by_title(only)["Accuracy"] == "Every training diverged."


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
