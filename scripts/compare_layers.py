"""Compare every layer of a network between epochs, and with networks of other seeds and widths.

--spec is {"model": {...}, "width": number, "layers": [globs], "similarity": {"classes",
"per_class", "confidence"}, "epochs": [names of the snapshots], "others": [{"compared": "seed" or
"width", "value": number, "width": number}]}. --snapshots are this run's, one for each name, then
those of each of the others. All are shown the same test images. Snapshots that training did not
reach are left out.
"""

import time

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument(
        "--analysis-set", required=True, metavar="PARQUET", help="the same for all runs"
    )
    options.add_argument("--snapshots", required=True, nargs="+", help="from take_snapshot.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="similarities")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.device import set_up
    from geomem.analysis.networks import networks_at
    from geomem.analysis.points import choose_points
    from geomem.analysis.similarity import (
        COLUMNS,
        KIND,
        between_epochs,
        between_runs,
        grams_of_layers,
    )
    from geomem.data.image_sets import load_images
    from geomem.models.chosen import analysed_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_columns, write_table
    from geomem.training.device import device_name

    started = time.monotonic()
    spec, device = arguments.spec, set_up(arguments.threads)
    images = load_images(arguments.images)
    settings, names = spec["similarity"], spec["epochs"]
    analysis_set = choose_points(
        read_columns(arguments.analysis_set),
        kinds=[KIND],
        section="similarity",
        **{name: settings[name] for name in ("classes", "per_class")},
    )

    def snapshots(paths, width):
        found = {}
        for name, path in zip(names, paths, strict=True):
            for epoch, model, normalizer in networks_at(
                [path], {**spec, "width": width}, images, device
            ):
                layers, every = analysed_layers(model, spec)
                found[name] = (
                    epoch,
                    grams_of_layers(
                        model, layers, images, analysis_set, normalizer, epoch=epoch, network=every
                    ),
                )
        return found

    count = len(names)
    parts = [arguments.snapshots[i : i + count] for i in range(0, len(arguments.snapshots), count)]
    own = snapshots(parts[0], spec["width"])
    log(f"epochs {', '.join(map(str, own))}: {time.monotonic() - started:.1f} s")
    rows = between_epochs(own, settings["confidence"])
    for other, paths in zip(spec["others"], parts[1:], strict=True):
        theirs = snapshots(paths, other["width"])
        rows += between_runs(own, theirs, other["compared"], other["value"], settings["confidence"])
        log(f"{other['compared']} {other['value']}: {time.monotonic() - started:.1f} s")
    import pandas as pd  # only now: it takes 50 MB

    inputs = [arguments.images, arguments.analysis_set, *arguments.snapshots]
    origin = provenance("compare_layers", spec, inputs, device=device_name(device))
    write_table(arguments.output, pd.DataFrame(rows, columns=list(COLUMNS)), origin)


if __name__ == "__main__":
    job(main)
