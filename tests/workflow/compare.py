"""Whether two folders of results hold the same, provenance and times aside."""

import json
from pathlib import Path

import numpy as np
import pandas.testing
from geomem.storage.pages import page_provenance
from geomem.storage.tables import read_table

# What was done, not what came of it; and training states, of which an interrupted run keeps more.
ASIDE = ("logs", "benchmarks", "cache", "provenance.html", ".lock")


def result_files(results):
    """Result files below a folder, as sorted relative paths."""
    paths = (path.relative_to(results) for path in Path(results).rglob("*") if path.is_file())
    return sorted(path for path in paths if not set(path.parts) & set(ASIDE))


def assert_same_results(these, those):
    """Fail, naming the file, unless both folders hold the same files with the same content."""
    these, those = Path(these), Path(those)
    assert result_files(these) == result_files(those)
    for path in result_files(these):
        try:
            _COMPARE[path.suffix](these / path, those / path)
        except AssertionError as error:
            raise AssertionError(f"{path} differs: {error}") from error


def _tables(this, that):
    pandas.testing.assert_frame_equal(read_table(this), read_table(that), check_exact=True)


def _documents(this, that):
    contents = [json.loads(path.read_text()) for path in (this, that)]
    for content in contents:
        assert content.pop("provenance")
        content.pop("checksum")
    assert contents[0] == contents[1]


def _arrays(this, that):
    with np.load(this) as these, np.load(that) as those:
        names = set(these.files) - {"provenance"}
        assert names == set(those.files) - {"provenance"}
        for name in names:
            np.testing.assert_array_equal(these[name], those[name], err_msg=name)


def _weights(this, that):
    from safetensors.numpy import load_file

    these, those = load_file(this), load_file(that)
    assert these.keys() == those.keys()
    for name, array in these.items():
        np.testing.assert_array_equal(array, those[name], err_msg=name)


def _pictures(this, that):
    import matplotlib.image

    np.testing.assert_array_equal(matplotlib.image.imread(this), matplotlib.image.imread(that))


def _pages(this, that):
    assert page_provenance(this) and page_provenance(that)
    texts = [path.read_text().rpartition("<!-- {")[0] for path in (this, that)]
    assert texts[0] == texts[1]


def _bytes(this, that):
    assert this.read_bytes() == that.read_bytes()


_COMPARE = {
    ".parquet": _tables,
    ".json": _documents,
    ".npz": _arrays,
    ".safetensors": _weights,
    ".png": _pictures,
    ".svg": _bytes,
    ".csv": _bytes,
    ".html": _pages,
}
