"""Public functions have type hints, and importing them needs neither torch nor pandas."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import geomem
import pytest

PACKAGES = (
    "geomem.geometry", "geomem.measures", "geomem.statistics", "geomem.compat", "geomem.foreign",
)  # fmt: skip
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def documented():
    """Names on the pages of the reference, as `(module, name)`."""
    lines = [line for page in REFERENCE.glob("*.md") for line in page.read_text().splitlines()]
    found = [line.removeprefix("::: ").strip() for line in lines if line.startswith("::: ")]
    return [tuple(name.rsplit(".", 1)) for name in found if name != "geomem.errors"]


def public_functions(found):
    """A function, or what a class has for callers: `__init__`, methods and properties."""
    if not inspect.isclass(found):
        return [found]
    members = [
        member.fget if isinstance(member, property) else member
        for name, member in vars(found).items()
        if name in ("__init__", "__enter__", "__exit__", "__call__") or name[0] != "_"
    ]
    return [each for each in members if inspect.isfunction(each)]


def assert_typed(found):
    for function in public_functions(found):
        signature = inspect.signature(function)
        if function.__name__ != "__init__":
            assert signature.return_annotation is not signature.empty, function.__qualname__
        for parameter in signature.parameters.values():
            if parameter.name not in ("self", "cls", "settings"):
                assert parameter.annotation is not parameter.empty, (
                    function.__qualname__,
                    parameter.name,
                )


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_has_type_hints(package):
    module = importlib.import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert_typed(getattr(module, name))
    with pytest.raises(AttributeError):
        _ = module.nothing_of_that_name


def test_every_documented_name_has_type_hints():
    assert len(documented()) > 50
    for module, name in documented():
        assert_typed(getattr(importlib.import_module(module), name))


def test_every_public_name_is_documented():
    names = {name for _, name in documented()}
    for package in PACKAGES:
        missing = set(importlib.import_module(package).__all__) - names
        assert not missing, (package, missing)


def test_the_package_says_that_it_is_typed():
    assert (Path(geomem.__file__).parent / "py.typed").exists()
    project = Path(geomem.__file__).parents[2] / "pyproject.toml"
    if project.exists():
        assert 'py.typed"' in project.read_text(encoding="utf-8")


def test_importing_them_needs_neither_torch_nor_pandas():
    code = (
        "import sys, geomem.compat, geomem.statistics as s; [getattr(s, n) for n in s.__all__]; "
        "assert not {'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
