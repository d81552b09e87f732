"""The geometry command with `--estimator glue`: all manifolds measured jointly."""

import csv
import sys

from geomem.warning import column


def measure_glue(options, manifolds, output, settings):
    """Measure the manifolds, print the numbers and write the table."""
    from geomem.geometry.glue import glue_geometry

    geometry = glue_geometry(
        manifolds, random_state=options.seed, threads=options.threads, **settings
    )
    _write(output, geometry, {**settings, "estimator": "glue", "seed": options.seed}, options.file)
    print(f"{geometry.n_manifolds} manifolds, {geometry.n_t} draws ({geometry.dichotomies})")
    percent = f"{100 * geometry.confidence:g}%"
    for name, value, lo, hi in geometry.rows():
        interval = f"   {percent} interval {lo:.5g} to {hi:.5g}" if lo == lo else ""
        print(f"  {name:26s}{value:12.5g}{interval}")
    for warning in geometry.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"table: {output}")


def _write(path, geometry, settings, source):
    if path.suffix == ".parquet":
        from geomem.storage.provenance import provenance
        from geomem.storage.tables import write_table

        write_table(path, geometry.to_frame(), provenance("geometry", settings, [source]))
        return
    from geomem.storage.atomic import replacing

    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["metric", "value", "lo", "hi", "warnings"])
        packed = column(geometry.warnings, geometry.numbered())
        for row, text in zip(geometry.rows(), packed, strict=True):
            writer.writerow([*row, text])
