"""Measure the geometry of every layer and manifold kind of one snapshot's activations.

--spec {"n_t": 300, "kappa": 0.0, "remove_low_rank": true, "confidence": 0.95, "seed": 0}

All layers and kinds share their Gaussian vectors, so that differences are not due to the draw. How
each vector moves a mean over manifolds stands in the column `influence` (n_t numbers of mean 0, in
the rows of those means), so that the error of a difference can be told from the table.
Activations of an epoch that training did not reach have no layers; their table has no rows.
"""

import time

from geomem.command import limit_threads, log, parser, run

SETTINGS = ("n_t", "kappa", "remove_low_rank", "confidence")
COLUMNS = (
    "layer", "layer_index", "kind", "manifold", "metric", "value", "lo", "hi", "warnings",
    "influence", "n_layers", "weighted_layers",
)  # fmt: skip


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--activations", required=True, metavar="NPZ", help="inner products")
    options.add_argument("--output", required=True, metavar="PARQUET", help="the table to write")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    import pandas as pd
    from geomem.analysis.activation_file import read_activations
    from geomem.geometry import geometry_from_products
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import write_table

    started = time.monotonic()
    spec = arguments.spec
    activations = read_activations(arguments.activations)
    frames = []
    for layer in activations.layers:
        for kind in activations.kinds:
            geometry = geometry_from_products(
                activations.products(layer["index"], kind),
                random_state=spec["seed"],
                threads=arguments.threads,
                **{name: spec[name] for name in SETTINGS},
            )
            for warning in geometry.warnings:
                log(f"warning: layer {layer['name']}, {kind}: {warning}")
            frame = geometry.to_frame()
            classes = dict(enumerate(activations.manifolds(kind)))
            frame["manifold"] = frame["manifold"].map(classes, na_action="ignore").astype("Int64")
            frame.insert(0, "layer", layer["name"])
            frame.insert(1, "layer_index", layer["index"])
            frame.insert(2, "kind", kind)
            frame["influence"] = _influences(geometry, frame)
            frames.append(frame.assign(**activations.network))
            log(f"{layer['name']}, {kind}: capacity {geometry.mean_capacity:.4f}")
    empty = pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(frames, ignore_index=True) if frames else empty
    table.insert(0, "epoch", activations.epoch)
    origin = provenance("measure_geometry", spec, [arguments.activations], started=started)
    write_table(arguments.output, table, origin)


def _influences(geometry, frame):
    """The column `influence`: arrays of float32 in rows of means over manifolds, else None."""
    from geomem.geometry.intervals import influence

    found = {}
    for metric in ("capacity", "radius", "dimension"):
        of_vectors = influence(metric, geometry.statistics).mean(axis=0)
        found[metric] = (of_vectors - of_vectors.mean()).astype("float32")
    return [
        found.get(metric) if whole else None
        for metric, whole in zip(frame["metric"], frame["manifold"].isna(), strict=True)
    ]


if __name__ == "__main__":
    run(main)
