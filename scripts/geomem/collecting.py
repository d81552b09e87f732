"""One tidy table per experiment out of the tables of its runs.

A collected table is long: one measurement per row, keys first, then `value` with its interval
`lo` to `hi`, then what else the measurement carries, then two flags that say whether the row's
epoch is the run's `best` (highest validation accuracy) or `last`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from geomem.errors import InputError

RUN_KEYS = ("experiment", "width", "noise", "seed")
MEASURED = ("value", "lo", "hi")


@dataclass(frozen=True)
class RunTables:
    """What one run left behind.

    Attributes
    ----------
    width, seed : int
    noise : float
        Fraction of training images with a permuted label.
    record : dict
        Content of the run's training.json: `status`, `epochs` (last epoch reached), `best_epoch`,
        `parameters` (trainable parameters).
    frames : sequence of DataFrame
        Its tables of one sort, none if the run has none.
    """

    width: int
    noise: float
    seed: int
    record: dict
    frames: Sequence[pd.DataFrame]


def by_run(origins, runs, option):
    """Paths of files by the run that their provenance says they are of.

    Parameters
    ----------
    origins : dict of str to dict
        Provenance of each file.
    runs : list of dict
        `width`, `noise` and `seed` of each run.
    option : str
        How the command is given the files, for messages.

    Returns
    -------
    list of list of str
        For each run, in the order of `runs`.

    Raises
    ------
    InputError
        If a file is of none of them, or some run has fewer files than another.
    """
    found = {_cell(run): [] for run in runs}
    for path, origin in origins.items():
        settings = origin.get("spec", {})
        cell = _cell(settings.get("run", settings))
        if cell not in found:
            raise InputError(
                f"{option}: {path} was made for {_described(cell)}, and spec runs has "
                f"{'; '.join(map(_described, found)) or 'none'}. Make it again with the settings "
                "of this experiment"
            )
        found[cell].append(path)
    counts = {cell: len(paths) for cell, paths in found.items()}
    if len({*counts.values()}) > 1 or not found:
        listed = "; ".join(f"{_described(cell)}: {count}" for cell, count in counts.items())
        raise InputError(
            f"{option}: not the same number of files for every run ({listed or 'no runs'}); give "
            "all of each"
        )
    return list(found.values())


def _cell(settings):
    return tuple(settings.get(name) for name in RUN_KEYS[1:])


def _described(cell):
    return ", ".join(f"{name} {value}" for name, value in zip(RUN_KEYS[1:], cell, strict=True))


def check_columns(frame, table, keys, source):
    """Raise InputError unless `frame`, read from `source`, has the columns of such a table."""
    absent = [name for name in (*keys, *MEASURED) if name not in frame.columns]
    if absent:
        raise InputError(
            f"{source}: columns {', '.join(absent)} are missing; a {table} table of one run needs "
            f"{', '.join((*keys, *MEASURED))}. Give the file that belongs to {table!r}."
        )


def collect(keys, experiment, runs):
    """Stack the tables of all runs and flag each run's best and last epoch.

    Parameters
    ----------
    keys : sequence of str
        Columns that tell the rows of one run apart.
    experiment : str
    runs : sequence of RunTables
        Runs may lack tables, and tables may lack rows: what is missing stays missing.

    Returns
    -------
    DataFrame
        Sorted by width, noise and seed, otherwise in the order measured. Rows with equal keys (a
        snapshot known both as "best" and by its epoch) are kept once. A run that diverged has no
        `last` epoch, since it ended before the others did.

    Raises
    ------
    InputError
        If one table has rows with equal keys and different values, of which one would be kept.
    """
    for run in runs:
        for frame in run.frames:
            _require_keys(frame, keys)
    parts = [
        _with_keys(frame, experiment, run)
        for run in sorted(runs, key=lambda run: (run.width, run.noise, run.seed))
        for frame in run.frames
        if len(frame)
    ]
    keys = [*RUN_KEYS, *keys]
    if not parts:
        return pd.DataFrame(columns=[*keys, *MEASURED, "parameters", "best", "last"])
    stacked = pd.concat(parts, ignore_index=True)
    stacked = stacked.drop_duplicates(keys, keep="first", ignore_index=True)
    rest = [name for name in stacked.columns if name not in (*keys, *MEASURED, "best", "last")]
    return stacked[[*keys, *MEASURED, *rest, "best", "last"]]


def _require_keys(frame, keys):
    if not len(frame):
        return
    twice = frame.drop_duplicates([*keys, *MEASURED])
    twice = twice[twice.duplicated(keys)]
    if len(twice):
        row = ", ".join(f"{name} {twice.iloc[0][name]}" for name in keys)
        raise InputError(
            f"a table has {len(twice) + 1} or more rows of {row}, which differ in their values; "
            "let the function that made them return one"
        )


def _with_keys(frame, experiment, run):
    record = run.record
    completed = record["status"] == "completed"
    return frame.assign(
        experiment=experiment,
        width=run.width,
        noise=float(run.noise),
        seed=run.seed,
        parameters=record["parameters"],
        best=_is_epoch(frame, record.get("best_epoch")),
        last=_is_epoch(frame, record["epochs"] if completed else None),
    )


def _is_epoch(frame, epoch):
    return False if epoch is None else (frame["epoch"] == epoch).astype(bool)
