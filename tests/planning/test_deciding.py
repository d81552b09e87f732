"""What would decide undecided statements: which ones, with what, and at which price."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from geomem.planning import deciding
from geomem.planning.costs import Cost
from geomem.planning.deciding import Undecided, prices, undecided
from geomem.planning.dry_run import Job
from geomem.storage.tables import write_table

NAN = float("nan")
WAITING = Job("train", {"training": "waiting"}, "", (), ())  # of what is not made yet


def claims(folder, rows):
    columns = (
        "target", "noise", "width", "estimator", "verdict", "n_seeds", "seeds_needed",
        "manifolds_times", "images_times",
    )  # fmt: skip
    path = folder / "tiny" / "claims" / "claims.parquet"
    path.parent.mkdir(parents=True)
    write_table(path, pd.DataFrame(rows, columns=columns), {})


def test_undecided_statements_are_read(tmp_path):
    assert undecided("tiny", tmp_path) == []
    claims(
        tmp_path,
        [
            ("T1", 0.5, 2.0, "glue", "supported", 3, NAN, NAN, NAN),
            ("T2", 0.5, 2.0, "mean-field", "undecided", 3, 7.0, np.inf, NAN),
            ("T6", 0.2, NAN, "", "undecided", 3, np.inf, 2.5, 1.5),
        ],
    )
    first, second = undecided("tiny", tmp_path)
    assert first.name == "T2, label noise 0.5, width 2, mean-field"
    assert (first.seeds, first.seeds_needed, first.classes_times) == (3, 7.0, np.inf)
    assert np.isnan(first.images_times)
    assert (second.name, second.classes_times) == ("T6, label noise 0.2", 2.5)


@pytest.fixture
def priced(monkeypatch):
    """Lines for statements; a job costs an hour per class, and overlays are kept."""
    overlays = []
    config = {
        "experiments": {
            "tiny": {
                "data": {"name": "glyphs", "classes": 8, "train_per_class": 5, "test_per_class": 5},
                "seeds": [0, 2],
                "analysis": {"classes": 4, "kinds": ["test"], "controls": [], "per_class": 4},
            }
        }
    }

    def planned(arguments):
        overlays.append(yaml.safe_load(Path(arguments[-1]).read_text()))
        wildcards = (
            {"training": "t"}, {"experiment": "tiny", "seed": "3"}, {"experiment": "tiny"},
            {"experiment": "other"}, {},
        )  # fmt: skip
        return [WAITING, *(Job("claims", each, "", (), ()) for each in wildcards)]

    def costs_of(changed, jobs):
        classes = changed["experiments"]["tiny"]["analysis"]["classes"]
        return {"claims": [Cost(3600 * classes, 0, 0) for _ in jobs]}

    monkeypatch.setattr(deciding, "planned_jobs", planned)
    monkeypatch.setattr(deciding, "resolve", lambda config, name: config["experiments"][name])

    def lines(*statements):
        return prices(config, "tiny", list(statements), [], costs_of, [WAITING]), overlays

    return lines


def test_a_further_seed_is_priced_by_its_own_jobs(priced):
    """Two of the six jobs are of the seed alone, four hours each. One dry run serves all."""
    found, overlays = priced(
        Undecided("T2", 2, 7.0, np.inf, NAN), Undecided("T3", 2, 4.0, NAN, 3.0)
    )
    assert found == [
        "T2: 7 seeds (5 more: 40 hours)",
        "T3: 4 seeds (2 more: 16 hours) or 3 times as many images",
    ]
    assert overlays == [{"experiments": {"tiny": {"seeds": [0, 2, 3]}}}]


def test_more_classes_are_priced_as_far_as_the_data_go(priced):
    found, overlays = priced(
        Undecided("T2", 2, np.inf, 1.6, NAN), Undecided("T3", 2, NAN, 2.3, 1.0)
    )
    assert found == [
        "T2: 7 classes (14 hours)",  # 1.6 * 4, and two jobs of the experiment
        "T3: 10 classes (the data have 8)",
    ]
    assert overlays == [{"experiments": {"tiny": {"analysis": {"classes": 7}}}}]


def test_what_nothing_alone_decides(priced):
    found, overlays = priced(
        Undecided("T2", 1, NAN, np.inf, NAN), Undecided("T3", 3, 3.0, 1.0, NAN)
    )
    assert not overlays
    assert found == [
        "T2: neither seeds nor classes nor images alone, as far as known",
        "T3: not a matter of seeds or classes; see its remark in the claims",
    ]
