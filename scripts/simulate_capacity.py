"""Capacity of every layer by trying out random dichotomies, beside the theory's.

--spec is {"model": {...}, "width": number, "layers": [globs], "geometry": {...}, "simulation":
{"kinds", "classes", "per_class", "dichotomies", "seed"}}. Snapshots that training did not reach are
left out.
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
    options.add_argument("--output", required=True, metavar="PARQUET", help="capacities")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.device import set_up
    from geomem.analysis.networks import networks_at
    from geomem.analysis.points import choose_points
    from geomem.analysis.simulation import COLUMNS, simulate
    from geomem.data.image_sets import load_images
    from geomem.models.chosen import analysed_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import columns, read_columns, write_table
    from geomem.training.device import device_name

    started = time.monotonic()
    spec, device = arguments.spec, set_up(arguments.threads)
    images = load_images(arguments.images)
    settings = spec["simulation"]
    analysis_set = choose_points(
        read_columns(arguments.analysis_set),
        section="simulation",
        **{name: settings[name] for name in ("kinds", "classes", "per_class")},
    )
    rows = []
    for epoch, model, normalizer in networks_at(arguments.snapshots, spec, images, device):
        rows += simulate(
            model,
            analysed_layers(model, spec)[0],
            images,
            analysis_set,
            normalizer,
            epoch=epoch,
            geometry=spec["geometry"],
            dichotomies=settings["dichotomies"],
            seed=settings["seed"],
            threads=arguments.threads,
        )
        log(f"epoch {epoch}: {time.monotonic() - started:.1f} s")
    inputs = [arguments.images, arguments.analysis_set, *arguments.snapshots]
    origin = provenance("simulate_capacity", spec, inputs, device=device_name(device))
    write_table(arguments.output, columns(rows, COLUMNS), origin)


if __name__ == "__main__":
    job(main)
