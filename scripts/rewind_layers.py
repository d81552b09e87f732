"""Set layers of a final network back to earlier epochs and measure the accuracies.

--spec is {"model": {...}, "width": number, "rewind": {"schemes", "sets", "batch_norm",
"train_images", ...}}. Snapshots that training did not reach are left out; without a final one the
table is empty.
"""

import time

from geomem import memory
from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--labels", required=True, metavar="PARQUET", help="from make_labels.py")
    options.add_argument("--final", required=True, metavar="SNAPSHOT", help="last epoch's")
    options.add_argument("--snapshots", required=True, nargs="+", help="epochs to go back to")
    options.add_argument("--output", required=True, metavar="PARQUET", help="accuracies")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    memory.keep()
    from geomem.analysis.device import set_up
    from geomem.analysis.networks import (
        empty_network,
        load_snapshot,
        load_state,
        with_statistics,
    )
    from geomem.analysis.rewind import COLUMNS, choose_material, rewind
    from geomem.data.image_sets import load_images
    from geomem.models.inner import layers_for
    from geomem.models.layers import depth_columns
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_columns, write_table
    from geomem.training.device import device_name
    from geomem.training.evaluate import Targets

    started = time.monotonic()
    spec, device = arguments.spec, set_up(arguments.threads)
    final = load_snapshot(arguments.final)
    earlier = [load_snapshot(path) for path in arguments.snapshots]
    rows = []
    if final.reached:
        images = load_images(arguments.images)
        targets = Targets.from_table(read_columns(arguments.labels), images)
        model = empty_network(spec, images, device)
        for snapshot, path in zip(
            [final, *earlier], [arguments.final, *arguments.snapshots], strict=True
        ):
            if snapshot.reached:
                load_state(model, snapshot.state, path)
        material = choose_material(
            images, targets, device, final.precision, spec["rewind"]["train_images"]
        )
        reached = [
            with_statistics(model, snapshot, images.train_images, material.normalizer)
            for snapshot in earlier
            if snapshot.reached
        ]
        settings = spec["rewind"]
        asked = [glob for globs in settings["sets"].values() for glob in globs]
        layers = layers_for(model, [*asked, *settings.get("layers", ())])
        found = rewind(model, layers, final, reached, material, settings)
        rows = [{**row, **depth_columns(layers)} for row in found]
    log(f"{len(rows)} accuracies in {time.monotonic() - started:.1f} s")
    import pandas as pd  # only now: it takes 50 MB

    frame = pd.DataFrame(rows, columns=[*COLUMNS, "n_layers", "weighted_layers"]).astype(
        {"layer_index": "Int64"}
    )
    inputs = [arguments.images, arguments.labels, arguments.final, *arguments.snapshots]
    origin = provenance("rewind_layers", spec, inputs, device=device_name(device))
    write_table(arguments.output, frame, origin)


if __name__ == "__main__":
    job(main)
