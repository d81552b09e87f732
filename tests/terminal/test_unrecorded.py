"""What is said of results of which Snakemake has no record."""

import json

import pandas as pd
import pytest
from geomem.storage.provenance import provenance
from geomem.storage.tables import write_table
from geomem.terminal.unrecorded import in_words

SPEC = {"n_t": 20, "seed": 0}


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.parquet"
    write_table(path, pd.DataFrame({"value": [1.0]}), provenance("measure", SPEC))
    return str(path)


def said(path, spec, rule="measure"):
    return in_words([(rule, [path], json.dumps(spec))])


def test_all_are_recorded():
    assert in_words([]) == ""


def test_of_these_settings(result):
    text = said(result, SPEC)
    assert text.startswith("1 result would count as up to date whatever changed")
    assert "The files say that they are of these settings, and not of which code" in text
    assert "OTHER SETTINGS" not in text


@pytest.mark.parametrize("spec", [{"n_t": 21, "seed": 0}, {"n_t": 20, "seed": 0, "kappa": 0}])
def test_of_other_settings(result, spec):
    text = said(result, spec)
    assert f"OF OTHER SETTINGS: {result}. " in text
    assert "`--forcerun measure` makes them again" in text


def test_what_a_file_says_besides_counts_not(result):
    assert "OTHER SETTINGS" not in said(result, {"n_t": 20})


@pytest.mark.parametrize("content", [b"", b"cut off"])
def test_a_file_that_says_nothing(tmp_path, content):
    path = tmp_path / "result.parquet"
    path.write_bytes(content)
    for name in (str(path), str(tmp_path / "figure.svg")):
        text = said(name, SPEC)
        assert "OTHER SETTINGS" not in text and "0 of the files say" in text


def test_a_rule_of_the_users(result):
    assert "0 of the files say" in in_words([("mine", [result], "")])


def test_many_are_counted_and_rules_named_once(result):
    other = {"n_t": 21}
    text = in_words([(rule, [result], json.dumps(other)) for rule in "babab"])
    assert text.startswith("5 results would")
    assert f"{result}, {result}, {result} and 2 more" in text
    assert "`--forcerun a b`" in text
