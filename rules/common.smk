"""Helpers of every rule: the checked configuration, specs, source files, Python.

Nothing here may import torch, numpy or pandas: every job pays for it.
"""

import os
import shlex
import sys
from pathlib import Path

SCRIPTS = os.path.relpath(Path(workflow.basedir) / "scripts")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from geomem.config import code, experiments
from geomem.config.check import check
from geomem.config.cli import read
from geomem.errors import InputError
from geomem.planning.resources import megabytes, minutes
from geomem.registry import datasets, own
from geomem.registry.claims import judging_settings, targets_of
from geomem.registry.figures import figures_of
from geomem.registry.measures import chosen
from geomem.registry.tables import tables_of
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold
from snakemake.exceptions import WorkflowError

# With conda each job finds its own environment's Python; else the one that runs Snakemake.
CONDA = "conda" in {str(method) for method in workflow.deployment_settings.deployment_method}
PYTHON = "python" if CONDA else shlex.quote(sys.executable)

try:
    if workflow.is_main_process:
        for path in workflow.configfiles:  # Snakemake takes the last of a key that stands twice
            read(path)
    check(config)
    EXPERIMENTS = {name: experiments.resolve(config, name) for name in experiments.selected(config)}
except InputError as error:
    raise WorkflowError(str(error)) from None

TEXTS = {name: experiments.as_text(experiment) for name, experiment in EXPERIMENTS.items()}

# Content-addressed training states; outside every declared output, since Snakemake deletes those
# before a job runs again and resuming needs them.
CACHE = "results/cache/training"

# Rules to which a profile gives a GPU, which makes their time limits shorter.
SET_RESOURCES = workflow.resource_settings.overwrite_resources
ON_GPU = {name for name, given in SET_RESOURCES.items() if given.get("gpu").value}

TABLES = {name: tables_of(experiment) for name, experiment in EXPERIMENTS.items()}
FIGURES = {name: figures_of(experiment) for name, experiment in EXPERIMENTS.items()}
MEASURES = {
    name: {measure.name: measure for measure in chosen(experiment)}
    for name, experiment in EXPERIMENTS.items()
}


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    width=r"\d+",
    noise=r"[0-9.e-]+",
    seed=r"\d+",
    epoch=r"best|last|\d+",
    measure=r"\w+",
    table=r"\w+",
    figure=r"\w+",


def script(name):
    """The command's path as jobs name it."""
    return f"{SCRIPTS}/{name}"


def program(command, function=None):
    """Params function: checksums of the modules that a command imports, as JSON text.

    Not inputs: thirty files for every job would double the time it takes to plan 10,000 of them.

    Parameters
    ----------
    command : str
        File name under scripts/.
    function : callable, optional
        Of wildcards: import path, or several, of what the command is told to run.
    """

    def text(wildcards):
        named = function(wildcards) if function else []
        return code.checksums(command, [named] if isinstance(named, str) else named)

    return text


def network(wildcards):
    """Import path of the network."""
    return code.network_path(EXPERIMENTS[wildcards.experiment]["model"]["name"])


def trained_by(wildcards):
    """Import paths of the network and of what else of the user's trains it."""
    training = EXPERIMENTS[wildcards.experiment]["training"]
    parts = (
        training["optimizer"]["name"],
        training["augmentation"]["function"],
        training["loss"],
    )
    return [network(wildcards), *filter(own.is_own, parts)]


def loader(wildcards):
    """Import path of the loader of the images."""
    return datasets.find(EXPERIMENTS[wildcards.experiment]["data"]["name"]).load


def measure_function(wildcards):
    """Import path of a measure."""
    return MEASURES[wildcards.experiment][wildcards.measure].function


def figure_function(wildcards, threads=None):
    """Import path of a figure."""
    return FIGURES[wildcards.experiment][wildcards.figure].function


def effects(wildcards):
    """Import paths of the effects that claims are about."""
    targets = targets_of(EXPERIMENTS[wildcards.experiment]["claims"])
    return sorted({target["effect"] for target in targets})


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


# Snakemake leaves params whose function takes `threads` out of what it compares between runs. The
# next three decide nothing about a result, so a change of theirs starts nothing.


def interpreter(wildcards, threads):
    """The Python that runs a command."""
    return PYTHON


def state_cache(wildcards, threads):
    """The folder of training states."""
    return CACHE


def kept_epochs(wildcards, threads):
    """Epochs worth keeping while training, `0,2,14`."""
    return ",".join(map(str, experiments.kept_epochs(EXPERIMENTS[wildcards.experiment])))


def runtime(stage):
    """Resource function: a job's time limit in minutes, more at each attempt."""
    return lambda wildcards, attempt: minutes(
        wildcards.get("measure", stage),
        *job_settings(wildcards),
        gpu=stage in ON_GPU,
        attempt=attempt,
    )


def memory(stage):
    """Resource function: a job's memory in MB, more at each attempt."""
    return lambda wildcards, attempt: megabytes(
        wildcards.get("measure", stage), *job_settings(wildcards), attempt=attempt
    )


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


def measure_spec(wildcards):
    """Params function: a measure's function, what it is given, and its settings."""
    experiment = EXPERIMENTS[wildcards.experiment]
    return experiments.as_text(MEASURES[wildcards.experiment][wildcards.measure].spec(experiment))


def table_parts(wildcards):
    """Input function: what one table of an experiment is collected from, run by run."""
    return per_run(TABLES[wildcards.experiment][wildcards.table].parts)(wildcards)


def table_spec(wildcards):
    """Params function: the table's keys, and which run is which, in the order of the inputs."""
    runs = experiments.runs(EXPERIMENTS[wildcards.experiment]).values()
    cells = [dict(zip(("width", "noise", "seed"), run)) for run in runs]
    keys = TABLES[wildcards.experiment][wildcards.table].keys
    return experiments.as_text(
        {
            "experiment": wildcards.experiment,
            "table": wildcards.table,
            "keys": keys,
            "runs": cells,
        }
    )


def figure_inputs(wildcards):
    """Input function: the tables (or images and labels) a figure is drawn from, by name."""
    place = f"results/{wildcards.experiment}"
    # The sample sheet shows the noisiest labels, where there is most to see.
    experiment = EXPERIMENTS[wildcards.experiment]
    noisiest = f"n{max(experiment['noises']):g}_s{experiment['seeds'][0]}"
    pictures = {
        "images": f"{place}/data/images.npz",
        "labels": f"{place}/labels/{noisiest}.parquet",
    }
    names = FIGURES[wildcards.experiment][wildcards.figure].inputs
    return {name: pictures.get(name, f"{place}/tables/{name}.parquet") for name in names}


def options_of(paths):
    """`geometry=PATH ...` for input files by name."""
    return " ".join(shlex.quote(f"{name}={path}") for name, path in paths.items())


def figure_spec(wildcards):
    """Params function: the settings of a figure."""
    figure = FIGURES[wildcards.experiment][wildcards.figure]
    return experiments.as_text(figure.settings(EXPERIMENTS[wildcards.experiment]))


def figure_caption(wildcards, threads):
    """What the report says below a figure; report/figure.rst shows it.

    A report's caption is one file for a whole rule. Taking `threads` keeps the text out of what
    decides whether a figure is drawn again.
    """
    return FIGURES[wildcards.experiment][wildcards.figure].caption


def all_tables(wildcards):
    """Input function: an experiment's tables by name."""
    place = f"results/{wildcards.experiment}/tables"
    return {name: f"{place}/{name}.parquet" for name in TABLES[wildcards.experiment]}


def judged_tables(wildcards):
    """Input function: the tables that an experiment's claims are about, by name."""
    named = {
        table
        for target in targets_of(EXPERIMENTS[wildcards.experiment]["claims"])
        for table in target["tables"]
    }
    tables = TABLES[wildcards.experiment]
    files = all_tables(wildcards)
    return {name: files[name] for name in tables if tables[name].judged or name in named}


def claims_spec(wildcards):
    """Params function: the settings that decide verdicts."""
    experiment = EXPERIMENTS[wildcards.experiment]
    return experiments.as_text(
        {
            "experiment": wildcards.experiment,
            "per_class": experiment["analysis"]["per_class"],
            "claims": judging_settings(experiment["claims"]),
        }
    )


def explorer_spec(wildcards):
    """Params function: what the explorer has to know of each table."""
    experiment = EXPERIMENTS[wildcards.experiment]
    tables = TABLES[wildcards.experiment].values()
    return experiments.as_text(
        {
            "experiment": wildcards.experiment,
            "tables": [table.described(experiment) for table in tables],
        }
    )


def results_of(name):
    """What a reader of an experiment opens."""
    return [
        *(f"results/{name}/tables/{table}.parquet" for table in TABLES[name]),
        *(f"results/{name}/figures/{figure}.png" for figure in FIGURES[name]),
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
