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
        Its index is dropped. Columns by name need no pandas, whose import takes a second.
    provenance : dict
    """
    import pyarrow
    import pyarrow.parquet

    if isinstance(frame, dict):
        table = pyarrow.table(frame)
    else:
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as temporary:
        with pyarrow.parquet.ParquetWriter(temporary, table.schema) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({_ORIGIN: json.dumps(provenance), _SUM: UNSEALED})
        seal(temporary)


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
    """The columns of a table as arrays by name, without pandas.

    Raises
    ------
    DamagedFileError
        As `read_table`.
    """
    import pyarrow.parquet

    table = _checked(path, lambda: pyarrow.parquet.read_table(path))
    return {name: table[name].to_numpy() for name in table.column_names}


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
