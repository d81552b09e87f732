"""Where the workflow lies: around this package in a clone, inside it where it is installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
IMPORTED_FROM = PACKAGE.parent
_INSTALLED = PACKAGE / "_workflow"  # pyproject.toml puts it into the wheel

# The folder of `Snakefile`, `rules/`, `scripts/*.py`, `config.yaml`, `presets/` and `profiles/`.
ROOT = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parents[1]
SNAKEFILE = ROOT / "Snakefile"
COMMANDS = ROOT / "scripts"
