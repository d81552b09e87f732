"""Helpers of every rule: the checked configuration, specs, source files, Python.

Nothing here may import torch, numpy or pandas: every job pays for it.
"""

import os
import shlex
import sys
from pathlib import Path

SCRIPTS = os.path.relpath(Path(workflow.basedir) / "scripts")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from geomem.config import code, experiments, sharing
from geomem.config.check import check
from geomem.config.cli import combined
from geomem.errors import InputError
from geomem.planning.resources import megabytes, minutes
from geomem.registry import datasets, own
from geomem.registry.claims import judging_settings, targets_of
from geomem.registry.figures import figures_of
from geomem.registry.measures import chosen
from geomem.registry.tables import tables_of
from geomem.storage.clock import refuse_future
from geomem.storage.lock import hold
from geomem.training.gpus import VISIBLE, local_gpus
from snakemake.exceptions import WorkflowError

# Jobs run in the Python that runs Snakemake.
PYTHON = shlex.quote(sys.executable)

try:
    # As Snakemake combines files, but a section that changes its `name` replaces the old one whole.
    overlays = list(workflow.overwrite_configfiles)
    files = [path for path in workflow.configfiles if path not in overlays]
    if workflow.config_settings.replace_workflow_config:
        files = []
    config = experiments.merged(
        combined([*files, *overlays]), dict(workflow.config_settings.config)
    )
    check(config)
    EXPERIMENTS = {name: experiments.resolve(config, name) for name in experiments.selected(config)}
except InputError as error:
    raise WorkflowError(str(error)) from None

# Images, labels and trainings are shared by the experiments that ask for the same.
SHARED = f"results/{sharing.FOLDER}"
TRAININGS, TRAINING_OF = sharing.trainings(EXPERIMENTS)
DATA_OF = {name: sharing.data_name(experiment) for name, experiment in EXPERIMENTS.items()}
DATA = {data: name for name, data in DATA_OF.items()}

TEXTS = {name: experiments.as_text(experiment) for name, experiment in EXPERIMENTS.items()}

# Content-addressed training states; outside every declared output, since Snakemake deletes those
# before a job runs again and resuming needs them.
CACHE = "results/cache/training"

# Rules to which a profile gives a GPU. Versions of Snakemake differ in how they keep the number.
SET_RESOURCES = workflow.resource_settings.overwrite_resources
GIVEN = {name: given.get("gpu") for name, given in SET_RESOURCES.items()}
ON_GPU = {name for name, number in GIVEN.items() if getattr(number, "value", number)}

# Where no profile speaks of GPUs, those of this machine are used, by one job each unless `--resources
# gpu=N` says otherwise. Jobs choose among the ones they are shown.
GPUS = local_gpus() if workflow.is_main_process and not ON_GPU else []
if len(GPUS) > 1:
    os.environ.setdefault(VISIBLE, ",".join(GPUS))
if GPUS and not getattr(workflow.global_resources.get("gpu"), "value", None):
    workflow.register_resource("gpu", len(GPUS))

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
    data="[^/]+",
    training="[^/]+",
    labelling="[a-z]+",


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
    return code.network_path(EXPERIMENTS[experiment_of(wildcards)]["model"]["name"])


def trained_by(wildcards):
    """Import paths of the network and of what else of the user's trains it."""
    training = EXPERIMENTS[experiment_of(wildcards)]["training"]
    parts = (
        training["optimizer"]["name"],
        training["augmentation"]["function"],
        training["loss"],
    )
    return [network(wildcards), *filter(own.is_own, parts)]


def loader(wildcards):
    """Import path of the loader of the images."""
    return datasets.find(EXPERIMENTS[experiment_of(wildcards)]["data"]["name"]).load


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
        width, noise, seed = cell_of(wildcards)
        cell = {"width": width, "noise": noise, "seed": seed, "epoch": wildcards.get("epoch")}
        experiment = EXPERIMENTS[experiment_of(wildcards)]
        return with_run(experiments.stage_spec(stage, experiment, **cell), wildcards)

    return text


def with_run(settings, wildcards):
    """Settings as sorted JSON text, with the run that the job is of: so its result says whose it is."""
    width, noise, seed = cell_of(wildcards)
    if width is not None:
        settings = {**settings, "run": {"width": width, "noise": noise, "seed": seed}}
    return experiments.as_text(settings)


def cell_of(wildcards):
    """(width, noise, seed) of a job on one network, each None where the job has none."""
    if "training" in wildcards.keys():
        settings = TRAININGS[wildcards.training].settings
        return settings["width"], settings["noise"], settings["seed"]
    if "run" in wildcards.keys():  # in a user's own rule
        return experiments.runs(EXPERIMENTS[wildcards.experiment])[wildcards.run]
    kinds = (("width", int), ("noise", float), ("seed", int))
    return tuple(
        kind(wildcards.get(name)) if name in wildcards.keys() else None for name, kind in kinds
    )


def experiment_of(wildcards):
    """The experiment of a job; of a shared one, any that asks for it."""
    if "training" in wildcards.keys():
        return TRAININGS[wildcards.training].experiment
    return DATA[wildcards.data] if "data" in wildcards.keys() else wildcards.experiment


def labels_spec(wildcards):
    """Params function: the settings of a table of labels."""
    return experiments.as_text(
        {
            "rule": wildcards.labelling,
            "noise": float(wildcards.noise),
            "seed": int(wildcards.seed),
        }
    )


def training_spec(wildcards):
    """Params function: the settings of a training, and the epoch of a snapshot of it."""
    settings = TRAININGS[wildcards.training].settings
    if "epoch" in wildcards.keys():
        settings = {**settings, "snapshot": wildcards.epoch}
    return experiments.as_text(settings)


# Snakemake leaves params whose function takes `threads` out of what it compares between runs. The
# next three decide nothing about a result, so a change of theirs starts nothing.


def interpreter(wildcards, threads):
    """The Python that runs a command."""
    return PYTHON


def state_cache(wildcards, threads):
    """The folder of training states."""
    return CACHE


def kept_epochs(wildcards, threads):
    """Epochs worth keeping while training, `0,2,14`: all that any experiment asks for."""
    return ",".join(map(str, TRAININGS[wildcards.training].epochs))


def gpu(wildcards):
    """Resource function: 1 where a job that can use a GPU of this machine runs on it."""
    return int(bool(GPUS) and workflow.local_exec)


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
    width, noise, _ = cell_of(wildcards)
    return TEXTS[experiment_of(wildcards)], width, noise


def images_of(wildcards):
    """Input function: the images of a job's experiment."""
    return f"{SHARED}/data/{DATA_OF[experiment_of(wildcards)]}/images.npz"


def labels_of(wildcards):
    """Input function: the labels that a job's network is trained on."""
    _, noise, seed = cell_of(wildcards)
    return labels_file(experiment_of(wildcards), noise, seed)


def labels_file(name, noise, seed):
    """The table of labels of an experiment's images."""
    labels = sharing.labels_name(EXPERIMENTS[name], noise, seed)
    return f"{SHARED}/data/{DATA_OF[name]}/labels/{labels}.parquet"


def trained(pattern):
    """Input function: `pattern` below the folder of the training of a job's run."""
    return lambda wildcards: f"{training_folder(wildcards)}/{pattern.format(**wildcards)}"


def training_folder(wildcards):
    """Where the network of a job's run is trained."""
    run = wildcards.get("run") or "w{width}_n{noise}_s{seed}".format(**wildcards)
    return f"{SHARED}/trained/{TRAINING_OF[wildcards.experiment, run]}"


def epochs_of(stage):
    """Input function: the snapshots of one run that `stage` looks at."""

    def files(wildcards):
        place = training_folder(wildcards)
        epochs = EXPERIMENTS[wildcards.experiment][stage]["epochs"]
        return [f"{place}/snapshots/{epoch}.safetensors" for epoch in epochs]

    return files


def per_run(pattern):
    """Input function: `pattern` for all runs of an experiment.

    Filled in are {run}, {training} (its name) and {epoch} (every analysed one).
    """

    def files(wildcards):
        experiment = EXPERIMENTS[wildcards.experiment]
        epochs = experiment["analysis"]["epochs"] if "{epoch}" in pattern else [None]
        return [
            pattern.format(
                experiment=wildcards.experiment,
                run=run,
                training=TRAINING_OF[wildcards.experiment, run],
                epoch=epoch,
            )
            for run in experiments.runs(experiment)
            for epoch in epochs
        ]

    return files


def measure_spec(wildcards):
    """Params function: a measure's function, what it is given, and its settings."""
    experiment = EXPERIMENTS[wildcards.experiment]
    measure = MEASURES[wildcards.experiment][wildcards.measure]
    return with_run(measure.spec(experiment), wildcards)


def table_parts(wildcards):
    """Input function: what one table of an experiment is collected from, run by run."""
    return per_run(TABLES[wildcards.experiment][wildcards.table].parts)(wildcards)


def table_spec(wildcards):
    """Params function: the table's keys, and the runs it is of."""
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
    noisiest = max(experiment["label_noise"]), experiment["seeds"][0]
    pictures = {
        "images": images_of(wildcards),
        "labels": labels_file(wildcards.experiment, *noisiest),
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
