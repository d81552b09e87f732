"""Functions that users name as `package.module:function`, found and read without running them.

Modules are looked for where Python would: in the working directory, in PYTHONPATH and among the
installed packages. What a function takes is read off its source, so that nothing of the user's runs
before the jobs that need it.
"""

import ast
import functools
import importlib.machinery
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from geomem.errors import InputError

PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"


@dataclass(frozen=True)
class Function:
    """A function as its source has it.

    Attributes
    ----------
    path : str
        `package.module:function`.
    file : str
        Of its module: relative to the working directory if it lies below it.
    positional : tuple of str
        Arguments before any `*`.
    keywords : tuple of str
        Arguments after it.
    open : bool
        Whether it takes any further keyword.
    doc : str
        Its documentation.
    """

    path: str
    file: str
    positional: tuple
    keywords: tuple
    open: bool
    doc: str = ""

    @property
    def name(self):
        return self.path.partition(":")[2]

    @property
    def arguments(self):
        """Names of all arguments."""
        return (*self.positional, *self.keywords)


def is_own(name):
    """Whether a name is an import path rather than that of an entry."""
    return isinstance(name, str) and re.match(PATTERN, name) is not None


def locate(path):
    """Find the function that an import path names.

    Raises
    ------
    InputError
        If there is no such module, or it has no function of that name.
    """
    return _located(path, os.getcwd(), tuple(sys.path))


@functools.cache
def _located(path, folder, places):
    module, _, name = path.partition(":")
    file = _file(module, (*places, folder))
    if file is None:
        raise InputError(
            f"there is no module for {path!r}; it is looked for in {folder} (where the workflow is "
            "run), in PYTHONPATH and among the installed packages"
        )
    shown = os.path.relpath(file, folder) if Path(file).is_relative_to(folder) else file
    if not file.endswith(".py"):  # compiled
        return Function(path, shown, (), (), True)
    found, others = None, []
    try:
        body = ast.parse(Path(file).read_bytes(), filename=shown).body
    except SyntaxError as error:
        raise InputError(f"{path!r}: {shown}, line {error.lineno}: {error.msg}") from None
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            others.append(node.name)
            found = node if node.name == name else found
        elif {name, "*"} & set(_bound(node)):
            return Function(path, shown, (), (), True)
    if found is None:
        listed = ", ".join(others) or "none"
        raise InputError(f"{path!r}: {shown} defines no function {name}; it defines {listed}")
    return Function(path, shown, *_arguments(found), doc=ast.get_docstring(found) or "")


def _bound(node):
    """Names that an import or an assignment binds; what is behind them cannot be read here."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else ()
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _arguments(node):
    if isinstance(node, ast.ClassDef):  # what its instances are made with
        made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        if not made:
            return (), (), True
        positional, keywords, more = _arguments(made[0])
        return positional[1:], keywords, more
    taken = node.args
    positional = tuple(argument.arg for argument in (*taken.posonlyargs, *taken.args))
    return positional, tuple(a.arg for a in taken.kwonlyargs), taken.kwarg is not None


def _file(module, places):
    """Source file of a module, found as Python's own finder does, without importing packages."""
    found, search = None, list(places)
    for part in module.split("."):
        found = importlib.machinery.PathFinder.find_spec(part, search)
        if found is None:
            return None
        search = list(found.submodule_search_locations or ())
    return found.origin if found.has_location else None
