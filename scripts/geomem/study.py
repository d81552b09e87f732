"""A folder for a study: `geomem init` makes it, `geomem run` runs it."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from geomem.commands import parser, snakemake_options
from geomem.errors import InputError
from geomem.extras import how_to_install
from geomem.places import ROOT

_PARTS = ("config.yaml", "presets", "profiles")  # what a user edits, besides the Snakefile
# Options with which snakemake needs no number of cores.
_CORES = ("--cores", "-c", "--profile", "--executor", "--jobs", "-j")


def init(argv=None):
    """Make a folder for a study.

    It holds a Snakefile that includes geomem's workflow, the default config.yaml, which is yours to
    edit, further configurations in presets/, and profiles/ for this machine and for Slurm.
    """
    options = parser("init", init.__doc__)
    options.add_argument("folder", metavar="FOLDER", type=Path, help="a new or empty folder")
    folder = options.parse_args(argv).folder
    make_study(folder)
    # Else every job of the first run that measures something would compile, several at once.
    print("Compiling the geometry, which the first time takes a minute.", flush=True)
    subprocess.run([sys.executable, "-m", "geomem.geometry.warm"], check=True)
    print(f"{folder} is ready; its settings are in {folder}/config.yaml. Next:")
    print(f"  cd {folder}\n  geomem run")
    print("Every key of config.yaml has a comment. `geomem --help` lists the commands.")
    print(
        "Your own images, labels or network: docs/data.md, docs/labels.md and docs/own-model.md in "
        "a clone of geomem."
    )
    return 0


def make_study(folder):
    """Make a folder for a study.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Raises
    ------
    InputError
        If it is a file, or not empty.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder; choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "workflow" / "Snakefile", folder / "Snakefile")
    for part in _PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        copy(ROOT / part, folder / part)


def run(argv=None):
    """Run the experiments of the study in this folder, on all cores unless --cores says otherwise.

    Options go to snakemake: --configfile presets/paper.yaml lays a file over config.yaml,
    --dry-run lists the jobs and runs none.
    """
    options = snakemake_options("run", run.__doc__, argv)
    if options is None:
        return 0
    if not Path("Snakefile").is_file():
        raise InputError(
            f"{Path.cwd()} has no Snakefile; go to the folder of a study, or make one with "
            "geomem init FOLDER"
        )
    if importlib.util.find_spec("snakemake") is None:
        raise InputError(f"geomem run needs {how_to_install('snakemake')}")
    if not any(option.startswith(_CORES) for option in options):
        options = ["--cores", "all", *options]
    return subprocess.run([sys.executable, "-m", "snakemake", *options]).returncode
