"""The table of a measure: what its function returned for every layer and kind, with their names."""

import inspect

import numpy as np
import pandas as pd

from geomem.errors import InputError
from geomem.functions import called, imported
from geomem.warning import MeasurementWarning, column, pack, together, unpack

COLUMNS = ("layer", "layer_index", "kind", "manifold", "metric", "value", "lo", "hi", "warnings")


def measured(activations, spec, threads, log=lambda *words: None):
    """One measure of every layer and kind of manifold.

    Parameters
    ----------
    activations : ActivationFile
        With its features where the measure wants them.
    spec : dict
        `function`, an import path; `source`, what it is given (a key of
        `geomem.registry.measures.STORES`); `settings`, its keywords; `keys`, if it has any, as of a
        `geomem.registry.measures.Measure`.
    threads : int
        Passed on to a function that has an argument of that name. So are `counts`, the points of
        each manifold, and `rounding`, see `ActivationFile.rounding`.
    log : callable
        Given a line for each layer and kind.

    Returns
    -------
    DataFrame
        Columns `epoch` and `COLUMNS`; no rows where training did not reach the epoch.

    Raises
    ------
    InputError
        If the function fails or returns something else than `as_frame` takes.
    """
    path, settings = spec["function"], dict(spec["settings"])
    taken = inspect.signature(imported(path)).parameters
    if "threads" in taken:
        settings["threads"] = threads
    frames = []
    for layer in activations.layers:
        for kind in activations.kinds:
            classes = activations.manifolds(kind)
            given = getattr(activations, spec["source"])(layer["index"], kind)
            if "counts" in taken:
                settings["counts"] = activations.counts(layer["index"], kind)
            if "rounding" in taken:
                settings["rounding"] = activations.rounding(layer["index"], kind)
            found = called(path, given, **settings)
            frame = as_frame(found, len(classes), path, spec.get("keys", ()))
            for line in summary(frame):
                log(f"{layer['name']}, {kind}: {line}")
            frame = _with_classes(frame, [int(number) for number in classes])
            names = {"layer": layer["name"], "layer_index": layer["index"], "kind": kind}
            frames.append(frame.assign(**names, **activations.network))
    table = pd.concat(frames, ignore_index=True) if frames else _empty(spec)
    table = table[[*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]]
    table.insert(0, "epoch", activations.epoch)
    return table


def _with_classes(frame, classes):
    """The table of a measure with class numbers for its manifolds, in warnings too."""
    numbers = dict(enumerate(classes))
    texts = {
        text: pack(
            record._replace(manifolds=tuple(classes[position] for position in record.manifolds))
            for record in unpack(text)
        )
        for text in frame["warnings"].unique()
    }
    return frame.assign(
        manifold=frame["manifold"].map(numbers, na_action="ignore").astype("Int64"),
        warnings=frame["warnings"].map(texts),
    )


def _empty(spec):
    return pd.DataFrame(columns=[*COLUMNS, *spec.get("keys", ())])


def as_frame(found, n_manifolds, path, keys=()):
    """What a measure returned, as a table.

    Parameters
    ----------
    found : DataFrame, or dict of str to float, (value, lo, hi) or array
        A table has columns `metric` and `value`, and may have `manifold` (its position; missing
        where a row is about all manifolds together), `lo`, `hi`, `warnings` (those about the row,
        as `geomem.warning.pack` returns them) and others, which tell no rows apart: there is one
        row for each metric and manifold. In a dict by metric, a number is about all manifolds
        together, three are that with its interval, and an array (P,) has one number for each
        manifold, whose mean is added; "warnings" may be a sequence of `MeasurementWarning`.
    n_manifolds : int
        P.
    path : str
        The function's import path, for messages.
    keys : sequence of str
        Further columns that do tell rows apart.

    Raises
    ------
    InputError
        If it is something else, names a manifold that is not there, or has several rows where
        there is to be one.
    """
    if isinstance(found, pd.DataFrame):
        frame = found.copy()
    elif isinstance(found, dict):
        found = dict(found)
        warnings = found.pop("warnings", ())
        if not all(isinstance(known, MeasurementWarning) for known in warnings):
            raise InputError(
                f"{path!r} returned warnings {warnings!r}; expected a sequence of "
                "geomem.warning.MeasurementWarning"
            )
        rows = [row for metric, value in found.items() for row in _rows(metric, value, n_manifolds)]
        if None in rows:
            raise InputError(
                f"{path!r} returned a value of another shape for {_odd(found, n_manifolds)}; "
                "expected a number, a tuple (value, lo, hi) or an array of "
                f"{n_manifolds}, one per manifold"
            )
        frame = pd.DataFrame(rows, columns=["manifold", "metric", "value", "lo", "hi"])
        about = [(metric, None if mu is pd.NA else mu) for mu, metric, *_ in rows]
        frame["warnings"] = column(warnings, about)
    else:
        raise InputError(
            f"{path!r} returned {type(found).__name__}; expected a dict by metric or a DataFrame"
        )
    absent = [name for name in ("metric", "value") if name not in frame]
    if absent:
        raise InputError(f"{path!r} returned a table without the column {', '.join(absent)}")
    for name, default in (("manifold", pd.NA), ("lo", np.nan), ("hi", np.nan), ("warnings", "")):
        if name not in frame:
            frame[name] = default
    frame["warnings"] = frame["warnings"].fillna("")
    frame["manifold"] = _positions(frame, n_manifolds, path)
    _require_one_row_each(frame, path, keys)
    return frame.astype({"value": float, "lo": float, "hi": float})


def _positions(frame, n_manifolds, path):
    """The column `manifold`, whole numbers; it and the warnings name manifolds that are there."""
    try:
        found = frame["manifold"].astype("Int64")
    except (TypeError, ValueError):
        found = None
    named = [] if found is None else [*found.dropna().unique()]
    for text in frame["warnings"].unique():
        named += [position for record in unpack(text) for position in record.manifolds]
    wrong = [position for position in named if not 0 <= position < n_manifolds]
    if found is None or wrong:
        what = f"the manifold {wrong[0]}" if wrong else f"manifolds {frame['manifold'].tolist()}"
        raise InputError(
            f"{path!r} returned {what}; expected positions from 0 to {n_manifolds - 1}, or nothing "
            "for all manifolds together"
        )
    return found


def _require_one_row_each(frame, path, keys):
    """Raise InputError where several rows would be one measurement, of which tables keep one."""
    twice = frame[frame.duplicated(["manifold", "metric", *keys])]
    if len(twice):
        known = {*COLUMNS, *keys}
        others = ", ".join(str(name) for name in frame.columns if name not in known)
        metric, manifold = twice.iloc[0][["metric", "manifold"]]
        raise InputError(
            f"{path!r} returned several rows of the metric {metric!r} for "
            f"{'all manifolds together' if pd.isna(manifold) else f'manifold {manifold}'}; "
            f"expected one. Put {others or 'what tells them apart'} into the metric's name, such "
            f"as '{metric} 5'"
        )


def _rows(metric, value, n_manifolds):
    if isinstance(value, tuple) and len(value) == 3:
        return [(pd.NA, metric, *map(float, value))]
    value = np.asarray(value, float)
    if value.ndim == 0:
        return [(pd.NA, metric, float(value), np.nan, np.nan)]
    if value.shape != (n_manifolds,):
        return [None]
    each = [(index, metric, number, np.nan, np.nan) for index, number in enumerate(value)]
    return [*each, (pd.NA, metric, value.mean(), np.nan, np.nan)]


def _odd(found, n_manifolds):
    return next(metric for metric, v in found.items() if None in _rows(metric, v, n_manifolds))


def summary(frame):
    """Lines for a log: the values of all manifolds together, and what warnings there are."""
    whole = frame[frame["manifold"].isna()]
    pairs = zip(whole["metric"], whole["value"], strict=True)
    yield ", ".join(f"{metric} {value:.4g}" for metric, value in pairs)
    for warning in unpack(together(frame["warnings"])):
        yield f"warning: {warning}"
