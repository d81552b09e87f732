"""The paper's traced values: consistent among themselves and placed at its networks' sizes."""

import numpy as np
import pytest
from geomem.figures import paper
from geomem.models.build import build_model


def final(metric, moment):
    values = paper.over_depth(metric, moment)
    return values[values["depth"] == 1].set_index("kind")["value"]


def test_the_change_of_capacity_agrees_with_both_epochs():
    change = final("capacity", "last") - final("capacity", "best")
    np.testing.assert_allclose(final("capacity", "change"), change, atol=paper.ERRORS["capacity"])


@pytest.mark.parametrize("metric", paper.METRICS)
@pytest.mark.parametrize("moment", ["best", "last", "change"])
def test_every_kind_has_one_final_value_and_none_comes_twice(metric, moment):
    values = paper.over_depth(metric, moment)
    assert sorted(final(metric, moment).index) == sorted(paper.FINAL["best"])
    assert not values.duplicated(["kind", "depth"]).any()
    assert values["depth"].between(0, 1).all() and (values["error"] > 0).all()


def test_capacity_at_the_last_epoch_adds_the_change_and_its_error():
    last = paper.over_depth("capacity", "last").query("kind == 'permuted'")
    before = last[last["depth"] < 1].iloc[-1]
    assert before["value"] == pytest.approx(0.0375 + 0.032)
    assert before["error"] == pytest.approx(np.sqrt(2) * 0.001)


def test_sizes_are_those_of_the_network():
    sizes = [
        sum(
            parameter.numel()
            for parameter in build_model(
                {"name": "resnet18"}, width, n_classes=100, image_shape=(3, 32, 32), seed=0
            ).parameters()
        )
        for width in paper.WIDTHS[:3]
    ]
    assert sizes == list(paper.PARAMETERS[:3])
    assert all(len(values) == len(paper.WIDTHS) for values in paper.OVER_WIDTH.values())


def test_only_manifolds_measured_alike_are_comparable():
    assert paper.comparable(100, 50)
    assert not paper.comparable(None, 50)
    assert not paper.comparable(100, None)
    assert not paper.comparable(100, 50, kappa=0.1)
    assert not paper.comparable(100, 50, remove_low_rank=False)
