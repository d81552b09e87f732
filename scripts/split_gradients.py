"""Split the gradient of every layer into its label and its label-independent part.

--spec is {"model": {...}, "width": number}. Snapshots that training did not reach are left out.
"""

import time

from geomem.command import limit_threads, log, parser, run


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="from make_dataset.py")
    options.add_argument("--probe", required=True, metavar="PARQUET", help="from choose_probe.py")
    options.add_argument("--snapshots", required=True, nargs="+", help="from take_snapshot.py")
    options.add_argument("--output", required=True, metavar="PARQUET", help="gradients")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    import pandas as pd
    import torch
    from geomem.analysis.gradients import COLUMNS, split_gradients
    from geomem.analysis.networks import (
        empty_network,
        load_snapshot,
        load_state,
        with_statistics,
    )
    from geomem.data.image_sets import load_images
    from geomem.models.layers import list_layers
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_table
    from geomem.training.batches import Normalizer
    from geomem.training.device import choose_device, compute_deterministically, device_name

    started = time.monotonic()
    torch.set_num_threads(arguments.threads)
    compute_deterministically()
    spec, device = arguments.spec, choose_device()
    images = load_images(arguments.images)
    probe = read_table(arguments.probe)
    normalizer = Normalizer.fit(images.train_images)
    model = empty_network(spec, images, device)
    layers, rows, seen = list_layers(model), [], set()
    for path in arguments.snapshots:
        snapshot = load_snapshot(path)
        if not snapshot.reached or snapshot.epoch in seen:
            log(f"{path}: epoch {snapshot.epoch} was not reached, or is here twice; left out")
            continue
        seen.add(snapshot.epoch)
        load_state(model, snapshot.state, path)
        snapshot = with_statistics(model, snapshot, images.train_images, normalizer)
        model.load_state_dict(snapshot.state)
        rows += split_gradients(model, layers, images, probe, normalizer, epoch=snapshot.epoch)
        log(f"epoch {snapshot.epoch}: {time.monotonic() - started:.1f} s")
    inputs = [arguments.images, arguments.probe, *arguments.snapshots]
    origin = provenance(
        "split_gradients", spec, inputs, started=started, device=device_name(device)
    )
    write_table(arguments.output, pd.DataFrame(rows, columns=list(COLUMNS)), origin)


if __name__ == "__main__":
    run(main)
