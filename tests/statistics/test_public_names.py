"""Public functions have type hints, and importing them needs neither torch nor pandas."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import geomem
import pytest

PACKAGES = ("geomem.geometry", "geomem.measures", "geomem.statistics", "geomem.compat")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_has_type_hints(package):
    module = importlib.import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isclass(found):
            functions = [f for n, f in vars(found).items() if inspect.isfunction(f) and n[0] != "_"]
        else:
            functions = [found]
        for function in functions:
            signature = inspect.signature(function)
            assert signature.return_annotation is not signature.empty, (name, function.__name__)
            for parameter in signature.parameters.values():
                if parameter.name not in ("self", "cls", "settings"):
                    assert parameter.annotation is not parameter.empty, (name, parameter.name)
    with pytest.raises(AttributeError):
        _ = module.nothing_of_that_name


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
