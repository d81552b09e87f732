"""`geomem inspect FILE`: where a result file came from."""

import json
import struct
from pathlib import Path

from geomem import commands
from geomem.errors import InputError
from geomem.storage.arrays import read_arrays
from geomem.storage.atomic import damaged, missing
from geomem.storage.pages import page_provenance
from geomem.storage.pictures import picture_provenance
from geomem.storage.tables import document_provenance, table_provenance


def main(argv=None):
    """Print the provenance a result file carries: settings, inputs, versions, device."""
    parser = commands.parser("inspect", main.__doc__)
    parser.add_argument("file", type=Path)
    print(json.dumps(provenance_of(parser.parse_args(argv).file), indent=2, sort_keys=True))
    return 0


def provenance_of(path):
    """The provenance dict of any result file (.npz, .parquet, .json, .safetensors, .png, .html)."""
    readers = {
        ".npz": lambda p: read_arrays(p, names=())[1],
        ".parquet": table_provenance,
        ".json": document_provenance,
        ".safetensors": _tensors_provenance,
        ".png": picture_provenance,
        ".html": page_provenance,
    }
    path = Path(path)
    if not path.exists():
        raise missing(path)
    if path.suffix not in readers:
        beside = [f"{path.stem}{suffix}" for suffix in readers if path.with_suffix(suffix).exists()]
        same = f"; {' and '.join(beside)} beside it do" if beside else ""
        raise InputError(
            f"{path} does not say where it came from. Files that do end in "
            f"{', '.join(readers)}{same}"
        )
    return readers[path.suffix](path)


def _tensors_provenance(path):
    with open(path, "rb") as file:
        try:
            (length,) = struct.unpack("<Q", file.read(8))
            return json.loads(json.loads(file.read(length))["__metadata__"]["provenance"])
        except (struct.error, ValueError, KeyError, MemoryError, OverflowError) as error:
            raise damaged(path, error) from error
