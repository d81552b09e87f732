"""Tables in Parquet and small JSON documents, each with a checksum inside."""

import hashlib
import json

from geomem.storage.atomic import damaged, missing, replacing

_ORIGIN = b"geomem.provenance"
_SUM = b"geomem.sha256"


def write_table(path, frame, provenance):
    """Write a pandas data frame (index dropped) as Parquet with its provenance."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    origin = json.dumps(provenance)
    # What a reader will see is what is summed: Parquet may change a type on the way.
    carried = {_ORIGIN: origin.encode(), _SUM: _frame_checksum(table.to_pandas(), origin).encode()}
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), **carried}), temporary
        )


def read_table(path):
    """Read a table written by `write_table`.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated, or fails its checksum.
    """
    return _read_table(path)[0]


def table_provenance(path):
    """The provenance dict of a table written by `write_table`."""
    return _read_table(path)[1]


def _read_table(path):
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        frame = table.to_pandas()
        origin = table.schema.metadata[_ORIGIN].decode()
        whole = table.schema.metadata[_SUM].decode() == _frame_checksum(frame, origin)
    except FileNotFoundError:
        raise missing(path) from None
    except Exception as error:  # an altered header can raise nearly anything
        raise damaged(path, error) from error
    if not whole:
        raise damaged(path, "its checksum does not match")
    return frame, json.loads(origin)


def _frame_checksum(frame, origin):
    import pandas as pd

    types = [(str(name), str(kind)) for name, kind in frame.dtypes.items()]
    summed = hashlib.sha256(json.dumps([types, origin]).encode())
    summed.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return summed.hexdigest()


def write_document(path, content, provenance):
    """Write a small JSON document with its provenance and a checksum of its content."""
    document = {"content": content, "sha256": _checksum(content), "provenance": provenance}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


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
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document["sha256"] != _checksum(document["content"]):
            raise damaged(path, "its checksum does not match")
        return {key: document[key] for key in ("content", "provenance")}
    except FileNotFoundError:
        raise missing(path) from None
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error


def _checksum(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
