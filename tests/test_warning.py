"""Warnings as records: which numbers they are about, and their way into a table and back."""

import numpy as np
import pandas as pd
import pytest
from geomem.analysis.companions import neural_collapse
from geomem.analysis.measuring import as_frame, measured
from geomem.errors import InputError
from geomem.geometry import glue_geometry, manifold_geometry
from geomem.warning import MeasurementWarning, column, lines, pack, together, unpack

SHORT = MeasurementWarning("short", "its radius; says — “little”", ("radius",), (3, 7))
ALL = MeasurementWarning("few", "few vectors")


@pytest.mark.parametrize(
    ("metric", "manifold", "about"),
    [
        ("radius", 3, True),
        ("radius", None, True),
        ("radius_iqm", None, True),
        ("radius", 4, False),
        ("radiusx", 3, False),
        ("capacity", 3, False),
    ],
)
def test_a_warning_is_about_its_metrics_and_manifolds_and_their_means(metric, manifold, about):
    assert SHORT.is_about(metric, manifold) == about
    assert ALL.is_about(metric, manifold)
    assert unpack(*column([SHORT, ALL], [(metric, manifold)])) == (SHORT, ALL)[not about :]


def test_what_is_packed_comes_back():
    assert unpack(pack([SHORT, ALL, SHORT])) == (SHORT, ALL)
    assert pack([]) == "" and unpack("") == ()
    assert unpack(together([pack([ALL]), "", pack([SHORT, ALL])])) == (ALL, SHORT)
    assert together([]) == together(["", ""]) == ""
    assert lines(pack([SHORT, ALL])) == f"manifold 3, 7: {SHORT.text}\n{ALL.text}"
    many = ALL._replace(manifolds=tuple(range(12)))
    assert str(many) == "manifold 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more: few vectors"


@pytest.mark.parametrize("text", ["a sentence", '["a"]', '[{"code": "a"}]', "3"])
def test_another_text_is_an_error_that_quotes_it(text):
    with pytest.raises(InputError, match=r"column warnings: .* is not a list of warnings"):
        unpack(text)


def points(flat):
    """Eight manifolds, of which one is a single point, made twelve times."""
    made = np.random.default_rng(0).standard_normal((8, 12, 40))
    made[flat] = made[flat, :1]
    return made


@pytest.mark.parametrize("measure", [manifold_geometry, glue_geometry])
def test_a_table_names_the_manifold_in_its_own_rows_and_those_of_all(measure):
    frame = measure(points(flat=5), random_state=0).to_frame()
    warned = frame[[any(w.code == "single-point" for w in unpack(t)) for t in frame["warnings"]]]
    if measure is glue_geometry:  # has no rows of one manifold
        assert len(warned) == len(frame)
    else:
        assert set(warned["manifold"].dropna()) == {5}
        of_all = set(warned.loc[warned["manifold"].isna(), "metric"])
        assert of_all >= {"capacity", "radius"} and "radius_iqm" not in of_all


def test_a_mean_over_the_middle_half_is_warned_when_a_quarter_is_exceeded():
    for flat, expected in (([5, 1], False), ([5, 1, 3], True)):
        frame = manifold_geometry(points(flat=flat), random_state=0).to_frame()
        texts = frame.loc[frame["metric"] == "radius_iqm", "warnings"]
        assert any(w.code == "single-point" for w in unpack(*texts)) == expected


class Activations:
    """What `measured` reads of a file: one layer and kind, of classes 10, 11, ..."""

    layers = ({"name": "fc", "index": 0},)
    kinds = ("test",)
    epoch, network = 1, {}

    def manifolds(self, kind):
        return np.arange(10, 18)

    def points(self, index, kind):
        return points(flat=5)


def warned_measure(manifolds):
    """A measure of the user's own that warns of the manifold without extent."""
    found = manifold_geometry(manifolds, random_state=0)
    return {"size": manifolds.std(axis=(1, 2)), "warnings": found.warnings}


def test_the_workflows_tables_name_classes():
    spec = {"function": f"{__name__}:warned_measure", "source": "points", "settings": {}}
    said = []
    table = measured(Activations(), spec, 1, said.append)
    warned = table[table["warnings"] != ""]
    assert warned["manifold"].tolist() == [15, pd.NA]
    assert {w.manifolds for text in warned["warnings"] for w in unpack(text)} == {(15,)}
    assert any("warning: manifold 5: a single distinct point" in line for line in said)


def test_a_measure_of_the_package_hands_its_warnings_on():
    gram = np.ones((12, 12))
    frame = as_frame(neural_collapse(gram, counts=np.full(3, 4)), 3, "x")
    assert {w.code for text in frame["warnings"] for w in unpack(text)} == {"same-means"}


def test_a_measures_own_text_is_an_error():
    with pytest.raises(InputError, match=r"expected a sequence of geomem\.warning"):
        as_frame({"a": 1.0, "warnings": "careful"}, 3, "x")
    frame = pd.DataFrame({"metric": ["a"], "value": [1.0], "warnings": ["careful"]})
    with pytest.raises(InputError, match=r"geomem\.warning\.pack"):
        list(map(unpack, as_frame(frame, 3, "x")["warnings"]))
