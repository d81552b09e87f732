"""What a collection of foreign activations holds: the rows of its manifests.

A manifest is a table, CSV or Parquet, with one row for each array:

============  ====================================================================================
`file`        path of the array's file, relative to the manifest's folder
`array`       its name in the file; needed where the file has several besides `labels`
`layer`       name of the layer or area (default: the file's name)
`epoch`       whole number (default: 0)
`condition`   a name instead of, or for, the epoch
`subject`     a name, or `seed`, a whole number (default: 0)
`kind`        kind of the manifolds (default: points)
`labels`      file of the labels of the points, `file#array` (of a .csv: `file#column`), or
              `#array` of the same file (default: `#labels`)
`pooling`     mean, max, first, last, or an index, over the dimensions `axis` (default: none)
`axis`        dimensions that are pooled over, such as `1` or `2 3`; the points are dimension 0
============  ====================================================================================

Importing this imports the standard library; pyarrow for a Parquet manifest.
"""

import csv
import difflib
import functools
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from geomem.errors import DamagedFileError, InputError
from geomem.foreign.pooling import require_pooling

NAME = "manifest.csv"
COLUMNS = (
    "file", "array", "layer", "epoch", "condition", "subject", "seed", "kind", "labels", "pooling",
    "axis",
)  # fmt: skip
KIND = "points"
_ARRAYS = (".npy", ".npz", ".safetensors", ".mat", ".h5", ".hdf5", ".zarr")
_MANIFESTS = (".csv", ".parquet")


@dataclass(frozen=True)
class Entry:
    """One array of activations.

    Attributes
    ----------
    file, array : str
        Path, and name in the file ("" where it has one array besides the labels).
    layer : str
    epoch, seed : int
        Conditions and subjects are numbered.
    kind : str
    labels : str
        Path of the labels' file.
    labels_array : str
        Name in that file; "" where it has one.
    pooling : str
        One of `geomem.foreign.pooling.POOLINGS` or an index.
    axis : tuple of int
    """

    file: str
    array: str
    layer: str
    epoch: int
    seed: int
    kind: str
    labels: str
    labels_array: str
    pooling: str
    axis: tuple


@dataclass(frozen=True)
class Collection:
    """All arrays of a manifest, or of a folder.

    Attributes
    ----------
    path : str
    entries : tuple of Entry
    layers, kinds : tuple of str
        In the order in which they first appear.
    epochs, seeds : tuple of int
    conditions, subjects : dict of int to str
        Names of epochs and seeds, where they have any.
    """

    path: str
    entries: tuple
    layers: tuple
    kinds: tuple
    epochs: tuple
    seeds: tuple
    conditions: dict
    subjects: dict

    def at(self, seed, epoch):
        """The entries of one subject and epoch."""
        return self._by_run[seed, epoch]

    @functools.cached_property
    def _by_run(self):
        """Entries by subject and epoch: each of 10,000 jobs asks for its own."""
        found = defaultdict(list)
        for entry in self.entries:
            found[entry.seed, entry.epoch].append(entry)
        return found

    def files(self, seed, epoch):
        """Files of the arrays and of the labels of one subject and epoch, each once."""
        entries = self.at(seed, epoch)
        named = [*(entry.file for entry in entries), *(entry.labels for entry in entries)]
        return list(dict.fromkeys(named))

    def digest(self, seed, epoch):
        """A checksum of what the manifest says of one subject and epoch, and of its layers."""
        rows = [asdict(entry) for entry in self.at(seed, epoch)]
        names = self.subjects.get(seed), self.conditions.get(epoch)
        text = json.dumps([rows, self.layers, names], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def is_collection(path):
    """Whether a path is a manifest, or a folder of arrays, rather than one file of arrays."""
    path = Path(path)
    return path.suffix in _MANIFESTS or (path.is_dir() and path.suffix != ".zarr")


def read_collection(path):
    """The collection that a manifest or a folder describes; no array is opened.

    Parameters
    ----------
    path : path
        A manifest; or a folder: of all files `manifest.csv` below it, or, where there is none, of
        its arrays, named FOLDER/[SUBJECT/][EPOCH/]LAYER.npy, with `labels.npy` beside or above
        them. EPOCH is a number, or `epoch-` and a number.

    Raises
    ------
    InputError
        For a manifest that says too little, too much or the same twice, naming its row.
    DamagedFileError
        If a file is missing.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise DamagedFileError(f"{path} does not exist; expected a manifest or a folder of arrays")
    if path.is_dir():
        manifests = sorted(path.rglob(NAME), key=_natural)
        rows = [row for each in manifests for row in _rows(each)] or _of_folder(path)
        if len(manifests) > 1:
            _require_order(path, rows)
    elif path.suffix in _MANIFESTS:
        rows = _rows(path)
    else:
        raise InputError(f"{path}: a manifest ends in .csv or .parquet; or name a folder of arrays")
    if not rows:
        raise InputError(f"{path} names no array; expected a row for each, or files of arrays")
    epochs, conditions = _numbered(rows, "epoch", "condition", _by_appearance)
    seeds, subjects = _numbered(rows, "seed", "subject", _sorted)
    entries = tuple(
        _entry(where, row, epoch, seed)
        for (where, row), epoch, seed in zip(rows, epochs, seeds, strict=True)
    )
    _refuse_twice(path, entries)
    return Collection(
        str(path),
        entries,
        layers=tuple(dict.fromkeys(entry.layer for entry in entries)),
        kinds=tuple(dict.fromkeys(entry.kind for entry in entries)),
        epochs=tuple(sorted(set(epochs))),
        seeds=tuple(sorted(set(seeds))),
        conditions=conditions,
        subjects=subjects,
    )


def _require_order(path, rows):
    """Refuse conditions without epochs in several manifests, whose order is that of their names."""
    names = dict.fromkeys(row.get("condition", "") for _, row in rows)
    if len(names) > 1 and not any(row.get("epoch") for _, row in rows):
        raise InputError(
            f"{path} has several manifests and the conditions {', '.join(names)} without epochs, "
            "so nothing says in which order they come; give each an epoch, too: 0, 1, 2, ..."
        )


def _rows(path):
    """Pairs (where, row of text by column) of a manifest; `where` has its folder and row."""
    if path.suffix == ".parquet":
        table = _parquet(path)
        columns, found = table.column_names, table.to_pylist()
    else:
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file, skipinitialspace=True)
                reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
                found, columns = list(reader), reader.fieldnames
        except (UnicodeDecodeError, csv.Error) as error:
            raise DamagedFileError(
                f"{path} cannot be read ({error}); expected CSV, UTF-8"
            ) from error
    _require_known(path, columns)
    if "file" not in columns:
        raise InputError(f"{path} has no column file; it has {', '.join(columns) or 'none'}")
    rows = []
    for number, row in enumerate(found, start=2 if path.suffix == ".csv" else 0):
        where = _Where(path, path.parent, number)
        if None in row or (None in row.values() and path.suffix == ".csv"):
            raise InputError(f"{where}: expected {len(columns)} values, one for each column")
        texts = {name: "" if value is None else str(value).strip() for name, value in row.items()}
        if any(texts.values()):
            rows.append((where, texts))
    return rows


def _require_known(path, columns):
    for name in columns:
        if name in COLUMNS:
            continue
        if path.suffix == ".csv" and len(columns) == 1 and re.search("[;\t]", name):
            raise InputError(f"{path}: its columns are {name!r}; separate them by commas")
        near = difflib.get_close_matches(str(name), COLUMNS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"leave it out. Known: {', '.join(COLUMNS)}"
        raise InputError(f"{path}: unknown column {name!r}; {hint}")


def _parquet(path):
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            f"reading {path} needs the package pyarrow; install it, or give a .csv"
        ) from None
    try:
        return pyarrow.parquet.read_table(path)
    except Exception as error:  # an altered header can raise nearly anything
        raise DamagedFileError(f"{path} cannot be read ({error})") from error


@dataclass(frozen=True)
class _Where:
    """A row of a manifest, or a file of a folder: for messages, and what paths start from."""

    path: Path
    folder: Path
    number: int | None = None

    def __str__(self):
        return str(self.path) if self.number is None else f"{self.path}, row {self.number}"


def _of_folder(folder):
    """Rows for the arrays of a folder without a manifest."""
    rows = []
    for file in sorted((p for s in _ARRAYS for p in folder.rglob(f"*{s}")), key=_natural):
        inside = file.relative_to(folder)
        if file.stem == "labels" or any(parent.suffix == ".zarr" for parent in inside.parents):
            continue
        *outer, _ = inside.parts
        row = {"file": str(inside), "layer": file.stem}
        if outer and (number := re.fullmatch(r"(?:epoch[-_ ]?)?(\d+)", outer[-1])):
            row["epoch"] = number[1]
            outer = outer[:-1]
        if outer:
            row["subject"] = "/".join(outer)
        row["labels"] = _nearest_labels(folder, file)
        rows.append((_Where(file, folder), row))
    return rows


def _nearest_labels(folder, file):
    for place in file.parents:
        found = sorted(p for p in place.glob("labels.*") if p.suffix in (*_ARRAYS, ".csv"))
        if len(found) > 1:
            raise InputError(
                f"{place} has {' and '.join(path.name for path in found)}; keep the one that holds "
                "the labels"
            )
        if found:
            return str(found[0].resolve())
        if place == folder:
            break
    return ""


def _numbered(rows, number, name, order):
    """Numbers of the rows, from the column of numbers or of names, and names by number."""
    texts = [row.get(number, "") for _, row in rows]
    names = [row.get(name, "") for _, row in rows]
    for values, column in ((texts, number), (names, name)):
        empty = next((where for (where, _), own in zip(rows, values, strict=True) if not own), None)
        if any(values) and empty:
            raise InputError(f"{empty}: {column} is empty, and other rows have one; give it")
    if not any(names):
        return [whole(where, number, t) for (where, _), t in zip(rows, texts, strict=True)], {}
    if any(texts):  # both: the number orders what the name calls
        numbers = [whole(where, number, t) for (where, _), t in zip(rows, texts, strict=True)]
    elif all(re.fullmatch(r"0|[1-9][0-9]*", own) for own in names):
        return [int(own) for own in names], {}
    else:
        known = {own: i for i, own in enumerate(order(names))}
        numbers = [known[own] for own in names]
    called = {}
    for (where, _), i, own in zip(rows, numbers, names, strict=True):
        if called.setdefault(i, own) != own:
            raise InputError(
                f"{where}: {number} {i} is called {own!r}, and {called[i]!r} in another row"
            )
    return numbers, called


def _by_appearance(names):
    return dict.fromkeys(names)


def _sorted(names):
    return sorted(set(names))


def whole(where, column, text):
    """The number of an epoch or seed; 0 where the text is empty."""
    if not text:
        return 0
    if re.fullmatch(r"\d+(\.0)?", text) and len(text) < 12:
        return int(float(text))
    instead = {"epoch": "condition", "seed": "subject"}[column]
    raise InputError(
        f"{where}: {column} is {text!r}; expected a whole number from 0 up (a name goes into the "
        f"column {instead})"
    )


def _entry(where, row, epoch, seed):
    folder = where.folder
    if not row.get("file"):
        raise InputError(f"{where}: file is empty; name the file of the array")
    file = _existing(where, "file", folder, row["file"])
    if file.suffix not in _ARRAYS:
        raise InputError(f"{where}: file is {row['file']!r}; expected {', '.join(_ARRAYS)}")
    labels, labels_array = _labels(where, folder, file, row.get("labels") or "")
    pooling, axis = _pooling(where, row.get("pooling") or "none", row.get("axis") or "")
    layer, kind = row.get("layer") or file.stem, row.get("kind") or KIND
    require_kind(where, kind)
    return Entry(
        str(file), row.get("array") or "", layer, epoch, seed, kind,
        str(labels), labels_array, pooling, axis,
    )  # fmt: skip


def require_kind(where, kind):
    """Raise InputError unless the name of a kind is one that tables and figures take."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,63}", kind):
        raise InputError(f"{where}: kind is {kind!r}; expected letters, digits, spaces, - and _")


def _labels(where, folder, file, text):
    """File and array name that the column `labels` asks for."""
    name, _, array = text.rpartition("#") if "#" in text else (text, "", "")
    if name:
        return _existing(where, "labels", folder, name), array
    if file.suffix == ".npy" or (file.suffix == ".zarr" and not array):
        raise InputError(
            f"{where}: labels is empty, and {file.name} can hold no labels of its own; name a "
            "file of labels (.npy, .csv, or FILE#ARRAY)"
        )
    return file, array or "labels"


def _existing(where, column, folder, text):
    path = folder / Path(text).expanduser()
    if not path.exists():
        raise DamagedFileError(f"{where}: {column} is {text!r}, and {path} does not exist")
    return path


def _pooling(where, pooling, axis):
    if not re.fullmatch(r"([0-9]+([ ,;]+[0-9]+)*)?", axis):
        raise InputError(
            f"{where}: axis is {axis!r}; expected dimensions from 1 up, such as 1, or 2 3 "
            "(dimension 0 is that of the points)"
        )
    axes = tuple(int(number) for number in re.findall("[0-9]+", axis))
    require_pooling(where, pooling, axes, axis)
    return pooling, axes


def _refuse_twice(path, entries):
    counts = Counter((e.seed, e.epoch, e.kind, e.layer) for e in entries)
    (seed, epoch, kind, layer), most = counts.most_common(1)[0]
    if most > 1:
        raise InputError(
            f"{path}: layer {layer!r} of epoch {epoch}, subject {seed} and kind {kind} stands "
            f"there {most} times; tell them apart by layer, epoch (or condition), subject or kind"
        )


def _natural(path):
    """Sort key that has 2 before 10."""
    return [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", str(path))]
