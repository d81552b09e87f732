"""Capacity, radius and dimension of the manifolds in a file.

FILE is .npy: one array (manifolds, points, features); .npz, .safetensors, .mat, .h5 or .zarr: such
an array, or one array (points, features) per manifold, or one array (points, features) with labels
of the points (whole numbers from 0 up, or text), one manifold per label.

FILE may also be a manifest (.csv, .parquet) of many arrays, or a folder of them, with layers,
epochs and subjects: then --output is a folder for tables, figures and explorer.
"""

import csv
import importlib.util
import sys
import warnings

from geomem.errors import InputError
from geomem.foreign.manifest import is_collection
from geomem.geometry.files import read_manifolds
from geomem.geometry.glue_cli import measure_glue
from geomem.geometry.options import read_options
from geomem.geometry.options import settings as measured_with
from geomem.geometry.result import ROW
from geomem.statistics.cli import run_shuffles, run_sweep
from geomem.storage.atomic import replacing, require_writable
from geomem.storage.readers import require_type
from geomem.warning import column


def main(argv=None):
    """Measure a file's manifolds; print the means and write the table."""
    options = read_options(__doc__, argv)
    if not options.file.name or options.file.name == "..":  # ., / and the like
        options.file = options.file.resolve()
    if is_collection(options.file):
        from geomem.foreign.command import measure_collection

        return measure_collection(options)
    require_type(options.file)
    output = options.output or options.file.with_suffix(".geometry.csv")
    if output.suffix not in (".csv", ".parquet"):
        raise InputError(f"--output is {output}; expected a name ending in .csv or .parquet")
    settings = measured_with(options)
    require_writable(output)
    if output.suffix == ".parquet":
        _require_parquet(output)
    names, manifolds = read_manifolds(options.file)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        if options.estimator == "glue":
            measure_glue(options, manifolds, output, settings)
        else:
            _measure(options, names, manifolds, output, settings)
        warnings.simplefilter("ignore", UserWarning)  # said once, of all points
        if options.sweep is not None:
            run_sweep(options, manifolds, settings)
        if options.shuffles is not None:
            run_shuffles(options, manifolds, settings)
    return 0


def _measure(options, names, manifolds, output, settings):
    from geomem.geometry.measure import manifold_geometry

    geometry = manifold_geometry(
        manifolds, random_state=options.seed, threads=options.threads, **settings
    )
    _write(output, geometry, names, {**settings, "seed": options.seed}, options.file)
    print(_described(manifolds))
    print(geometry)
    for warning in geometry.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"table: {output}")


def _described(manifolds):
    """How many points and features, and the capacity of as many points without structure."""
    counts = sorted({len(points) for points in manifolds})
    points = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    text = f"{points} points in each manifold, {manifolds[0].shape[1]} features"
    if len(counts) > 1:
        return text
    return f"{text}; points without structure have capacity 2/{points} = {2 / counts[0]:.4g}"


def _require_parquet(output):
    missing = [name for name in ("pandas", "pyarrow") if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"writing {output} needs {' and '.join(missing)}; install them, or name a .csv"
        )


def _show_warning(message, *_):
    print(f"warning: {message}", file=sys.stderr)


def _write(path, geometry, names, settings, source):
    if path.suffix == ".parquet":
        from geomem.storage.provenance import provenance
        from geomem.storage.tables import write_table

        frame = geometry.to_frame()
        frame.insert(0, "name", frame["manifold"].map(dict(enumerate(names)), na_action="ignore"))
        write_table(path, frame, provenance("geometry", settings, [source]))
        return
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *ROW, "warnings"])
        packed = column(geometry.warnings, geometry.numbered())
        for (manifold, *rest), text in zip(geometry.rows(), packed, strict=True):
            name, index = ("", "") if manifold is None else (names[manifold], manifold)
            writer.writerow([name, index, *rest, text])
