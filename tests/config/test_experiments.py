"""Experiments cut into cells and stage settings."""

from geomem.config.experiments import (
    as_text,
    kept_epochs,
    label_cells,
    merged,
    runs,
    stage_spec,
)

EXPERIMENT = {
    "data": {"name": "glyphs"},
    "labels": {"rule": "permute"},
    "model": {"name": "vgg-small"},
    "widths": [2, 8],
    "noises": [0.0, 0.5],
    "seeds": [0],
    "training": {"epochs": 9, "snapshots": [5, 1]},
    "analysis": {"epochs": ["best", 0], "per_class": 3, "classes": "all"},
    "rewind": {"epochs": [4]},
    "gradients": {"epochs": ["last", 5], "per_class": None},
    "simulation": {"epochs": [7]},
}


def test_cells():
    assert label_cells(EXPERIMENT) == ["n0_s0", "n0.5_s0"]
    assert list(runs(EXPERIMENT)) == ["w2_n0_s0", "w2_n0.5_s0", "w8_n0_s0", "w8_n0.5_s0"]
    assert runs(EXPERIMENT)["w8_n0.5_s0"] == (8, 0.5, 0)
    assert kept_epochs(EXPERIMENT) == [0, 1, 4, 5, 7]


def test_a_section_of_another_name_replaces_the_old_one_whole():
    base = {"data": {"name": "glyphs", "classes": 3}, "training": {"epochs": 1, "lr": 2}}
    assert merged(base, {"data": {"name": "cifar10", "path": "x"}})["data"] == {
        "name": "cifar10",
        "path": "x",
    }
    assert merged(base, {"data": {"classes": 4}})["data"] == {"name": "glyphs", "classes": 4}
    assert merged(base, {"training": {"epochs": 5}})["training"] == {"epochs": 5, "lr": 2}
    assert base["training"]["epochs"] == 1


def test_training_settings_leave_out_what_decides_nothing():
    spec = stage_spec("train", EXPERIMENT, width=2, noise=0.5, seed=0)
    assert "snapshots" not in spec["training"]
    assert "noise" not in spec, "noise reaches training through the label table alone"
    assert spec["training"]["epochs"] == 9


def test_text_does_not_depend_on_the_order_of_keys():
    assert as_text({"b": 1, "a": {"d": 2, "c": 3}}) == as_text({"a": {"c": 3, "d": 2}, "b": 1})
    assert as_text({"a": 1, "b": 2}) != as_text({"a": 2, "b": 1})
