"""Evaluate a network that was trained elsewhere, at each epoch of which there are weights.

--spec is {"model": {...}, "width": number, "weights": {"epochs": [...], ...}, ...}; --weights names
the file of each of the epochs, in their order. What training writes is written: accuracies, which
images are right, and how it ended.
"""

import json
from pathlib import Path

from geomem.process import job, limit_threads, log, parser


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--images", required=True, metavar="NPZ", help="image set")
    options.add_argument("--labels", required=True, metavar="PARQUET", help="label table")
    options.add_argument("--weights", required=True, nargs="+", help="a file for each epoch")
    options.add_argument(
        "--observed", type=json.loads, default={}, metavar="JSON",
        help="globs of layer names that will be asked for, by configuration key",
    )  # fmt: skip
    options.add_argument("--accuracy", type=Path, required=True, metavar="PARQUET")
    options.add_argument("--examples", type=Path, required=True, metavar="PARQUET")
    options.add_argument("--record", type=Path, required=True, metavar="JSON")
    arguments = options.parse_args(argv)
    limit_threads(arguments.threads)
    import pandas as pd
    from geomem.analysis.device import set_up
    from geomem.analysis.imported import evaluate_files
    from geomem.data.image_sets import load_images
    from geomem.foreign.record import COLUMNS, record_of_imported
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import read_table, write_document, write_table
    from geomem.training.correctness import correctness_table
    from geomem.training.device import device_name
    from geomem.training.evaluate import Targets, measurement_rows

    spec, device = arguments.spec, set_up(arguments.threads)
    images, labels = load_images(arguments.images), read_table(arguments.labels)
    targets = Targets.from_table(labels, images)
    epochs = spec["weights"]["epochs"]
    history, correct, parameters = evaluate_files(
        arguments.weights, spec, images, targets, device, arguments.observed, log
    )
    rows = [
        {"epoch": epoch, **row}
        for epoch, measurement in zip(epochs, history, strict=True)
        for row in measurement_rows(measurement, targets)
    ]
    inputs = [arguments.images, arguments.labels, *arguments.weights]
    origin = provenance("import_network", spec, inputs, device=device_name(device))
    write_table(arguments.accuracy, pd.DataFrame(rows)[list(COLUMNS)], origin)
    write_table(arguments.examples, correctness_table(correct, labels, epochs), origin)
    record = record_of_imported(epochs, history, parameters, origin["device"])
    write_document(arguments.record, record, origin)


if __name__ == "__main__":
    job(main)
