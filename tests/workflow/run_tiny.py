"""Run the smallest workflow and write its report: `python -m tests.workflow.run_tiny FOLDER`."""

import shutil
import sys
from pathlib import Path

from tests.workflow.conftest import make_workspace


def main(folder):
    """Replace `folder` by a copy of the workflow, and run it there."""
    shutil.rmtree(folder, ignore_errors=True)
    workspace = make_workspace(Path(folder).resolve())
    workspace.snakemake()
    workspace.snakemake("--report", "report.html")
    print(f"{folder}/report.html")


if __name__ == "__main__":
    main(sys.argv[1])
