"""Labels of points from a CSV file."""

import csv
import re
from decimal import Decimal

import numpy as np

from geomem.errors import DamagedFileError, InputError

_NUMBER = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,5})?|[+-]?(nan|inf|infinity)", re.IGNORECASE
)
_MISSING = ("na", "n/a", "nan", "<na>", "#n/a")  # as R, pandas and spreadsheets write them
_MOST = 2**63  # beyond 64-bit integers


def csv_labels(path, column):
    """A column of a CSV file, by default `label` or the only one, in the order of the points.

    Parameters
    ----------
    path : pathlib.Path
    column : str
        Its name, whose case does not count unless two differ in it alone; "" for the default.

    Returns
    -------
    ndarray, shape (n,)
        int64 where all are numbers, else text.

    Raises
    ------
    InputError, DamagedFileError
        Naming the file, and the row that cannot be used.
    """
    columns, rows = _read(path)
    place = _place(path, columns, column or ("label" if len(columns) != 1 else columns[0]))
    index = _place(path, columns, "index", needed=False)
    if index not in (None, place):
        rows = _by_index(path, rows, index)
    for line, row in rows:
        if not row[place] or row[place].casefold() in _MISSING:
            shown = repr(row[place]) if row[place] else "empty"
            raise InputError(
                f"{path}, row {line}: {columns[place]} is {shown}; give each point a label, or "
                "leave it out of the points too"
            )
    return _values(path, columns[place], [(line, row[place]) for line, row in rows])


def _read(path):
    """Names of the columns, and pairs (line, cells); blanks around a cell do not count."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedFileError(f"{path} cannot be read ({error}); expected CSV") from error
    if not lines:
        return [], []
    (_, columns), *rows = lines
    if len(columns) == 1 and re.search("[;\t]", columns[0]):
        raise InputError(f"{path}: its columns are {columns[0]!r}; separate them by commas")
    for line, row in rows:
        if len(row) != len(columns):
            raise InputError(
                f"{path}, row {line} has {len(row)} values; expected {len(columns)}, one for each "
                f"column ({', '.join(columns)})"
            )
    return columns, rows


def _place(path, columns, name, needed=True):
    """Position of a column."""
    name = name.strip()
    found = [i for i, known in enumerate(columns) if known == name] or [
        i for i, known in enumerate(columns) if known.casefold() == name.casefold()
    ]
    if len(found) > 1:
        raise InputError(f"{path} has {len(found)} columns {name!r}; rename all but one")
    if needed and not found:
        raise InputError(
            f"{path} has no column {name!r}; it has {', '.join(columns) or 'none'}: name the one "
            f"of the labels, {path.name}#COLUMN"
        )
    return found[0] if found else None


def _by_index(path, rows, index):
    """Rows in the order of the points that their column `index` numbers from 0."""
    known = {str(number): None for number in range(len(rows))}
    for line, row in rows:
        number = row[index]
        if number not in known or known[number] is not None:
            raise InputError(
                f"{path}, row {line}: index is {number!r}; expected every number from 0 to "
                f"{len(rows) - 1} once, the position of the point"
            )
        known[number] = line, row
    return list(known.values())


def _values(path, name, cells):
    """Numbers where one cell is a number, which all have to be then; else text.

    Digits after a zero are a name, so that 01 and 1 are two: then all have to be digits.
    """
    texts = [text for _, text in cells]
    padded = any(re.fullmatch("0[0-9]+", text) for text in texts)
    if padded and all(re.fullmatch("[0-9]+", text) for text in texts):
        return np.array(texts)
    if not any(map(_is_number, texts)):
        return np.array(texts)
    numbers = []
    for line, text in cells:
        number = _whole(text)
        if number is None:
            raise InputError(
                f"{path}, row {line}: {name} is {text!r}, and some labels are numbers; expected "
                "whole numbers from 0 up, below 2**63, in all rows (leave out points that belong "
                "to no manifold), or names in all"
            )
        numbers.append(number)
    return np.array(numbers, dtype=np.int64)


def _is_number(text):
    return _NUMBER.fullmatch(text) is not None and not re.fullmatch("0[0-9]+", text)


def _whole(text):
    """The whole number from 0 up that a text is, exactly; None of any other text."""
    number = Decimal(text) if _is_number(text) else Decimal("nan")
    fits = number.is_finite() and 0 <= number < _MOST
    return int(number) if fits and number == number.to_integral_value() else None
