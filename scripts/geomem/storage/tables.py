"""Tables in Parquet with page checksums, and small JSON documents with a checksum inside."""

import hashlib
import json

from geomem.storage.atomic import damaged, missing, replacing

_KEY = b"geomem"


def write_table(path, frame, provenance):
    """Write a pandas data frame (index dropped) as Parquet with its provenance."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), _KEY: json.dumps(provenance).encode()}
    with replacing(path) as temporary:
        pyarrow.parquet.write_table(
            table.replace_schema_metadata(metadata), temporary, write_page_checksum=True
        )


def read_table(path):
    """Read a table written by `write_table`.

    Raises
    ------
    DamagedFileError
        If the file is missing, truncated, or fails its checksums.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise missing(path) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise damaged(path, error) from error
    return table.to_pandas()


def table_provenance(path):
    """The provenance dict of a table written by `write_table`."""
    import pyarrow
    import pyarrow.parquet

    try:
        return json.loads(pyarrow.parquet.read_schema(path).metadata[_KEY])
    except FileNotFoundError:
        raise missing(path) from None
    except (pyarrow.ArrowException, OSError, TypeError, KeyError, ValueError) as error:
        raise damaged(path, error) from error


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
