"""Which source files a command or a network depends on, found by following imports unrun.

A checksum is one of the syntax tree: comments, docstrings, formatting and the version of geomem
change none. What is imported by a name that only exists at run time is not seen.
"""

import ast
import functools
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import site
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from geomem.places import COMMANDS, IMPORTED_FROM
from geomem.registry.networks import NETWORKS

# Its modules name others by text. They decide nothing: what they name for an experiment is followed
# by itself, so that a further entry changes nothing for what does not use it.
_INDEX = "geomem.registry"
_LAZY = "_HOMES"  # where a package says in which module each name is that it imports when asked
_DIGITS = 12  # of a checksum in hexadecimal
_LOOKS = (".js", ".css", ".mplstyle")  # files beside a package's modules that these read


@dataclass(frozen=True)
class _Module:
    """A source file, and the dotted name it is imported by ("" for a command)."""

    name: str
    path: Path

    @property
    def shown(self):
        """Its path below the folder it is imported from."""
        parts = self.name.split(".") if self.name else [self.path.name]
        package = self.path.stem == "__init__"
        return "/".join([*parts, self.path.name] if package else [*parts[:-1], self.path.name])

    @property
    def package(self):
        """What relative imports start from."""
        return self.name if self.path.stem == "__init__" else self.name.rpartition(".")[0]


def checksums(script, named=()):
    """Checksums of a command and of every module it imports, as sorted JSON text.

    Imports inside functions count too. Importing a package's module runs the package's
    `__init__`, so that counts as well. `from package import name` counts `package/name.py` where
    there is one. Of a package of geomem that imports its names when they are used, the modules of
    the names count, or all of these where the package itself is imported. With a package of geomem
    count the scripts and styles of its page (`.js`, `.css`) and the style of its figures
    (`.mplstyle`).
    Of modules outside geomem those count that are not part of an installed package.

    Parameters
    ----------
    script : str
        File name under `scripts/`, e.g. `"train.py"`.
    named : sequence of str
        What the command imports besides, as `package.module:function`.

    Returns
    -------
    str
        The first 12 hexadecimal digits of each file's SHA-256, by its path below the folder that it
        is imported from.
    """
    return _text(script, tuple(named), os.getcwd())


@functools.cache
def _text(script, named, folder):
    start = [_Module("", COMMANDS / script)]
    for path in named:
        start += _located(path.partition(":")[0], folder)
    found = {module.shown: fingerprint(module.path) for module in _closure(start, folder)}
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def sources(script):
    """Paths of a command and of every geomem module it imports, sorted; see `checksums`."""
    found = _closure([_Module("", COMMANDS / script)], os.getcwd())
    return tuple(sorted(module.path for module in found))


def network_path(name):
    """A network's `package.module:function`, of a built-in one or as the user names it."""
    return NETWORKS.get(name, name)


def network_checksums(name):
    """Checksums of the modules of a network, a dict as in `checksums`.

    The packages of geomem that its modules lie in do not count: they decide nothing about it.

    Parameters
    ----------
    name : str
        As in `model.name`.
    """
    folder = os.getcwd()
    module = network_path(name).partition(":")[0]
    start = list(_located(module, folder, implied=False))
    found = _closure(start, folder, implied=False)
    return {module.shown: fingerprint(module.path) for module in found}


def fingerprint(path):
    """The first 12 digits of a file's SHA-256: of its syntax tree if it is Python, else of all."""
    return _parsed(path)[0]


def _closure(start, folder, *, implied=True):
    """Modules reached from these, themselves included, in no order."""
    found, pending = {}, list(start)
    while pending:
        module = pending.pop()
        if module.path in found:
            continue
        found[module.path] = module
        if module.path.suffix == ".py":
            for level, base, names in _parsed(module.path)[1]:
                for name in _absolute(module, level, base, names):
                    pending.extend(_located(name, folder, implied=implied))
    return found.values()


def _absolute(module, level, base, names):
    """Dotted names of what one import statement may import."""
    if level:
        package = module.package.split(".")
        base = ".".join([*package[: len(package) - level + 1], *([base] if base else [])])
    return [f"{base}.{name}" for name in names] or [base]


def _located(name, folder, *, implied=True):
    """The Modules that importing `name` runs, as far as they belong to geomem or the user.

    Those are the `__init__` of every package on the way (geomem's only if `implied`) and its own.
    """
    if name.partition(".")[0] == "geomem":
        return _of_geomem(name, implied)
    return tuple(_searched(name, folder, implied))


@functools.cache  # hundreds of imports name the same modules
def _of_geomem(name, implied):
    return tuple(_searched(name, "", implied))


def _searched(name, folder, implied):
    parts = name.split(".")
    if parts[:2] == _INDEX.split("."):
        return
    own = parts[0] != "geomem"
    place = _place(parts[0], folder) if own else IMPORTED_FROM
    if place is None:
        return
    steps = [
        (depth, files)
        for depth in range(1, len(parts) + 1)
        if (files := list(_files(place, parts[:depth], own)))
    ]
    for _, files in steps if own or implied else steps[-1:]:
        yield from files
    if steps and not own:
        depth, (package, *_) = steps[-1]
        homes, asked = _homes(package.path), parts[depth : depth + 1]
        for home in {homes[name] for name in homes if name in asked} or set(homes.values()):
            yield from _located(f"{package.name}.{home}", folder, implied=implied)


def _files(place, parts, own):
    """The Modules of one dotted name."""
    path, dotted = place.joinpath(*parts), ".".join(parts)
    for candidate in (path / "__init__.py", path.with_suffix(".py"), *_compiled(path, own)):
        if candidate.is_file():
            yield _Module(dotted, candidate)
    if not own and len(parts) > 1 and path.is_dir():
        for page in sorted(p for p in path.iterdir() if p.suffix in _LOOKS):
            yield _Module(f"{dotted}.{page.stem}", page)


@functools.cache
def _homes(path):
    """`{name: module}` of what a package of geomem imports when it is asked for."""
    for node in ast.parse(path.read_bytes()).body if path.stem == "__init__" else ():
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == _LAZY:
            return ast.literal_eval(node.value)
    return {}


def _compiled(path, own):
    """Extension modules that may stand in the place of a user's module."""
    suffixes = importlib.machinery.EXTENSION_SUFFIXES if own else ()
    return [path.with_name(path.name + suffix) for suffix in suffixes]


@functools.cache
def _place(name, folder):
    """The folder that a top-level module of the user's own lies in; None for one installed."""
    if name in sys.stdlib_module_names or (spec := _spec(name, folder)) is None:
        return None
    places = spec.submodule_search_locations or ([spec.origin] if spec.has_location else [])
    for place in places:
        parent = Path(place).resolve().parent
        if not any(parent.is_relative_to(installed) for installed in _installed()):
            return Path(place).parent
    return None


def _spec(name, folder):
    top = name.partition(".")[0]
    try:
        found = importlib.util.find_spec(top)
    except (ValueError, ImportError):  # a module without a spec, as __main__
        found = None
    return found or importlib.machinery.PathFinder.find_spec(top, [folder])


@functools.cache
def _installed():
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    places = {sysconfig.get_path(name) for name in names}
    places |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(Path(place).resolve() for place in places)


_read_files = {}  # path: (time in ns, size, what `_read` said)


def read_files():
    """Time in ns, size and `fingerprint` of every file that has been looked at, by path."""
    return {str(path): (time, size, read[0]) for path, (time, size, read) in _read_files.items()}


def _parsed(path):
    """The checksum of a file, and its import statements as (level, module, names)."""
    found = os.stat(path)
    known = _read_files.get(path)
    if known is None or known[:2] != (found.st_mtime_ns, found.st_size):
        known = found.st_mtime_ns, found.st_size, _read(path)
        _read_files[path] = known
    return known[2]


def _read(path):
    content = Path(path).read_bytes()
    if Path(path).suffix != ".py":
        return hashlib.sha256(content).hexdigest()[:_DIGITS], ()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # the user's own: the job that imports it says so
        return hashlib.sha256(content).hexdigest()[:_DIGITS], ()
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            imports.append((node.level, node.module or "", names))
    words = []
    _write(tree, words)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_DIGITS], tuple(imports)


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _write(node, words):
    """A syntax tree as words, without docstrings, places, and fields that are empty.

    Versions of Python differ in which fields there are; in what they mean where they are set, not.
    """
    if isinstance(node, ast.AST):
        words.append(type(node).__name__)
        for field in node._fields:
            value = getattr(node, field, None)
            if field == "body" and isinstance(node, _DOCUMENTED):
                value = [part for part in value if not _decides_nothing(part)]
            if value not in (None, []):
                words.append(f".{field}")
                _write(value, words)
        words.append(")")
    elif isinstance(node, list):
        for part in node:
            _write(part, words)
        words.append("]")
    else:
        words.append(repr(node))


def _decides_nothing(statement):
    """Whether a statement is a text by itself, as docstrings are, or sets `__version__`."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return isinstance(target, ast.Name) and target.id == "__version__"
    return False
