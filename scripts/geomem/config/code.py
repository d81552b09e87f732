"""Which source files a command depends on, found by following its imports without running it."""

import ast
import functools
import hashlib
import importlib.util
import json
from pathlib import Path

from geomem.errors import InputError

SCRIPTS = Path(__file__).resolve().parents[2]


@functools.cache
def sources(script):
    """Paths of `script` and of every geomem module it imports, directly or not, sorted.

    Imports inside functions count too. Importing a package's module runs the package's
    `__init__`, so that counts as well. `from package import name` counts `package/name.py` where
    there is one. With `name.py` count the scripts and styles `name.js` and `name.css` of its page.

    Parameters
    ----------
    script : str
        File name under `scripts/`, e.g. `"train.py"`.
    """
    found, pending = set(), [SCRIPTS / script]
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found.add(path)
        if path.suffix == ".py":
            pending.extend(_imported(path))
    return tuple(sorted(found))


def own_model(name, folder="."):
    """The file of a user's network `package.module:function` below `folder`, as a list of paths.

    Empty for the built-in networks, and for a module installed elsewhere: that one is not tracked.
    """
    module, colon, _ = name.partition(":")
    if not colon:
        return []
    place = Path(folder, *module.split("."))
    candidates = (place.with_suffix(".py"), place / "__init__.py")
    return [str(path) for path in candidates if path.is_file()]


def require_model(name, folder="."):
    """Raise InputError if the module of a user's network is nowhere to be found.

    It is not imported for that: only the jobs that build the network run a user's code.
    """
    package = name.partition(":")[0].partition(".")[0]
    if ":" in name and not own_model(name, folder) and importlib.util.find_spec(package) is None:
        raise InputError(
            f"model.name: there is no module for {name!r}; it is looked for in "
            f"{Path(folder).absolute()} (where the workflow is run), in PYTHONPATH and among the "
            "installed packages"
        )


@functools.cache
def checksums(script, others=()):
    """Checksums of the files that `sources(script)` names, and of others, as sorted JSON text.

    Parameters
    ----------
    script : str
    others : tuple of str
        Paths of further files.

    Returns
    -------
    str
        The first 12 hexadecimal digits of each file's SHA-256, by its path: under `scripts/` for
        modules, as given for others.
    """
    files = {path.relative_to(SCRIPTS).as_posix(): path for path in sources(script)}
    files |= {path: Path(path) for path in others}
    found = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for name, path in files.items()
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


@functools.cache
def _imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = path.relative_to(SCRIPTS).parent.parts
                base = ".".join(package[: len(package) - node.level + 1])
                module = f"{base}.{node.module}" if node.module else base
            else:
                module = node.module
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return tuple({p for name in names if name.split(".")[0] == "geomem" for p in _files(name)})


def _files(module):
    """Files that importing `module` runs: its packages' `__init__` and its own."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = SCRIPTS.joinpath(*parts[:depth])
        for candidate in (place / "__init__.py", place.with_suffix(".py")):
            if candidate.is_file():
                yield candidate
                yield from (p for p in map(candidate.with_suffix, (".js", ".css")) if p.is_file())
