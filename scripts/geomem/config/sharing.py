"""What experiments share: images, labels and trainings are made once, however many ask for them.

Each is named by its settings, in `results/shared/`: readable parts and the checksum of all of them.
"""

import hashlib
from dataclasses import dataclass

from geomem.config.experiments import as_text, kept_epochs, noise_text, runs
from geomem.training.portable import PROCESSOR, recipe_section

FOLDER = "shared"  # in results/, so no experiment has this name
PLACE = f"results/{FOLDER}"
# Begin the names of what was recorded, and of what was trained, elsewhere. Rules tell them by it.
RECORDED, IMPORTED = "recorded", "imported"
_TRAINED = "trained"  # begins the name of a training here of a network that is called like one


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes
    ----------
    settings : dict
        `data`, `labels`, `model`, `training`, `width`, `noise`, `seed`: what decides the result.
    experiment : str
        One that asks for it.
    epochs : tuple of int
        Those that any experiment will ask for.
    """

    settings: dict
    experiment: str
    epochs: tuple


def data_name(experiment):
    """Folder of an experiment's images and labels."""
    data = experiment["data"]
    return f"{_word(data['name'])}-{_checksum(data)}"


def labels_name(experiment, noise, seed):
    """Name of one table of labels of an experiment's images."""
    return f"{labelling_name(experiment['labels'])}_n{noise_text(noise)}_s{seed}"


def labelling_name(labels):
    """What a `labels` section is called: its rule, with a checksum of what else it says."""
    more = {key: value for key, value in labels.items() if key != "rule"}
    return f"{labels['rule']}-{_checksum(more)}" if more else labels["rule"]


def training_settings(experiment, width, noise, seed):
    """All settings that decide the result of a training, as a dict."""
    if "activations" in experiment:
        names = {"activations": experiment["activations"]}
        return {**names, "width": width, "noise": noise, "seed": seed}
    if "weights" in experiment:
        names = {name: experiment[name] for name in ("data", "labels", "model", "weights")}
        return {**names, "width": width, "noise": noise, "seed": seed}
    # Which epochs are kept decides nothing about the weights. The default of `reproducible` is left
    # out, so that trainings keep the names they had before there was this key.
    training = {k: v for k, v in experiment["training"].items() if k != "snapshots"}
    if training.get("reproducible") == PROCESSOR:
        training = recipe_section(training)
    return {
        "data": experiment["data"],
        "labels": experiment["labels"],
        "model": experiment["model"],
        "training": training,
        "width": width,
        "noise": noise,
        "seed": seed,
    }


def training_name(settings):
    """Folder of the results of a training with these settings."""
    cell = f"w{settings['width']}_n{noise_text(settings['noise'])}_s{settings['seed']}"
    name = _word(settings["model"]["name"]) if "model" in settings else ""
    if "activations" in settings:
        start = RECORDED
    elif "weights" in settings:
        start = IMPORTED
    else:
        start = _TRAINED if name.startswith((f"{RECORDED}_", f"{IMPORTED}_")) else ""
    return f"{'_'.join(filter(None, (start, name, cell)))}-{_checksum(settings)}"


def trainings(experiments):
    """The trainings of all these experiments, each once.

    Parameters
    ----------
    experiments : dict of str to dict
        Experiments as they will run.

    Returns
    -------
    trainings : dict of str to Training
        By name.
    of_run : dict of (str, str) to str
        The name of the training of each (experiment, run).
    """
    found, of_run = {}, {}
    for experiment_name, experiment in experiments.items():
        kept = kept_epochs(experiment)
        for run, cell in runs(experiment).items():
            settings = training_settings(experiment, *cell)
            name = training_name(settings)
            before = found.get(name)
            first = before.experiment if before else experiment_name
            epochs = {*kept, *(before.epochs if before else ())}
            found[name] = Training(settings, first, tuple(sorted(epochs)))
            of_run[experiment_name, run] = name
    return found, of_run


def _word(name):
    """A name as part of a path: an import path's colon becomes a dot."""
    return name.replace(":", ".")


def _checksum(settings):
    return hashlib.sha256(as_text(settings).encode()).hexdigest()[:8]
