"""The presets are sound, and the paper's finds enough images for every manifold."""

from pathlib import Path

import numpy as np
import pytest
from geomem.config.check import check
from geomem.config.cli import combined
from geomem.config.experiments import resolve, selected
from geomem.data.analysis_set import choose_analysis_set
from geomem.data.labels import assign_labels, label_table

ROOT = Path(__file__).resolve().parents[2]
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))


def with_preset(path):
    return combined([ROOT / "config.yaml", path])


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.name)
def test_presets_are_sound(path):
    config = with_preset(path)
    check(config)
    assert set(selected(config)) == set(combined([path])["experiments"]), "an experiment is not run"


PAPER = with_preset(ROOT / "presets" / "paper.yaml")


@pytest.mark.parametrize("name", selected(PAPER))
def test_cifar100_fills_every_manifold_of_the_paper(name):
    """Else hours of training would end in an error."""
    experiment = resolve(PAPER, name)
    assert experiment["data"]["name"] == "cifar100"
    train, test = (np.repeat(np.arange(100), each) for each in (500, 100))
    for noise in experiment["label_noise"]:
        for seed in experiment["seeds"]:
            rule = experiment["labels"]["rule"]
            assigned, permuted = assign_labels(train, rule=rule, noise=noise, seed=seed)
            labels = label_table(train, assigned, permuted)
            analysis = experiment["analysis"]
            wanted = {name: analysis[name] for name in ("per_class", "kinds", "controls")}
            analysis_set = choose_analysis_set(labels, test, seed=seed, **wanted)
            kinds = len(analysis["kinds"]) + len(analysis["controls"])
            assert len(analysis_set) == kinds * 100 * analysis["per_class"]
