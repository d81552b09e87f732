"""Warnings of a measurement as records, and the column `warnings` of a table that holds them.

A table has in each row the warnings that are about its value, packed as one JSON text ("" where
there is none). Whatever reads a table unpacks the records; no text is searched for meaning.
"""

import json
from functools import lru_cache
from typing import NamedTuple

from geomem.errors import InputError

SHOWN = 10  # manifolds that a text names


class MeasurementWarning(NamedTuple):
    """What a reader of some numbers must know.

    Attributes
    ----------
    code : str
        The same for the same cause, whatever the numbers in the text.
    text : str
        A sentence without the manifolds, which `str` adds.
    metrics : tuple of str
        Those concerned, with every other mean of the same ("radius" stands for "radius_iqm" too);
        empty for all.
    manifolds : tuple of int
        Those concerned: positions in what was measured, class numbers in a table of the workflow.
        Empty for all.
    """

    code: str
    text: str
    metrics: tuple = ()
    manifolds: tuple = ()

    def __str__(self):
        if not self.manifolds:
            return self.text
        return f"manifold {listed(self.manifolds)}: {self.text}"

    def is_about(self, metric: str, manifold: int | None = None) -> bool:
        """Whether it concerns a number: of one manifold, or (None) of all of them together."""
        return (manifold is None or not self.manifolds or manifold in self.manifolds) and (
            not self.metrics
            or any(metric == name or metric.startswith(f"{name}_") for name in self.metrics)
        )


def listed(indices):
    """The first ten numbers, and how many more there are."""
    shown = ", ".join(map(str, indices[:SHOWN]))
    return shown if len(indices) <= SHOWN else f"{shown} and {len(indices) - SHOWN} more"


def pack(warnings):
    """Records as one text, each once; "" without any."""
    known = [record._asdict() for record in dict.fromkeys(warnings)]
    return json.dumps(known, ensure_ascii=False) if known else ""


@lru_cache(maxsize=4096)
def unpack(text: str) -> tuple[MeasurementWarning, ...]:
    """The records of a text that `pack` made, a tuple of `MeasurementWarning`.

    Raises
    ------
    InputError
        If it is another text.
    """
    if not text:
        return ()
    try:
        return tuple(
            MeasurementWarning(
                str(known["code"]),
                str(known["text"]),
                tuple(map(str, known["metrics"])),
                tuple(map(int, known["manifolds"])),
            )
            for known in json.loads(text)
        )
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"column warnings: {text!r} is not a list of warnings; expected '' or what "
            "geomem.warning.pack returns. Make a table of an earlier version again"
        ) from error


def column(warnings, rows):
    """The packed warnings of each row, a list of str.

    Parameters
    ----------
    warnings : sequence of MeasurementWarning
    rows : iterable of (str, int or None)
        Metric and manifold, None for all together.
    """
    return [pack(known for known in warnings if known.is_about(*row)) for row in rows]


def together(texts):
    """Packed warnings of several values as one text: those of their mean or difference."""
    texts = dict.fromkeys(texts)
    return (
        pack(known for text in texts for known in unpack(text))
        if len(texts) > 1
        else next(iter(texts), "")
    )


def lines(text):
    """Packed warnings for people, one a line."""
    return "\n".join(map(str, unpack(text)))
