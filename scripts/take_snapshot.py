"""Write the weights a training had at one epoch: a number, `best` or `last`.

Taken from the saved states in --cache; an epoch not saved there is trained again from the
nearest state before it, to the same bits. When training diverged or stopped before the epoch,
the file is written without weights and its metadata says so.
"""

from pathlib import Path

from geomem.process import job, limit_threads, parser
from geomem.training import portable


def main(argv=None):
    """See the module's docstring."""
    options = parser(__doc__)
    options.add_argument("--images", type=Path, required=True, help="image set (.npz)")
    options.add_argument("--labels", type=Path, required=True, help="label table (.parquet)")
    options.add_argument("--record", type=Path, required=True, help="training.json of the run")
    options.add_argument("--cache", type=Path, required=True, help="folder of saved states")
    options.add_argument("--output", type=Path, required=True, help="snapshot (.safetensors)")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    portable.prepare(arguments.spec.get("training", {}), arguments.threads)

    import json

    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_document
    from geomem.training.record import epoch_asked_for, status_of
    from geomem.training.snapshot import REACHED, write_snapshot
    from geomem.training.state import StateStore, model_arrays

    record = read_document(arguments.record)
    epoch = epoch_asked_for(arguments.spec["snapshot"], record)
    status = status_of(epoch, record)
    arrays = {}
    if status == REACHED:
        saved = StateStore(arguments.cache / record["key"]).at(epoch)
        arrays = model_arrays((saved or _train_again(arguments, record, epoch)).arrays)
    made = provenance(
        "snapshot",
        arguments.spec,
        [arguments.images, arguments.labels, arguments.record],
        device=record["device"],
    )
    metadata = {
        "epoch": str(epoch),
        "status": status,
        "precision": record["precision"],
        "provenance": json.dumps(made, sort_keys=True),
    }
    write_snapshot(arguments.output, arrays, metadata)


def _train_again(arguments, record, epoch):
    from geomem.training.signals import stop_requests

    asked_to_stop = stop_requests()

    import torch
    from geomem.data.image_sets import load_images
    from geomem.storage.tables import read_columns
    from geomem.training.evaluate import Targets
    from geomem.training.key import check_same
    from geomem.training.loop import Training

    torch.set_num_threads(arguments.threads)
    images = load_images(arguments.images)
    targets = Targets.from_table(read_columns(arguments.labels), images)
    spec = {key: value for key, value in arguments.spec.items() if key != "snapshot"}
    training = Training(spec, images, targets, cache=arguments.cache, asked_to_stop=asked_to_stop)
    check_same(training.determinants, arguments.cache / record["key"])
    return training.state_after(epoch)


if __name__ == "__main__":
    job(main)
