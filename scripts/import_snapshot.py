"""Write the weights that a network trained elsewhere had at one epoch: a number, `best` or `last`.

--spec has "snapshot", the epoch, and "weights"; --weights names the file of each of its epochs.
"""

import json

from geomem.process import job, limit_threads, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--record", required=True, metavar="JSON", help="from import_network.py")
    options.add_argument("--weights", required=True, nargs="+", help="a file for each epoch")
    options.add_argument("--output", required=True, metavar="SAFETENSORS")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    from geomem.errors import InputError
    from geomem.foreign.weights import read_weights
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_document
    from geomem.training.record import epoch_asked_for
    from geomem.training.snapshot import REACHED, write_snapshot

    spec, record = arguments.spec, read_document(arguments.record)
    epoch = epoch_asked_for(spec["snapshot"], record)
    files = dict(zip(spec["weights"]["epochs"], arguments.weights, strict=True))
    if epoch not in files:
        raise InputError(f"snapshot: there are no weights of epoch {epoch} in weights.epochs")
    arrays = read_weights(files[epoch], spec["weights"].get("key"))
    origin = provenance(
        "import_snapshot", spec, [files[epoch], arguments.record], device=record["device"]
    )
    metadata = {
        "epoch": str(epoch),
        "status": REACHED,
        "precision": record["precision"],
        "provenance": json.dumps(origin, sort_keys=True),
    }
    write_snapshot(arguments.output, arrays, metadata)


if __name__ == "__main__":
    job(main)
