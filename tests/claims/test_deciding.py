"""What would decide an undecided statement."""

from types import SimpleNamespace

import numpy as np
import pytest
from geomem.claims.deciding import advice, dominant
from geomem.claims.strip import strip
from geomem.statistics.combined import intervals


def row_of(effects, threshold=0.0, verdict="undecided", bound="at least", **more):
    """A row of the claims table with these effects by seed, errors by source, and what it needs."""
    errors = {name: more.pop(name, 0.0) for name in ("vectors", "manifolds", "images")}
    ends, _ = intervals(effects, errors, 0.95)
    ends["low_rank"] = np.nan, np.nan
    sides = {
        f"{name}_{end}": pair[i]
        for name, pair in ends.items()
        for i, end in enumerate(("lo", "hi"))
    }
    needs = {"seeds_needed": np.nan, "manifolds_times": np.nan, "images_times": np.nan}
    return SimpleNamespace(
        effect=float(np.mean(effects)), threshold=threshold, bound=bound, verdict=verdict,
        n_seeds=len(effects), **sides, **{**needs, **more},
    )  # fmt: skip


WIDE = [0.9, -0.4, 1.3]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (row_of(WIDE, seeds_needed=7.0, manifolds_times=np.inf), "7 seeds, if mean and spread"),
        (row_of(WIDE, seeds_needed=2.0), "3 seeds, if mean and spread stay"),
        (
            row_of(WIDE, seeds_needed=9.0, manifolds_times=4.2, images_times=np.inf),
            "9 seeds or 4.2 times as many classes, if",
        ),
        (row_of(WIDE, seeds_needed=np.inf), "neither seeds nor classes nor images would do alone"),
        (row_of([0.1], manifolds=2.0), "at least 3 seeds; one does not tell"),
        (row_of([5.0], manifolds=0.1), "3 seeds, if they agree"),
        (row_of([5.0, 5.1, 4.9], verdict="supported"), ""),
        (row_of([5.0, 5.1, 4.9]), ""),  # a warning, say, which its remark tells
        (row_of([0.1, 0.2], vectors=np.nan), ""),
    ],
)
def test_what_is_said(row, said):
    found = advice(row, 3)
    assert (said in found) if said else found == ""


def test_the_source_that_dominates():
    name, fraction = dominant(row_of([1.0, 1.0 + 1e-9, 1.0], manifolds=2.0, images=1.0))
    assert name == "manifolds" and fraction == pytest.approx(0.8)
    assert dominant(row_of([1.0], manifolds=0.0)) is None
    assert dominant(row_of([1.0], manifolds=np.nan)) is None


@pytest.mark.parametrize("bound", ["at least", "at most"])
def test_the_picture_has_the_effect_on_its_side_of_the_threshold(bound):
    import xml.etree.ElementTree as tree

    svg = tree.fromstring(
        strip(row_of([2.0, 2.2], threshold=1.0, bound=bound, manifolds=0.1), "a<b")
    )
    assert svg.attrib["aria-label"] == "a<b"
    threshold = next(line for line in svg.iter("line") if line.attrib["class"] == "threshold")
    total = next(line for line in svg.iter("line") if line.attrib["class"] == "total")
    x = float(next(svg.iter("circle")).attrib["cx"])
    assert float(total.attrib["x1"]) < x < float(total.attrib["x2"])
    at, holds = float(threshold.attrib["x1"]), next(svg.iter("rect")).attrib
    assert at < x
    left, width = float(holds["x"]), float(holds["width"])
    assert (left <= x <= left + width) == (bound == "at least")
    names = [text.text for text in svg.iter("text")]
    assert names[1:] == ["all together", "manifolds", "seeds"]
