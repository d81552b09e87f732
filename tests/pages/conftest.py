"""Explorers of made-up tables."""

import pytest
from geomem.pages.explorer import examples
from geomem.pages.explorer.page import page
from geomem.pages.explorer.sections import sections
from geomem.registry.tables import TABLES

from tests.figures import synthetic

EPOCHS = {"geometry": [0, 2, 6, "best", "last"], "rewind": [0, 2, 6, "best"]}
EPOCHS |= {name: EPOCHS["geometry"] for name in ("gradients", "glue")}
EPOCHS |= {name: ["best", "last"] for name in ("simulation", "low_rank", "center_map", "probes")}
EPOCHS |= {"similarity": [0, 6, "last"]}


def described(name, epochs=EPOCHS):
    """What the explorer has to know of a table of which these epochs were asked for."""
    table = TABLES[name]
    return table.described({table.section: {"epochs": epochs.get(name, [])}})


def write_explorer(path, frames, epochs=EPOCHS, most=120_000, most_images=250):
    """The explorer of collected tables, by experiment and name."""
    images = synthetic.image_set()
    indices = examples.chosen(len(images["train_images"]), most_images)
    thumbnails = examples.thumbnails(images["train_images"], indices)
    pictured = ("made-up", indices, images["class_names"])
    tables = {
        experiment: [described(name, epochs) for name in TABLES if name in found]
        for experiment, found in frames.items()
    }

    def read(name):
        experiment, _, table = name.rpartition("/")
        return frames[experiment][table]

    with_images = {name: pictured for name, found in frames.items() if "examples" in found}
    found = sections(tables, read, most, with_images)
    path.write_text(page(found, {"made-up": thumbnails}), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def frames():
    runs = synthetic.cells(widths=(4, 8), label_noise=(0.0, 0.5), n_seeds=2)
    clean = synthetic.cells(widths=(8,), label_noise=(0.0,), n_seeds=1)
    geometry = synthetic.geometry_table(runs)
    return {
        "noisy": {
            "accuracy": synthetic.accuracy_table(runs),
            "geometry": geometry,
            "low_rank": synthetic.low_rank_table(runs),
            "glue": synthetic.glue_table(runs),
            "center_map": synthetic.center_map_table(runs),
            "rewind": synthetic.rewind_table(runs),
            "gradients": synthetic.gradients_table(runs),
            "simulation": synthetic.simulation_table(runs),
            "examples": synthetic.examples_table(runs),
            "probes": synthetic.probes_table(runs),
            "similarity": synthetic.similarity_table(runs),
        },
        "clean": {
            "accuracy": synthetic.accuracy_table(clean),
            "geometry": synthetic.geometry_table(clean, epochs=(0, None, synthetic.LAST)),
        },
    }


@pytest.fixture(scope="session")
def explorer(tmp_path_factory, frames):
    return write_explorer(tmp_path_factory.mktemp("pages") / "explorer.html", frames)
