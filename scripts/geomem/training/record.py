"""The training record: how a training ended, and where its states are.

Importing this module imports neither torch nor numpy.
"""

from geomem.errors import InputError


def training_record(outcome, *, parameters, key, device, precision, threads):
    """The content of `training.json`, a dict.

    Its entries are `status` ("completed" or "diverged"), `epochs` (the last one reached),
    `best_epoch` (the first with the highest validation accuracy), `stopped_early`, `diverged_at`
    (None, or epoch and step, see `Outcome`), `parameters` (how many numbers were trained), `key`
    (folder of the states in the cache),
    `device`, `precision` and `threads`.
    """
    return {
        "status": outcome.status,
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        "stopped_early": outcome.stopped_early,
        "diverged_at": outcome.diverged_at,
        "parameters": parameters,
        "key": key,
        "device": device,
        "precision": precision,
        "threads": threads,
    }


def epoch_asked_for(snapshot, record):
    """The epoch that `best`, `last` or a number (int or its text) means in this training."""
    if snapshot in ("best", "last"):
        return record["best_epoch" if snapshot == "best" else "epochs"]
    try:
        epoch = int(snapshot)
    except (TypeError, ValueError):
        epoch = -1
    if epoch < 0:
        raise InputError(f"snapshot is {snapshot!r}; expected best, last or an epoch's number")
    return epoch


def status_of(epoch, record):
    """Whether training came to an epoch: "reached", "diverged" or "stopped" before it.

    Raises
    ------
    InputError
        If it lies past a training that went to its end.
    """
    if epoch <= record["epochs"]:
        return "reached"
    if record["status"] == "diverged":
        return "diverged"
    if record["stopped_early"]:
        return "stopped"
    raise InputError(
        f"snapshot: epoch {epoch} lies past the end of training at epoch {record['epochs']}; "
        "ask for an earlier one or raise training.epochs"
    )
