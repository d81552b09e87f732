"""Whether two folders of results hold the same files, byte for byte."""

from pathlib import Path

# What was done, not what came of it; and training states, of which an interrupted run keeps more.
ASIDE = ("logs", "benchmarks", "cache", "provenance.html", ".lock", ".run")


def result_files(results):
    """Result files below a folder, as sorted relative paths."""
    paths = (path.relative_to(results) for path in Path(results).rglob("*") if path.is_file())
    return sorted(path for path in paths if not set(path.parts) & set(ASIDE))


def assert_same_results(these, those):
    """Fail, naming the files, unless both folders hold the same files with the same bytes."""
    these, those = Path(these), Path(those)
    assert result_files(these) == result_files(those)
    differing = [
        str(path)
        for path in result_files(these)
        if (these / path).read_bytes() != (those / path).read_bytes()
    ]
    assert not differing, f"other bytes: {differing}"
