"""Single training images: learned, forgotten, remembered by which layers."""

import json

import list_examples
import numpy as np
import pandas as pd
import pytest
from geomem.analysis.examples import (
    COLUMNS,
    chosen_images,
    example_table,
    learning_events,
)
from geomem.collecting import RunTables, check_columns, collect
from geomem.figures import examples as figure
from geomem.registry.tables import TABLES
from geomem.storage.tables import read_table, write_table
from geomem.training.correctness import correctness, correctness_table, epochs_wrong

RNG = np.random.default_rng(0)
N, EPOCHS = 37, [0, 1, 2, 5, 9]


def slow_events(history, epochs):
    """Of one image, by walking through its history."""
    first = last = None
    events, before = 0, False
    for epoch, now in zip(epochs, history, strict=True):
        if now and not before:
            first = epoch if first is None else first
            last = epoch
        events += before and not now
        before = now
    return first, last, events, before


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_events_are_those_of_a_walk_through_each_history(rate):
    right = RNG.random((9, 200)) < rate
    epochs = [0, 1, 2, 3, 4, 5, 10, 20, 40]
    found = learning_events(right, epochs)
    for image in range(200):
        first, last, events, end = slow_events(right[:, image], epochs)
        values = [found[name][image] for name in ("first_learned", "last_learned")]
        expected = [np.nan if x is None else x for x in (first, last)]
        np.testing.assert_array_equal(values, expected)
        assert found["forgetting_events"][image] == events
        assert found["epochs_wrong"][image] == list(right[:, image]).count(False)
        assert found["right_at_end"][image] == end


def labels():
    true = np.arange(N) % 3
    kind = np.where(np.arange(N) % 2, "permuted", "unpermuted")
    assigned = np.where(kind == "permuted", (true + 1) % 3, true)
    return pd.DataFrame(
        {"index": np.arange(N), "true_label": true, "assigned_label": assigned, "kind": kind}
    )


def table(right):
    packed = np.packbits(np.stack([right, ~right], axis=1), axis=2)
    return pd.DataFrame(correctness_table(packed, labels(), EPOCHS))


def test_correctness_comes_back():
    right = RNG.random((len(EPOCHS), N)) < 0.5
    for which, expected in (("assigned", right), ("true", ~right)):
        epochs, found = correctness(table(right), which)
        assert epochs == EPOCHS
        np.testing.assert_array_equal(found, expected)


def test_epochs_wrong_of_several_networks():
    right = [RNG.random((len(EPOCHS), N)) < rate for rate in (0.3, 0.6)]
    expected = sum(one.shape[0] - one.sum(axis=0) for one in right)
    np.testing.assert_array_equal(epochs_wrong(map(table, right)), expected)


def rewinding(wrong_single, wrong_suffix, chosen, epoch=2):
    """A rewinding table: which of the chosen permuted images each network is wrong about."""
    permuted = chosen[chosen % 2 == 1]
    rows = [{"scheme": "none", "epoch": 9}, {"scheme": "all", "epoch": epoch}]
    for scheme, wrong in (("single", wrong_single), ("suffix", wrong_suffix)):
        for layer, images in enumerate(wrong, start=1):
            rows.append({
                "scheme": scheme, "epoch": epoch, "layer": f"fc{layer}", "layer_index": layer,
                "correct": np.packbits(~np.isin(permuted, images)).tobytes(),
            })  # fmt: skip
    common = {"kind": "permuted", "batch_norm": "with-layer", "metric": "accuracy"}
    return pd.DataFrame(rows).assign(**common, n=len(permuted))


@pytest.mark.parametrize("count", [None, 20])
def test_layers_by_rewinding(count):
    right = np.ones((len(EPOCHS), N), dtype=bool)
    right[-1, 5] = False  # not memorized
    chosen = chosen_images(N, count)
    permuted = [i for i in chosen if i % 2 and i != 5]
    early, late, never = permuted[0], permuted[1], permuted[2]
    single = [[early], [5, early], [late]]
    suffix = [[early, late, 5], [early, late], [late]]
    found = example_table(table(right), rewinding(single, suffix, chosen), count)
    assert list(found.columns) == list(COLUMNS)
    found = found.set_index("index")
    assert found.loc[early, ["suffix_layer", "single_layers"]].tolist() == ["fc2", "fc1,fc2"]
    assert found.loc[late, ["suffix_layer", "single_layers"]].tolist() == ["fc3", "fc3"]
    assert found.loc[never, "single_layers"] == "" and found.loc[never, "suffix_layer"] is None
    assert found["memorized"].sum() == N // 2 - 1 and not found.loc[5, "memorized"]
    assert pd.isna(found.loc[5, "suffix_layer_index"])
    others = np.setdiff1d(np.arange(1, N, 2), chosen)
    assert found.loc[others, "single_layers"].isna().all(), "those were not evaluated"


def test_sets_of_layers_do_not_lend_their_names():
    chosen = chosen_images(N, None)
    rows = rewinding([[1], [3]], [[1, 3], [3]], chosen)
    whole = rows[rows["scheme"] == "suffix"].assign(scheme="set", layer="everything")
    right = np.ones((len(EPOCHS), N), dtype=bool)
    found = example_table(table(right), pd.concat([rows, whole])).set_index("index")
    assert found.loc[1, ["suffix_layer", "single_layers"]].tolist() == ["fc1", "fc1"]
    assert found.loc[3, ["suffix_layer", "single_layers"]].tolist() == ["fc2", "fc2"]


@pytest.mark.parametrize("left", ["none", "nothing permuted"])
def test_without_an_earlier_network_no_layer_is_named(left):
    """Training that stopped before `rewind.epochs` leaves the final network's accuracies alone."""
    rows = rewinding([[1]], [[1]], chosen_images(N, None))
    few = rows[rows["scheme"] == "none"] if left == "none" else rows.assign(kind="test")
    found = example_table(table(np.ones((len(EPOCHS), N), dtype=bool)), few)
    assert found["suffix_layer"].isna().all() and found["single_layers"].isna().all()


def test_a_smaller_choice_lies_inside_a_larger_one():
    few, many = chosen_images(100, 10), chosen_images(100, 50)
    assert set(few) < set(many) < set(chosen_images(100, 100)) == set(range(100))


def test_the_command_and_the_collected_table(tmp_path):
    right = RNG.random((len(EPOCHS), N)) < 0.5
    write_table(tmp_path / "e.parquet", table(right), {})
    chosen = chosen_images(N)
    write_table(tmp_path / "r.parquet", rewinding([[1]], [[1]], chosen), {})
    for rewound in ([], ["--rewind", str(tmp_path / "r.parquet")]):
        output = str(tmp_path / "o.parquet")
        arguments = ["--examples", str(tmp_path / "e.parquet"), *rewound, "--output", output]
        list_examples.main(["--spec", json.dumps({"train_images": None}), *arguments])
    found = read_table(output)
    keys = TABLES["examples"].keys
    check_columns(found, "examples", keys, output)
    record = {"status": "completed", "epochs": 9, "best_epoch": 2, "parameters": 7}
    runs = [RunTables(8, 0.5, seed, record, [found]) for seed in (0, 1)]
    collected = collect(keys, "e", runs)
    assert len(collected) == 2 * N and collected["last"].all()
    pixels = RNG.integers(0, 255, (N, 1, 8, 8), dtype=np.uint8)
    images = {"train_images": pixels, "class_names": np.array(["a", "b", "c"])}
    drawn = figure.draw(collected, images)
    titles = [a.get_title() for part in drawn.subfigs for a in part.axes if a.get_title()]
    assert "a\n(c)" in titles or "b\n(a)" in titles or "c\n(b)" in titles
    lines = drawn.subfigs[0].axes[0].get_lines()
    learned = right[:, ::2].any(axis=0).mean()
    [unpermuted] = [line for line in lines if line.get_label() == "unpermuted"]
    assert unpermuted.get_ydata()[-1] == pytest.approx(100 * learned)


def test_without_permuted_images(tmp_path):
    right = np.zeros((len(EPOCHS), N), dtype=bool)
    clean = table(right).assign(kind="unpermuted")
    rewound = rewinding([[1]], [[1]], chosen_images(N)).assign(kind="unpermuted")
    found = example_table(clean, rewound)
    assert found["value"].isna().all() and not found["memorized"].any()
    record = {"status": "diverged", "epochs": 9, "best_epoch": 0, "parameters": 7}
    collected = collect(TABLES["examples"].keys, "e", [RunTables(8, 0, 0, record, [found])])
    figure.draw(collected, {"train_images": None, "class_names": None})
