"""`python -m geomem geometry` of a manifest or a folder: tables, figures and explorer.

What the workflow makes of an experiment with recorded activations, in one process and with the
settings of the command line.
"""

import importlib.util
import sys

from geomem.config.recorded import with_collection
from geomem.errors import InputError
from geomem.foreign import earlier
from geomem.foreign.manifest import read_collection
from geomem.geometry.options import settings_of_many
from geomem.process import limit_threads
from geomem.registry.stages import SECTIONS
from geomem.storage.atomic import require_writable

_NEEDED = ("pandas", "pyarrow", "matplotlib", "yaml")


def measure_collection(options):
    """Measure a collection with the options of `geomem geometry`; returns the exit status.

    All arrays are read and checked before the first is measured. Files of others in the folder of
    the results stay as they are; where one is in the way, nothing is measured.
    """
    if options.output is None and not options.file.name:
        raise InputError(f"{options.file} has no folder beside it; name one for tables, --output")
    output = options.output or options.file.with_name(f"{options.file.stem}-geometry")
    if output.suffix in (".csv", ".parquet") or output.is_file():
        raise InputError(f"--output is {output}; for a manifest or a folder it is a folder")
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise InputError(
            f"tables and figures of {options.file} need {', '.join(missing)}; install geomem with "
            "its extra workflow: pip install 'geomem[workflow]'"
        )
    sections = _sections(options)
    collection = read_collection(options.file)
    experiment = with_collection(sections, collection)
    require_writable(output / "explorer.html")
    if options.threads:
        limit_threads(options.threads)
    from geomem.foreign import results
    from geomem.foreign.warned import warned_lines

    earlier.require_room(output, results.names(experiment))
    runs = output / "runs"
    paths = results.read_all(collection, experiment, runs)
    earlier.remove(output / "figures", (".svg", ".png"))  # of other settings, perhaps
    tables = results.measure_all(collection, experiment, paths, output, options.threads or 1)
    figures = results.draw_all(experiment, tables, output)
    results.write_explorer(experiment, tables, output)
    filled = (f"tables/{name}.parquet" for name, table in tables.items() if len(table))
    for name in (*filled, *figures, "explorer.html"):
        print(output / name)
    for name, table in tables.items():
        for line in warned_lines(table) if len(table) else ():
            print(f"warning: tables/{name}.parquet: {line}", file=sys.stderr)
    return 0


def _sections(options):
    """The sections of a configuration that measures, tables and figures read."""
    measured = settings_of_many(options)
    common = {"n_t": measured["n_t"], "confidence": measured["confidence"], "seed": options.seed}
    joint = options.estimator == "glue"
    k = "auto" if measured.get("remove_low_rank", True) else "none"
    return {
        "activations": {"path": str(options.file)},
        "analysis": {
            "measures": ["glue"] if joint else ["geometry", "low_rank"],
            "store": "gram" if joint else "products",
            "controls": [],
        },
        "geometry": {
            **common,
            "kappa": measured.get("kappa", 0.0),
            "low_rank": {"rule": "shrinkage", "k": k},
        },
        "glue": {
            **common,
            "dichotomies": measured.get("dichotomies"),
            "preprocess": measured.get("preprocess"),
        },
        "model": {"name": "recorded"},
        "data": {"name": "recorded"},
        "figures": [],
        **{name: {} for name in SECTIONS},
    }
