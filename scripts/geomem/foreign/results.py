"""The results of a collection of recorded activations, in the layout of an experiment's folder."""

import numpy as np
import pandas as pd

from geomem.analysis.activation_file import read_activations, write_activations
from geomem.analysis.measuring import measured
from geomem.collecting import RunTables, collect
from geomem.config.experiments import runs as runs_of
from geomem.figures.draw import draw
from geomem.figures.style import save
from geomem.foreign import earlier
from geomem.foreign.activations import activation_file
from geomem.foreign.record import COLUMNS, record_of_recorded
from geomem.pages.explorer.page import page
from geomem.pages.explorer.sections import sections
from geomem.process import log
from geomem.registry.figures import figures_of
from geomem.registry.measures import chosen
from geomem.registry.tables import tables_of
from geomem.storage.pages import write_page
from geomem.storage.provenance import provenance
from geomem.storage.tables import write_table

_KINDS = ("png", "svg")


def names(experiment):
    """Paths, below the folder of the results, of the figures, tables and page for readers."""
    tables = [f"tables/{measure.name}.parquet" for measure in chosen(experiment)]
    figures = [f"figures/{name}.{kind}" for name in figures_of(experiment) for kind in _KINDS]
    return [*tables, *figures, "explorer.html"]


def read_all(collection, experiment, folder):
    """Read every array into the files that measures read.

    Parameters
    ----------
    collection : geomem.foreign.manifest.Collection
    experiment : dict
        Settings, see `geomem.config.recorded.with_collection`. Its `analysis.per_class` becomes
        the number of points of each class, where they are as many in all.
    folder : pathlib.Path
        `RUN/activations/EPOCH.npz` is written below it.

    Returns
    -------
    dict of (str, int) to pathlib.Path
        By run and epoch.
    """
    paths, counts = {}, set()
    for run, (_, _, seed) in runs_of(experiment).items():
        for epoch in collection.epochs:
            content = activation_file(
                collection, seed, epoch, store=experiment["analysis"]["store"]
            )
            for name, array in content.arrays.items():
                counts |= set(np.unique(array)) if name.endswith("/counts") else set()
            paths[run, epoch] = path = folder / run / "activations" / f"{epoch}.npz"
            files = collection.files(seed, epoch)
            write_activations(path, content, provenance(earlier.STAGE, _spec(experiment), files))
    if len(counts) == 1:
        experiment["analysis"]["per_class"] = int(counts.pop())
    return paths


def measure_all(collection, experiment, paths, folder, threads):
    """Compute every measure and write the collected tables.

    Returns
    -------
    dict of str to DataFrame
        By name; a table of accuracies without rows among them, which figures expect and which is
        not written.
    """
    measures = chosen(experiment)
    parts = {measure.name: {} for measure in measures}
    for (run, epoch), path in paths.items():
        content = read_activations(path, heavy=any(m.source != "products" for m in measures))
        log(f"measuring {_where(collection, experiment, run, epoch)}: layers {len(content.layers)}")
        for measure in measures:
            spec = measure.spec(experiment)
            table = measured(content, spec, threads)
            place = folder / "runs" / run / "measures" / measure.name / f"{epoch}.parquet"
            write_table(place, table, provenance(earlier.STAGE, spec, [path]))
            parts[measure.name].setdefault(run, []).append(table)
    found = {name: _collected(collection, experiment, name, each) for name, each in parts.items()}
    earlier.remove(folder / "tables", (".parquet",))  # of other measures, perhaps
    for name, table in found.items():
        origin = provenance(earlier.STAGE, _spec(experiment))
        write_table(folder / "tables" / f"{name}.parquet", table, origin)
    none = pd.DataFrame(columns=["width", "noise", "seed", *COLUMNS, "best", "last"])
    return {**found, "accuracy": none}


def _where(collection, experiment, run, epoch):
    """What a message calls one subject and epoch."""
    _, _, seed = runs_of(experiment)[run]
    subject = collection.subjects.get(seed, f"subject {seed}")
    return f"{subject}, {collection.conditions.get(epoch, f'epoch {epoch}')}"


def _collected(collection, experiment, name, parts):
    record = record_of_recorded(
        {"last": max(collection.epochs), "subject": None, "conditions": collection.conditions}
    )
    cells = runs_of(experiment)
    tables = [RunTables(*cells[run], record=record, frames=frames) for run, frames in parts.items()]
    return collect(tables_of(experiment)[name].keys, "recorded", tables)


def draw_all(experiment, tables, folder):
    """Draw the figures; their paths below `folder`."""
    drawn = []
    for name, figure in figures_of(experiment).items():
        inputs = {table: tables[table] for table in figure.inputs}
        settings = figure.settings(experiment)
        picture = draw(figure.function, inputs, settings)
        place = folder / "figures"
        save(
            picture,
            place / f"{name}.png",
            place / f"{name}.svg",
            provenance(earlier.STAGE, {"figure": name, **settings}),
        )
        drawn.append(f"figures/{name}.png")
        log(f"drew {name}")
    return drawn


def write_explorer(experiment, tables, folder):
    """Write the page to look through the tables."""
    described = [t.described(experiment) for t in tables_of(experiment).values() if t.shown]
    found = sections({folder.name: described}, lambda key: tables[key.rpartition("/")[2]])
    write_page(folder / "explorer.html", page(found), provenance(earlier.STAGE, _spec(experiment)))


def _spec(experiment):
    return {name: experiment[name] for name in ("activations", "analysis", "geometry", "glue")}
