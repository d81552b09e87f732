"""Split the gradient of every layer into its label and its label-independent part.

--spec is {"model": {...}, "width": number, "seed": number, "per_class": number or null}: at most so
many training images with each label and of each kind. Snapshots that training did not reach are
left out.
"""

import time

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--labels", required=True, metavar="PARQUET", help="from make_labels.py")
    options.add_argument("--snapshots", required=True, nargs="+", help="from take_snapshot.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="gradients")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.analysis.device import set_up
    from geomem.analysis.gradients import COLUMNS, split_gradients
    from geomem.analysis.networks import networks_at
    from geomem.data.image_sets import load_images
    from geomem.models.layers import depth_columns, list_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import columns, read_columns, write_table
    from geomem.training.defects import refuse_overwriting
    from geomem.training.device import device_name

    started = time.monotonic()
    spec, device = arguments.spec, set_up(arguments.threads)
    images = load_images(arguments.images)
    labels = read_columns(arguments.labels)
    chosen = {"per_class": spec["per_class"], "seed": spec["seed"]}
    rows = []
    for epoch, model, normalizer in networks_at(arguments.snapshots, spec, images, device):
        refuse_overwriting(model, device)
        layers = list_layers(model)
        found = split_gradients(model, layers, images, labels, normalizer, epoch=epoch, **chosen)
        rows += [{**row, **depth_columns(layers)} for row in found]
        log(f"epoch {epoch}: {time.monotonic() - started:.1f} s")
    inputs = [arguments.images, arguments.labels, *arguments.snapshots]
    origin = provenance("split_gradients", spec, inputs, device=device_name(device))
    names = [*COLUMNS, "n_layers", "weighted_layers"]
    write_table(arguments.output, columns(rows, names), origin)


if __name__ == "__main__":
    job(main)
