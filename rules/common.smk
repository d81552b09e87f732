"""Helpers of every rule: the checked configuration, specs, source files, Python.

Nothing here may import torch, numpy or pandas: every job pays for it.
"""

import os
import shlex
import sys
from pathlib import Path

SCRIPTS = os.path.relpath(Path(workflow.basedir) / "scripts")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from geomem.config import code, experiments, folders
from geomem.config.check import check
from geomem.config.cli import overlaid, plain, read
from geomem.errors import InputError
from geomem.planning.resources import megabytes, minutes
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold, require_folder
from snakemake.exceptions import WorkflowError

# With conda each job finds its own environment's Python; else the one that runs Snakemake.
CONDA = "conda" in {str(method) for method in workflow.deployment_settings.deployment_method}
PYTHON = "python" if CONDA else shlex.quote(sys.executable)

try:
    if workflow.is_main_process:
        require_folder("results")
        for path in workflow.configfiles:  # Snakemake takes the last of a key that stands twice
            read(path)
    # Snakemake takes numbers within a section given by --config for text.
    config = overlaid(config, plain(workflow.config_settings.config or {}))
    check(config)
    EXPERIMENTS = {name: experiments.resolve(config, name) for name in experiments.selected(config)}
    if workflow.is_main_process and not CONDA:
        for experiment in EXPERIMENTS.values():
            code.require_model(experiment["model"]["name"])
except InputError as error:
    raise WorkflowError(str(error)) from None

TEXTS = {name: experiments.as_text(experiment) for name, experiment in EXPERIMENTS.items()}

# Content-addressed training states; outside every declared output, since Snakemake deletes those
# before a job runs again and resuming needs them.
CACHE = "results/cache/training"

# Rules to which a profile gives a GPU, which makes their time limits shorter.
SET_RESOURCES = workflow.resource_settings.overwrite_resources
ON_GPU = {name for name, given in SET_RESOURCES.items() if given.get("gpu").value}

TABLES = ("accuracy", "geometry", "rewind", "gradients", "simulation")
JUDGED = ("accuracy", "geometry", "rewind", "gradients")  # tables that claims are about

# What each figure is drawn from.
FIGURES = {
    "samples": ("images", "labels"),
    "accuracy": ("accuracy",),
    "depth": ("geometry", "accuracy"),
    "change": ("geometry", "accuracy"),
    "epochs": ("geometry", "accuracy"),
    "width": ("accuracy", "geometry"),
    "simulation": ("simulation", "accuracy"),
    "rewind": ("rewind", "accuracy"),
    "gradients": ("gradients", "accuracy"),
    "localization": ("rewind", "gradients", "accuracy"),
}

# Commands that build the network, and so depend on the user's own source file of it.
BUILD_NETWORKS = (
    "train.py",
    "take_snapshot.py",
    "extract_activations.py",
    "rewind_layers.py",
    "split_gradients.py",
    "simulate_capacity.py",
)


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    width=r"\d+",
    noise=r"[0-9.e-]+",
    seed=r"\d+",
    epoch=r"best|last|\d+",


def script(name):
    """The command's path as jobs name it."""
    return f"{SCRIPTS}/{name}"


def program(name):
    """Params function: checksums of the modules a command imports, as JSON text.

    Not inputs: thirty files for every job would double the time it takes to plan 10,000 of them.
    """

    def text(wildcards):
        builds = name in BUILD_NETWORKS
        own = code.own_model(EXPERIMENTS[wildcards.experiment]["model"]["name"]) if builds else ()
        return code.checksums(name, tuple(own))

    return text


def spec(stage):
    """Params function: the settings that determine a stage's result, as sorted JSON text."""

    def text(wildcards):
        cell = {
            "width": int(wildcards.width) if "width" in wildcards.keys() else None,
            "noise": float(wildcards.noise) if "noise" in wildcards.keys() else None,
            "seed": int(wildcards.seed) if "seed" in wildcards.keys() else None,
            "epoch": wildcards.get("epoch"),
        }
        return experiments.as_text(
            experiments.stage_spec(stage, EXPERIMENTS[wildcards.experiment], **cell)
        )

    return text


def files_read(wildcards):
    """Params function: a checksum of names, sizes and times of the files a data set is read from.

    Not of torchvision's archives, which it verifies itself and may still have to download.
    """
    data = EXPERIMENTS[wildcards.experiment]["data"]
    read = "path" in data and data["name"] in ("tiny-imagenet", "image-folder")
    return folders.folder_digest(data["path"]) if read else ""


# Snakemake leaves params whose function takes `threads` out of what it compares between runs. The
# next four decide nothing about a result, so a change of theirs starts nothing.


def interpreter(wildcards, threads):
    """The Python that runs a command."""
    return PYTHON


def state_cache(wildcards, threads):
    """The folder of training states."""
    return CACHE


def kept_epochs(wildcards, threads):
    """Epochs worth keeping while training, `0,2,14`."""
    return ",".join(map(str, experiments.kept_epochs(EXPERIMENTS[wildcards.experiment])))


def observed_layers(wildcards, threads):
    """Names of layers that later stages ask for, by their key, so that training looks them up."""
    experiment = EXPERIMENTS[wildcards.experiment]
    asked = {"analysis.layers": experiment["analysis"]["layers"]}
    if experiment["rewind"]["epochs"]:
        asked |= {f"rewind.sets.{name}": of for name, of in experiment["rewind"]["sets"].items()}
    return experiments.as_text(asked)


def runtime(stage):
    """Resource function: a job's time limit in minutes, more at each attempt."""
    return lambda wildcards, attempt: minutes(
        stage, *job_settings(wildcards), gpu=stage in ON_GPU, attempt=attempt
    )


def memory(stage):
    """Resource function: a job's memory in MB, more at each attempt."""
    return lambda wildcards, attempt: megabytes(stage, *job_settings(wildcards), attempt=attempt)


def job_settings(wildcards):
    """The experiment as text, and the job's width and noise where it has them."""
    width, noise = wildcards.get("width"), wildcards.get("noise")
    return TEXTS[wildcards.experiment], width and int(width), noise and float(noise)


def epochs_of(stage):
    """Input function: the snapshots of one run that `stage` looks at."""

    def files(wildcards):
        place = "results/{experiment}/runs/w{width}_n{noise}_s{seed}".format(**wildcards)
        epochs = EXPERIMENTS[wildcards.experiment][stage]["epochs"]
        return [f"{place}/snapshots/{epoch}.safetensors" for epoch in epochs]

    return files


def per_run(pattern):
    """Input function: `pattern` with {run} (and {epoch}) filled in for a whole experiment."""

    def files(wildcards):
        experiment = EXPERIMENTS[wildcards.experiment]
        epochs = experiment["analysis"]["epochs"] if "{epoch}" in pattern else [None]
        return [
            pattern.format(experiment=wildcards.experiment, run=run, epoch=epoch)
            for run in experiments.runs(experiment)
            for epoch in epochs
        ]

    return files


def table_parts(wildcards):
    """Input function: what one table of an experiment is collected from, run by run."""
    patterns = {
        "accuracy": "results/{experiment}/runs/{run}/accuracy.parquet",
        "geometry": "results/{experiment}/runs/{run}/geometry/{epoch}.parquet",
        "rewind": "results/{experiment}/runs/{run}/rewind.parquet",
        "gradients": "results/{experiment}/runs/{run}/gradients.parquet",
        "simulation": "results/{experiment}/runs/{run}/simulation.parquet",
    }
    return per_run(patterns[wildcards.table])(wildcards)


def table_spec(wildcards):
    """Params function: which run is which, in the order of the inputs."""
    runs = experiments.runs(EXPERIMENTS[wildcards.experiment]).values()
    cells = [dict(zip(("width", "noise", "seed"), run)) for run in runs]
    return experiments.as_text(
        {"experiment": wildcards.experiment, "table": wildcards.table, "runs": cells}
    )


def figure_inputs(wildcards):
    """Input function: the tables (or images and labels) a figure is drawn from, by name."""
    place = f"results/{wildcards.experiment}"
    # The sample sheet shows the noisiest labels, where most there is to see.
    experiment = EXPERIMENTS[wildcards.experiment]
    noisiest = f"n{max(experiment['noises']):g}_s{experiment['seeds'][0]}"
    files = {
        "images": f"{place}/data/images.npz",
        "labels": f"{place}/labels/{noisiest}.parquet",
        **{table: f"{place}/tables/{table}.parquet" for table in TABLES},
    }
    return {name: files[name] for name in FIGURES[wildcards.figure]}


def options_of(paths):
    """`--geometry PATH ...` for input files by name."""
    return " ".join(f"--{name} {shlex.quote(path)}" for name, path in paths.items())


def figure_spec(wildcards):
    """Params function: the settings of a figure."""
    experiment = EXPERIMENTS[wildcards.experiment]
    settings = {}
    if wildcards.figure in ("depth", "change", "width"):
        # What a capacity can be compared with: 2/M, and the paper's if measured the same way.
        settings["per_class"] = experiment["analysis"]["per_class"]
        settings |= {key: experiment["geometry"][key] for key in ("kappa", "remove_low_rank")}
    if wildcards.figure == "width":
        settings |= {"network": experiment["model"]["name"], "data": experiment["data"]["name"]}
    return experiments.as_text(settings)


def figure_caption(wildcards, threads):
    """What the report says below a figure, from report/FIGURE.rst; report/figure.rst shows it.

    A report's caption is one file for a whole rule. Taking `threads` keeps the text out of what
    decides whether a figure is drawn again.
    """
    return (Path(workflow.basedir) / "rules" / "report" / f"{wildcards.figure}.rst").read_text()


def tables_of(experiment):
    """Tables that an experiment's settings ask for."""
    asked = {
        "accuracy": True,
        "geometry": bool(experiment["analysis"]["epochs"]),
        "rewind": bool(experiment["rewind"]["epochs"]),
        "gradients": bool(experiment["gradients"]["epochs"]),
        "simulation": bool(experiment["simulation"]["epochs"]),
    }
    return [name for name in TABLES if asked[name]]


def figures_of(experiment):
    """Figures that an experiment's settings ask for."""
    tables = tables_of(experiment)
    names = ["samples", "accuracy"]
    if "geometry" in tables:
        names += ["depth", "epochs"]
        if {"best", "last"} <= set(experiment["analysis"]["epochs"]):
            names.append("change")
        if len(experiment["widths"]) > 1:
            names.append("width")
    names += [name for name in ("simulation", "rewind", "gradients") if name in tables]
    if {"rewind", "gradients"} <= set(tables):
        names.append("localization")
    return names


def tables_among(names):
    """Input function: the tables of these names that an experiment has, by name."""

    def files(wildcards):
        asked = tables_of(EXPERIMENTS[wildcards.experiment])
        place = f"results/{wildcards.experiment}/tables"
        return {table: f"{place}/{table}.parquet" for table in names if table in asked}

    return files


def claims_spec(wildcards):
    """Params function: the settings that decide verdicts."""
    experiment = EXPERIMENTS[wildcards.experiment]
    return experiments.as_text(
        {
            "experiment": wildcards.experiment,
            "per_class": experiment["analysis"]["per_class"],
            "confidence": experiment["geometry"]["confidence"],
            "claims": experiment["claims"],
        }
    )


def explorer_spec(wildcards):
    """Params function: which epochs each table was asked for."""
    experiment = EXPERIMENTS[wildcards.experiment]
    sections = {"geometry": "analysis"} | {name: name for name in TABLES[2:]}
    epochs = {table: experiment[section]["epochs"] for table, section in sections.items()}
    return experiments.as_text({"experiment": wildcards.experiment, "epochs": epochs})


def results_of(name):
    """What a reader of an experiment opens."""
    experiment = EXPERIMENTS[name]
    return [
        *(f"results/{name}/tables/{table}.parquet" for table in tables_of(experiment)),
        *(f"results/{name}/figures/{figure}.png" for figure in figures_of(experiment)),
        f"results/{name}/claims/claims.parquet",
        f"results/{name}/claims/claims.html",
        f"results/{name}/explorer.html",
    ]


def hold_results():
    """Keep other runs out of results/ for as long as this one lasts, if it can run at all."""
    if workflow.is_main_process:
        try:
            hold("results")
            refuse_future("results")
        except InputError as error:
            raise WorkflowError(str(error)) from None


def wanted_files():
    """Every table, figure and page of every selected experiment."""
    return [
        path
        for name in EXPERIMENTS
        for path in (*results_of(name), f"results/{name}/provenance.html")
    ]
