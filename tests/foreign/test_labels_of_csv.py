"""Labels in a CSV file: the order of the points, names or numbers, and what is refused."""

import numpy as np
import pytest
from geomem.errors import InputError
from geomem.foreign.labels import csv_labels


def read(folder, *lines, column=""):
    (folder / "l.csv").write_text("\n".join(lines) + "\n")
    return csv_labels(folder / "l.csv", column)


@pytest.mark.parametrize(
    "lines",
    [
        ("label, index", "3, 1", "7, 0"),
        ("Index,Label", "1,3", "0,7"),
        ("index ,\tlabel", "1, 3.0", "0, 7"),
        ("label,note,INDEX", '3,"a, b",1', '"7",,0'),
    ],
)
def test_the_order_is_that_of_the_index(tmp_path, lines):
    assert read(tmp_path, *lines).tolist() == [7, 3]


def test_a_column_is_named_in_any_case(tmp_path):
    assert read(tmp_path, "Stimulus,trial", "a,5", column="stimulus").tolist() == ["a"]
    lines = ["label,Label", "1,2"]
    assert read(tmp_path, *lines).tolist() == [1] and read(tmp_path, *lines, column="Label") == [2]
    with pytest.raises(InputError, match="has 2 columns 'LABEL'; rename all but one"):
        read(tmp_path, *lines, column="LABEL")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["0", "2.0", "1e1", "7.000e+00"], [0, 2, 10, 7]),
        ([str(2**53 + i) for i in range(3)], [2**53, 2**53 + 1, 2**53 + 2]),
        (["01", "1", "10"], ["01", "1", "10"]),
        (["1_2", "12a", "0x1", "."], ["1_2", "12a", "0x1", "."]),
        (["nana", "info"], ["nana", "info"]),
    ],
)
def test_numbers_and_names(tmp_path, texts, expected):
    found = read(tmp_path, "label", *texts)
    assert found.tolist() == expected and found.dtype.kind in "iU"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-1", r"label is '-1', and some labels are numbers; .*leave out points that belong"),
        ("0.5", "label is '0.5', and some"),
        ("inf", "label is 'inf', and some"),
        ("cat", "label is 'cat', and some labels are numbers; expected whole .* or names in all"),
        ("1_0", "label is '1_0', and some"),
        (str(2**63), ".* expected whole numbers from 0 up, below 2"),
        ("nan", "label is 'nan'; give each point a label, or leave it out of the points too"),
        ("NA", "label is 'NA'; give each point a label"),
        ("  ", "label is empty; give each point a label"),
    ],
)
def test_a_label_that_is_none_beside_numbers(tmp_path, text, words):
    with pytest.raises(InputError, match=f"l.csv, row 3: {words}"):
        read(tmp_path, "label", "2", text, "4")


def test_a_missing_label_beside_names(tmp_path):
    with pytest.raises(InputError, match="row 3: label is 'NA'"):
        read(tmp_path, "label", "dog", "NA")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("index;label", "0;1"), "columns are 'index;label'; separate them by commas"),
        (("index\tlabel", "0\t1"), r"columns are 'index\\tlabel'; separate"),
        (("label", "1,9"), r"row 2 has 2 values; expected 1, one for each column \(label\)"),
        (("label,trial", "1,2", "3"), "row 3 has 1 values; expected 2"),
        (("Index,label", "0,1", "0,2"), "row 3: index is '0'; expected every number from 0 to 1"),
    ],
)
def test_tables_of_another_form(tmp_path, lines, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, *lines)


def test_the_type_is_exact_for_large_numbers(tmp_path):
    assert read(tmp_path, "label", str(2**63 - 1)).dtype == np.int64
