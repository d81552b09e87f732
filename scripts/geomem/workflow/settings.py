"""Params functions: what decides a job's result besides its input files, as sorted JSON text.

Snakemake leaves params whose function takes `threads` out of what it compares between runs: such a
one decides nothing about a result, so a change of it starts nothing.
"""

from geomem.config import code, experiments
from geomem.config.folders import file_digest, folder_digest, path_digest
from geomem.registry import datasets, own
from geomem.registry.claims import FIGURES, judging_settings, targets_of
from geomem.workflow.signatures import sign_methods, signed


class JobSettings:
    """Params functions of the rules.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan):
        self.plan = plan
        sign_methods(self)

    def program(self, command, function=None):
        """Params function: checksums of the modules that a command imports, as JSON text.

        Not inputs: thirty files for every job would double the time it takes to plan 10,000.

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

        return signed(text)

    def network(self, wildcards):
        """Import path of the network."""
        return code.network_path(self.plan.of(wildcards)["model"]["name"])

    def trained_by(self, wildcards):
        """Import paths of the network and of what else of the user's trains it."""
        training = self.plan.of(wildcards)["training"]
        if "weights" in self.plan.of(wildcards):
            return [self.network(wildcards)]
        parts = (
            training["optimizer"]["name"],
            training["augmentation"]["function"],
            training["loss"],
        )
        return [self.network(wildcards), *filter(own.is_own, parts)]

    def loader(self, wildcards):
        """Import path of the loader of the images."""
        return datasets.find(self.plan.of(wildcards)["data"]["name"]).load

    def measure_function(self, wildcards):
        """Import path of a measure."""
        return self.plan.measures[wildcards.experiment][wildcards.measure].function

    def figure_function(self, wildcards):
        """Import path of a figure."""
        return self.plan.figures[wildcards.experiment][wildcards.figure].function

    def effects(self, wildcards):
        """Import paths of the effects that claims are about."""
        targets = targets_of(self.plan.of(wildcards)["claims"])
        return sorted({target["effect"] for target in targets})

    def spec(self, stage):
        """Params function: the settings that determine a stage's result, as sorted JSON text."""

        def text(wildcards):
            width, noise, seed = self.plan.cell_of(wildcards)
            cell = {"width": width, "noise": noise, "seed": seed, "epoch": wildcards.get("epoch")}
            experiment = self.plan.of(wildcards)
            return self.with_run(experiments.stage_spec(stage, experiment, **cell), wildcards)

        return signed(text)

    def with_run(self, settings, wildcards):
        """Settings as sorted JSON text, with the job's run, so that its result says whose it is."""
        width, noise, seed = self.plan.cell_of(wildcards)
        if width is not None:
            settings = {**settings, "run": {"width": width, "noise": noise, "seed": seed}}
        return experiments.as_text(settings)

    def labels_spec(self, wildcards):
        """Params function: the settings of a table of labels."""
        return experiments.as_text(
            {
                **self.plan.labels[wildcards.labelling],
                "noise": float(wildcards.noise),
                "seed": int(wildcards.seed),
            }
        )

    def labels_files(self, wildcards):
        """Params function: checksums of the user's file of labels, or of a matrix, if there is one.

        A file that is put back with its old time stamp is noticed so, too.
        """
        labels = self.plan.labels[wildcards.labelling]
        given = (labels.get("path"), labels.get("matrix"))
        return " ".join(file_digest(path) for path in given if isinstance(path, str))

    def training_spec(self, wildcards):
        """Params function: the settings of a training, and the epoch of a snapshot of it."""
        settings = self.plan.trainings[wildcards.training].settings
        if wildcards.get("epoch") is not None:
            settings = {**settings, "snapshot": wildcards.epoch}
        return experiments.as_text(settings)

    def kept_epochs(self, wildcards, threads):
        """Epochs worth keeping while training, `0,2,14`: all that any experiment asks for."""
        return ",".join(map(str, self.plan.trainings[wildcards.training].epochs))

    def observed_layers(self, wildcards, threads):
        """Names of layers that later stages ask for, by their key, so that training looks them up.

        Of all experiments that share the training.
        """
        asked = {}
        for (name, _), training in self.plan.training_of.items():
            if training != wildcards.training:
                continue
            found = experiments.asked_layers(self.plan.experiments[name])
            asked |= {f"experiments.{name}.{key}": globs for key, globs in found.items()}
        return experiments.as_text(asked)

    def files_read(self, wildcards):
        """Params function: a checksum of names, sizes and times of the files images are read from.

        Not of torchvision's archives, which it verifies itself and may still have to download.
        """
        data = self.plan.of(wildcards)["data"]
        watched = datasets.find(data["name"]).watched
        return folder_digest(data["path"]) if watched else ""

    def content(self, files):
        """Params function: checksums of the user's files that an input function names.

        Snakemake notices a newer file by itself; so one with an old time stamp is noticed, too.
        """
        return signed(lambda wildcards: " ".join(map(path_digest, files(wildcards))))

    def recorded_spec(self, wildcards):
        """Params function: what a manifest says of one subject and epoch, and what is stored."""
        experiment = self.plan.of(wildcards)
        collection = self.plan.collections[wildcards.experiment]
        seed, epoch = int(wildcards.seed), int(wildcards.epoch)
        settings = {
            "epoch": epoch,
            "rows": collection.digest(seed, epoch),
            "store": experiment["analysis"]["store"],
            "controls": experiment["analysis"]["controls"],
            "per_class": experiment["analysis"]["per_class"],
        }
        return self.with_run(settings, wildcards)

    def recorded_path(self, wildcards, threads):
        """The manifest of recorded activations; its rows decide, see `recorded_spec`."""
        return self.plan.collections[wildcards.experiment].path

    def recorded_run_spec(self, wildcards):
        """Params function: what is known of a run that was recorded elsewhere."""
        collection = self.plan.collections[self.plan.experiment_of(wildcards)]
        seed = self.plan.trainings[wildcards.training].settings["seed"]
        settings = {
            "last": max(collection.epochs),
            "subject": collection.subjects.get(seed),
            "conditions": collection.conditions,
        }
        return self.with_run(settings, wildcards)

    def measure_spec(self, wildcards):
        """Params function: a measure's function, what it is given, and its settings."""
        experiment = self.plan.of(wildcards)
        measure = self.plan.measures[wildcards.experiment][wildcards.measure]
        return self.with_run(measure.spec(experiment), wildcards)

    def table_spec(self, wildcards):
        """Params function: the table's keys, and the runs it is of."""
        runs = experiments.runs(self.plan.of(wildcards)).values()
        cells = [dict(zip(("width", "noise", "seed"), run, strict=True)) for run in runs]
        keys = self.plan.tables[wildcards.experiment][wildcards.table].keys
        return experiments.as_text(
            {
                "experiment": wildcards.experiment,
                "table": wildcards.table,
                "keys": keys,
                "runs": cells,
            }
        )

    def figure_spec(self, wildcards):
        """Params function: the settings of a figure."""
        figure = self.plan.figures[wildcards.experiment][wildcards.figure]
        return experiments.as_text(figure.settings(self.plan.of(wildcards)))

    def figure_caption(self, wildcards, threads):
        """What the report says below a figure; report/figure.rst shows it.

        A report's caption is one file for a whole rule. Taking `threads` keeps the text out of what
        decides whether a figure is drawn again.
        """
        return self.plan.figures[wildcards.experiment][wildcards.figure].caption

    def claims_spec(self, wildcards):
        """Params function: the settings that decide verdicts."""
        experiment = self.plan.of(wildcards)
        return experiments.as_text(
            {
                "experiment": wildcards.experiment,
                "per_class": experiment["analysis"]["per_class"],
                "claims": judging_settings(experiment["claims"]),
                "figures": {
                    claim: name
                    for claim, name in FIGURES.items()
                    if name in self.plan.figures[wildcards.experiment]
                },
            }
        )

    def headline_spec(self, wildcards):
        """Params function: what the landing page says of an experiment besides its results."""
        name = wildcards.experiment
        experiment = self.plan.experiments[name]
        collection = self.plan.collections.get(name)
        recorded = collection and {
            "recorded": experiment["activations"]["path"],
            "epochs": len(collection.epochs),
        }
        return experiments.as_text(
            {
                "experiment": name,
                "network": experiment["model"]["name"],
                "data": experiment["data"]["name"],
                "widths": experiment["widths"],
                "label_noise": experiment["label_noise"],
                "seeds": len(experiment["seeds"]),
                "epochs": experiment["training"]["epochs"],
                **{
                    key: experiment["claims"][key]
                    for key in ("confidence", "best_epoch", "memorized", "lost")
                },
                "figures": list(self.plan.figures[name]),
                "tables": list(self.plan.tables[name]),
                **(recorded or {}),
            }
        )

    def provenance_spec(self, wildcards):
        """Params function: all settings of an experiment."""
        name = wildcards.experiment
        return experiments.as_text({"experiment": name, "settings": self.plan.written[name]})

    def explorer_spec(self, wildcards):
        """Params function: what the explorer has to know of each table of each experiment."""
        described = {
            name: [
                table.described(self.plan.experiments[name])
                for table in tables.values()
                if table.shown
            ]
            for name, tables in self.plan.tables.items()
        }
        return experiments.as_text({"experiments": described})
