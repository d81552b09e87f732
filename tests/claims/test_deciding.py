"""What would decide an undecided statement."""

from types import SimpleNamespace

import numpy as np
import pytest
from geomem.claims.deciding import advice, dominant, seeds_to_decide
from geomem.claims.strip import strip
from geomem.claims.uncertainty import intervals
from scipy import stats


def row_of(effects, threshold=0.0, verdict="undecided", bound="at least", **errors):
    """A row of the claims table with these effects by seed and standard errors by source."""
    ends, _ = intervals(effects, errors, 0.95)
    ends["low_rank"] = np.nan, np.nan
    named = {
        f"{name}_{end}": pair[i]
        for name, pair in ends.items()
        for i, end in enumerate(("lo", "hi"))
    }
    return SimpleNamespace(
        effect=float(np.mean(effects)), threshold=threshold, bound=bound, verdict=verdict,
        n_seeds=len(effects), **named,
    )  # fmt: skip


@pytest.mark.parametrize("others", [0.0, 0.3])
def test_the_number_of_seeds_is_the_least_that_ends_before_the_threshold(others):
    n = seeds_to_decide(1.0, 2.0, others, 0.95)

    def half(seeds):
        low, high = stats.t.interval(0.95, seeds - 1, scale=2.0 / np.sqrt(seeds))
        return np.hypot((high - low) / 2, others)

    assert half(n) < 1.0 <= half(n - 1)


def test_no_number_of_seeds_helps_against_another_source():
    assert seeds_to_decide(1.0, 0.1, 1.0, 0.95) is None
    assert seeds_to_decide(1e-6, 1.0, 0.0, 0.95) is None


def test_the_advice_is_what_then_decides():
    """With the spread of the seeds as it is and as many of them as advised, the interval ends."""
    effects = [0.9, -0.4, 1.3]
    said = advice(row_of(effects), 0.95, 3)
    n = int(said.split()[1])
    spread = np.std(effects, ddof=1)
    low, _ = stats.t.interval(0.95, n - 1, loc=np.mean(effects), scale=spread / np.sqrt(n))
    shorter, _ = stats.t.interval(0.95, n - 2, loc=np.mean(effects), scale=spread / np.sqrt(n - 1))
    assert shorter <= 0 < low


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            row_of([1.0, 1.1, 0.9], manifolds=2.0),
            "more classes (analysis.classes); more seeds alone would not do",
        ),
        (row_of([0.1], manifolds=2.0), "at least 3 seeds"),
        (row_of([5.0], manifolds=0.1), "3 seeds, if they agree"),
        (row_of([1e-9, 1.0, -1.0]), "no number of seeds up to 1,000"),
        (row_of([5.0, 5.1, 4.9], verdict="supported"), ""),
        (row_of([5.0, 5.1, 4.9]), ""),  # a warning, say, which its remark tells
        (row_of([0.1, 0.2], vectors=np.nan), ""),
    ],
)
def test_what_is_said(row, said):
    found = advice(row, 0.95, 3)
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
