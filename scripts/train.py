"""Train one network and record its accuracies at initialization and after every epoch.

Before the first step the network is tried on a few images, and the layer names of --observed are
looked up. Goes on from saved states in --cache where there are any. SIGTERM and SIGUSR1 save a
state and end the command with status 75; run it again to go on. A loss that is not finite ends the
training with status "diverged" in the record and exit status 0.
"""

import json
from pathlib import Path

from geomem import memory
from geomem.process import job, limit_threads, parser
from geomem.training import portable


def main(argv=None):
    """See the module's docstring."""
    options = parser(__doc__)
    options.add_argument("--images", type=Path, required=True, help="image set (.npz)")
    options.add_argument("--labels", type=Path, required=True, help="label table (.parquet)")
    options.add_argument("--cache", type=Path, required=True, help="folder of saved states")
    options.add_argument(
        "--observed", type=json.loads, default={}, metavar="JSON",
        help="globs of layer names that will be asked for, by configuration key",
    )  # fmt: skip
    options.add_argument("--keep", default="", help="epochs whose state is kept, as 0,2,14")
    options.add_argument("--accuracy", type=Path, required=True, help="table written (.parquet)")
    options.add_argument("--examples", type=Path, required=True, help="table written (.parquet)")
    options.add_argument("--record", type=Path, required=True, help="document written (.json)")
    arguments = options.parse_args(argv)
    keep = _epochs(arguments.keep)
    limit_threads(arguments.threads)
    portable.prepare(arguments.spec.get("training", {}), arguments.threads)
    memory.keep()

    from geomem.training.signals import stop_requests

    asked_to_stop = stop_requests()

    import torch
    from geomem.data.image_sets import load_images
    from geomem.storage.provenance import provenance
    from geomem.storage.tables import columns, read_columns, write_document, write_table
    from geomem.training.correctness import correctness_table
    from geomem.training.device import device_name
    from geomem.training.evaluate import Targets, measurement_rows
    from geomem.training.loop import Training
    from geomem.training.record import training_record

    memory.give_back_libraries()
    torch.set_num_threads(arguments.threads)
    images = load_images(arguments.images)
    labels = read_columns(arguments.labels)
    targets = Targets.from_table(labels, images)
    training = Training(
        arguments.spec, images, targets, cache=arguments.cache, asked_to_stop=asked_to_stop
    )
    training.rehearse(arguments.observed)
    outcome = training.complete(keep)
    rows = [
        {"epoch": epoch, **row}
        for epoch, measurement in enumerate(outcome.history)
        for row in measurement_rows(measurement, targets)
    ]
    made = provenance(
        "train",
        arguments.spec,
        [arguments.images, arguments.labels],
        device=device_name(training.device),
    )
    names = ["epoch", "kind", "metric", "value", "lo", "hi", "n"]
    write_table(arguments.accuracy, columns(rows, names), made)
    examples = correctness_table(outcome.correct, labels, range(outcome.epochs + 1))
    write_table(arguments.examples, examples, made)
    content = training_record(
        outcome,
        parameters=training.parameters,
        key=training.key,
        device=made["device"],
        precision=training.recipe.precision,
        threads=arguments.threads,
    )
    write_document(arguments.record, content, made)


def _epochs(text):
    from geomem.errors import InputError

    try:
        return [int(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise InputError(f"--keep is {text!r}; expected epochs such as 0,2,14") from None


if __name__ == "__main__":
    job(main)
