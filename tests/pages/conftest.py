"""Explorers of made-up tables."""

import pytest
from geomem.pages.explorer import library, page
from geomem.pages.records import records
from geomem.registry.tables import TABLES

from tests.figures import synthetic

EPOCHS = {"geometry": [0, 2, 6, "best", "last"], "rewind": [0, 2, 6, "best"]}
EPOCHS |= {"gradients": EPOCHS["geometry"], "simulation": ["best", "last"]}


def described(name, epochs=EPOCHS):
    """What the explorer has to know of a table of which these epochs were asked for."""
    table = TABLES[name]
    return table.described({table.section: {"epochs": epochs.get(name, [])}})


def write_explorer(path, frames, experiment="made-up", epochs=EPOCHS, most=20_000):
    rows, notes = {}, {}
    for name, frame in frames.items():
        rows[name], notes[name] = records(described(name, epochs), frame, most)
    tables = [described(name, epochs) for name in TABLES]
    path.write_text(page(experiment, tables, rows, notes, library()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def frames():
    runs = synthetic.cells(widths=(4, 8), label_noise=(0.0, 0.5), n_seeds=2)
    return {
        "accuracy": synthetic.accuracy_table(runs),
        "geometry": synthetic.geometry_table(runs),
        "rewind": synthetic.rewind_table(runs),
        "gradients": synthetic.gradients_table(runs),
        "simulation": synthetic.simulation_table(runs),
    }


@pytest.fixture(scope="session")
def explorer(tmp_path_factory, frames):
    return write_explorer(tmp_path_factory.mktemp("pages") / "explorer.html", frames)
