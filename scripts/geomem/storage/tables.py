"""Tables in Parquet and small JSON documents, each with its provenance and a checksum inside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from geomem.storage.atomic import damaged, missing, replacing
from geomem.storage.seal import UNSEALED, seal, verify

if TYPE_CHECKING:
    import pandas

_ORIGIN = "geomem.provenance"
_SUM = "geomem.checksum"


def write_table(path, frame, provenance):
    """Write a table as Parquet with its provenance.

    Parameters
    ----------
    path : path
    frame : DataFrame, or dict of str to sequence
        Its index is dropped. Columns by name, each of numbers, words, bytes or truth values, need
        no pandas.
    provenance : dict
    """
    import pyarrow
    import pyarrow.parquet

    if isinstance(frame, dict):
        table = pyarrow.Table.from_arrays(list(map(_array, frame.values())), names=list(frame))
    else:
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as temporary:
        with pyarrow.parquet.ParquetWriter(temporary, table.schema) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({_ORIGIN: json.dumps(provenance), _SUM: UNSEALED})
        seal(temporary)


def columns(rows, names):
    """Rows, a dict each, as columns by name."""
    return {name: [row[name] for row in rows] for name in names}


def _array(values):
    """A column as pyarrow holds it. `pyarrow.array` imports pandas: it might be given a Series."""
    import numpy as np
    import pyarrow

    if not len(values):
        return pyarrow.nulls(0)
    if isinstance(values[0], str | bytes):
        words = [value.encode() if isinstance(value, str) else value for value in values]
        kind = pyarrow.string() if isinstance(values[0], str) else pyarrow.binary()
        buffers = [np.cumsum([0, *map(len, words)], dtype=np.int32), b"".join(words)]
    elif isinstance(values[0], bool | np.bool_):
        kind = pyarrow.bool_()
        buffers = [np.packbits(np.asarray(values, dtype=bool), bitorder="little")]
    else:
        numbers = np.ascontiguousarray(values)
        kind, buffers = pyarrow.from_numpy_dtype(numbers.dtype), [numbers]
    return pyarrow.Array.from_buffers(kind, len(values), [None, *map(pyarrow.py_buffer, buffers)])


def read_table(path: str | Path) -> "pandas.DataFrame":
    """Read a table of a run, `results/EXPERIMENT/tables/*.parquet`, and verify its checksum.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    pandas.DataFrame
        One measurement in a row. The columns are those of the page "Tables".

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated, or fails its checksum.
    """
    import pyarrow.parquet

    return _checked(path, lambda: pyarrow.parquet.read_table(path).to_pandas())


def read_columns(path):
    """The columns of a table as arrays by name; what is not a number, as objects.

    Without pandas, whose import takes .4 s and 50 MB. pyarrow's own functions `read_table` and
    `to_numpy` import it.

    Raises
    ------
    DamagedFileError
        As `read_table`.
    """
    import pyarrow.parquet

    def read():
        with pyarrow.parquet.ParquetFile(path) as file:
            return file.read(use_threads=False)

    table = _checked(path, read)
    return {name: _values(table[name]) for name in table.column_names}


def _values(column):
    import numpy as np
    from pyarrow.types import is_floating, is_integer

    if column.null_count or not (is_integer(column.type) or is_floating(column.type)):
        return np.array(column.to_pylist(), dtype=object)
    parts = [np.from_dlpack(chunk) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.array([], column.type.to_pandas_dtype())


def table_provenance(path):
    """The provenance dict of a table written by `write_table`."""
    import pyarrow.parquet

    return _checked(
        path,
        lambda: json.loads(pyarrow.parquet.read_metadata(path).metadata[_ORIGIN.encode()]),
    )


def write_document(path, content, provenance):
    """Write a small JSON document with its provenance and a checksum."""
    document = {"content": content, "checksum": UNSEALED, "provenance": provenance}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
        seal(temporary)


def read_document(path):
    """Read the content of a JSON document written by `write_document`.

    Raises
    ------
    DamagedFileError
        If the file is missing, is not such a document, or fails its checksum.
    """
    return _read_document(path)["content"]


def document_provenance(path):
    """The provenance dict of a document written by `write_document`."""
    return _read_document(path)["provenance"]


def _read_document(path):
    def read():
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    return _checked(path, read)


def _checked(path, read):
    """What `read()` gives, if the file at `path` is as it was written."""
    try:
        verify(path)
        return read()
    except FileNotFoundError:
        raise missing(path) from None
    except Exception as error:  # an altered header can raise nearly anything
        raise damaged(path, error) from error
