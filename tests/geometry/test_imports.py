"""What importing the geometry costs."""

import subprocess
import sys

import geomem.geometry
import pytest

HEAVY = {"torch", "pandas", "numba", "scipy", "matplotlib"}


def imported(statement):
    """Which of the slow packages a new process has after a statement."""
    code = f"import sys\n{statement}\nprint(*({HEAVY!r} & sys.modules.keys()))"
    made = [sys.executable, "-c", code]
    return set(subprocess.run(made, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("statement", ["import geomem", "import geomem.geometry",
                                       "import geomem.geometry.products"])  # fmt: skip
def test_reading_inner_products_imports_nothing_slow(statement):
    assert imported(statement) == set()


def test_measuring_imports_neither_torch_nor_pandas():
    found = imported("from geomem.geometry import manifold_geometry")
    assert "scipy" in found and not found & {"torch", "pandas", "matplotlib"}


def test_every_public_name_is_there():
    for name in geomem.geometry.__all__:
        assert callable(getattr(geomem.geometry, name)), name
    assert set(geomem.geometry.__all__) <= set(dir(geomem.geometry))
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = geomem.geometry.nothing_such
