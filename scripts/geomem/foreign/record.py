"""What stands in place of a training's record for what was recorded or trained elsewhere."""

COLUMNS = ("epoch", "kind", "metric", "value", "lo", "hi", "n")  # of an accuracy table


def record_of_recorded(known):
    """The content of `training.json`; see `geomem.training.record.training_record`.

    Parameters
    ----------
    known : dict
        `last`, the last epoch of the collection; `subject` and `conditions`, names or None.
    """
    return {
        **_ended(known["last"], None, None, "elsewhere", "as recorded"),
        "subject": known["subject"],
        "conditions": known["conditions"],
    }


def record_of_imported(epochs, history, parameters, device):
    """The content of `training.json` for a network whose weights were trained elsewhere.

    Parameters
    ----------
    epochs : sequence of int
        Of which there are weights, in increasing order.
    history : ndarray, shape (epochs, kinds, measures)
        See `geomem.training.evaluate.measure`; the best epoch is the first with the highest
        validation accuracy among them.
    parameters : int
    device : str
        Where it was evaluated.
    """
    from geomem.training.loop import best_epoch

    best = epochs[best_epoch(history)]
    return {**_ended(epochs[-1], best, parameters, device, "float32"), "imported": True}


def _ended(last, best, parameters, device, precision):
    return {
        "status": "completed",
        "epochs": last,
        "best_epoch": best,
        "stopped_early": False,
        "diverged_at": None,
        "parameters": parameters,
        "key": None,
        "device": device,
        "precision": precision,
    }
