"""Train probes on every layer with assigned and with true labels, and judge held-out images.

--spec is {"model": {...}, "width": number, "layers": [globs], "probes": {"classes", "per_class",
"variance", "confidence"}}. Snapshots that training did not reach are left out.
"""

import time

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument(
        "--analysis-set", required=True, metavar="PARQUET", help="from choose_analysis_set.py"
    )
    options.add_argument("--snapshots", required=True, nargs="+", help="from take_snapshot.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="accuracies")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.device import set_up
    from geomem.analysis.networks import networks_at
    from geomem.analysis.points import choose_points
    from geomem.analysis.probing import COLUMNS, KINDS, probe_layers
    from geomem.data.image_sets import load_images
    from geomem.models.chosen import analysed_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_columns, write_table
    from geomem.training.device import device_name

    started = time.monotonic()
    spec, device = arguments.spec, set_up(arguments.threads)
    images = load_images(arguments.images)
    settings = spec["probes"]
    analysis_set = choose_points(
        read_columns(arguments.analysis_set),
        kinds=KINDS,
        section="probes",
        **{name: settings[name] for name in ("classes", "per_class")},
    )
    rows = []
    for epoch, model, normalizer in networks_at(arguments.snapshots, spec, images, device):
        rows += probe_layers(
            model,
            *analysed_layers(model, spec),
            images,
            analysis_set,
            normalizer,
            epoch=epoch,
            variance=settings["variance"],
            confidence=settings["confidence"],
        )
        log(f"epoch {epoch}: {time.monotonic() - started:.1f} s")
    import pandas as pd  # only now: it takes 50 MB

    inputs = [arguments.images, arguments.analysis_set, *arguments.snapshots]
    origin = provenance("probe_layers", spec, inputs, device=device_name(device))
    write_table(arguments.output, pd.DataFrame(rows, columns=list(COLUMNS)), origin)


if __name__ == "__main__":
    job(main)
