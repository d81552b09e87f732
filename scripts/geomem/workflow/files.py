"""Input functions: which files a job reads, and which an experiment ends with."""

import os
from pathlib import Path

from geomem.config import experiments, recorded, sharing
from geomem.registry.claims import FIGURES, targets_of
from geomem.registry.stages import compared_runs
from geomem.workflow.signatures import sign_methods, signed

HEADLINE_TABLES = ("accuracy", "geometry", "glue", "rewind")


class JobFiles:
    """Input functions of the rules.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan):
        self.plan = plan
        sign_methods(self)

    def images_of(self, wildcards):
        """Input function: the images of a job's experiment."""
        data = self.plan.data_of[self.plan.experiment_of(wildcards)]
        return f"{sharing.PLACE}/data/{data}/images.npz"

    def labels_of(self, wildcards):
        """Input function: the labels that a job's network is trained on."""
        _, noise, seed = self.plan.cell_of(wildcards)
        return self.labels_file(self.plan.experiment_of(wildcards), noise, seed)

    def labels_file(self, name, noise, seed):
        """The table of labels of an experiment's images."""
        labels = sharing.labels_name(self.plan.experiments[name], noise, seed)
        return f"{sharing.PLACE}/data/{self.plan.data_of[name]}/labels/{labels}.parquet"

    def ranked_by(self, wildcards):
        """Input function: what ranks atypical images, of all widths trained on the same labels."""
        if "atypical" not in self.plan.of(wildcards)["analysis"]["kinds"]:
            return []
        _, *labels = self.plan.cell_of(wildcards)
        name = wildcards.experiment
        return [
            f"{sharing.PLACE}/trained/{self.plan.training_of[name, run]}/examples.parquet"
            for run, (_, *cell) in experiments.runs(self.plan.experiments[name]).items()
            if cell == labels
        ]

    def labels_read(self, wildcards):
        """Input function: the user's file of labels, or of a transition matrix, if there is one."""
        labels = self.plan.labels[wildcards.labelling]
        paths = [labels.get("path"), labels.get("matrix")]
        return [os.path.expanduser(path) for path in paths if isinstance(path, str)]

    def trained(self, pattern):
        """Input function: `pattern` below the folder of the training of a job's run."""
        return signed(
            lambda wildcards: f"{self.training_folder(wildcards)}/{pattern.format(**wildcards)}"
        )

    def training_folder(self, wildcards):
        """Where the network of a job's run is trained."""
        run = wildcards.get("run") or "w{width}_n{noise}_s{seed}".format(**wildcards)
        return f"{sharing.PLACE}/trained/{self.plan.training_of[wildcards.experiment, run]}"

    def recorded_of(self, wildcards):
        """Input function: files of the arrays and labels of one subject and epoch, elsewhere."""
        collection = self.plan.collections[wildcards.experiment]
        return collection.files(int(wildcards.seed), int(wildcards.epoch))

    def weights_of(self, wildcards):
        """Input function: files of the weights of a network trained elsewhere, by epoch."""
        settings = self.plan.trainings[wildcards.training].settings
        cell = (settings[name] for name in ("width", "noise", "seed"))
        return recorded.weight_files(settings["weights"], *cell)

    def epochs_of(self, stage):
        """Input function: the snapshots of one run that `stage` looks at."""

        def files(wildcards):
            place = self.training_folder(wildcards)
            epochs = self.plan.of(wildcards)[stage]["epochs"]
            return [f"{place}/snapshots/{epoch}.safetensors" for epoch in epochs]

        return signed(files)

    def compared_set(self, wildcards):
        """Input function: the analysis set that all compared runs are shown, the first seed's."""
        seed = self.plan.of(wildcards)["seeds"][0]
        return f"results/{wildcards.experiment}/analysis_set/n{wildcards.noise}_s{seed}.parquet"

    def compared_snapshots(self, wildcards):
        """Input function: snapshots of a run, then of those that its layers are compared with."""
        experiment = self.plan.of(wildcards)
        width, noise, seed = self.plan.cell_of(wildcards)
        cells = [(width, seed)]
        others = compared_runs(experiment, width, seed)
        cells += [(other["width"], other["seed"]) for other in others]
        names = {cell: name for name, cell in experiments.runs(experiment).items()}
        trainings = [
            self.plan.training_of[wildcards.experiment, names[w, noise, s]] for w, s in cells
        ]
        return [
            f"{sharing.PLACE}/trained/{training}/snapshots/{epoch}.safetensors"
            for training in trainings
            for epoch in experiment["similarity"]["epochs"]
        ]

    def rewound_of(self, wildcards):
        """Input function: the rewinding table of a run, where there is one."""
        if not self.plan.of(wildcards)["rewind"]["epochs"]:
            return []
        return [
            "results/{experiment}/runs/w{width}_n{noise}_s{seed}/rewind.parquet".format(**wildcards)
        ]

    def profiles_of(self, wildcards):
        """Input function: what a measure has to wait for, at all epochs of its run."""
        measure = self.plan.measures[wildcards.experiment][wildcards.measure]
        experiment = self.plan.of(wildcards)
        before = measure.follows(experiment)
        if before is None:
            return []
        place = "results/{experiment}/runs/w{width}_n{noise}_s{seed}".format(**wildcards)
        return [
            f"{place}/measures/{before}/{epoch}.parquet"
            for epoch in experiment["analysis"]["epochs"]
        ]

    def per_run(self, pattern):
        """Input function: `pattern` for all runs of an experiment.

        Filled in are {run}, {training} (its name) and {epoch} (every analysed one).
        """

        def files(wildcards):
            experiment = self.plan.of(wildcards)
            epochs = experiment["analysis"]["epochs"] if "{epoch}" in pattern else [None]
            return [
                pattern.format(
                    experiment=wildcards.experiment,
                    run=run,
                    training=self.plan.training_of[wildcards.experiment, run],
                    epoch=epoch,
                )
                for run in experiments.runs(experiment)
                for epoch in epochs
            ]

        return signed(files)

    def table_parts(self, wildcards):
        """Input function: what one table of an experiment is collected from, run by run."""
        return self.per_run(self.plan.tables[wildcards.experiment][wildcards.table].parts)(
            wildcards
        )

    def figure_inputs(self, wildcards):
        """Input function: the tables (or images and labels) a figure is drawn from, by name."""
        place = f"results/{wildcards.experiment}"
        # The sample sheet shows the noisiest labels, where there is most to see.
        experiment = self.plan.of(wildcards)
        noisiest = max(experiment["label_noise"]), experiment["seeds"][0]
        pictures = {
            "images": self.images_of(wildcards),
            "labels": self.labels_file(wildcards.experiment, *noisiest),
        }
        names = self.plan.figures[wildcards.experiment][wildcards.figure].inputs
        return {name: pictures.get(name, f"{place}/tables/{name}.parquet") for name in names}

    def figure_style(self, wildcards):
        """Input function: the user's style file of the figures, if any."""
        path = self.plan.of(wildcards)["figure_style"]
        return [] if path is None else [path]

    def all_tables(self, wildcards):
        """An experiment's tables by name."""
        place = f"results/{wildcards.experiment}/tables"
        return {name: f"{place}/{name}.parquet" for name in self.plan.tables[wildcards.experiment]}

    def explored_tables(self):
        """The tables that the explorer shows of all experiments, by EXPERIMENT/TABLE."""
        return {
            f"{name}/{table.name}": f"results/{name}/tables/{table.name}.parquet"
            for name, tables in self.plan.tables.items()
            for table in tables.values()
            if table.shown
        }

    def explored_images(self):
        """The images that the explorer shows, by experiment: of those with a table of examples."""
        return {
            name: f"{sharing.PLACE}/data/{self.plan.data_of[name]}/images.npz"
            for name, tables in self.plan.tables.items()
            if "examples" in tables
        }

    def judged_tables(self, wildcards):
        """Input function: the tables that an experiment's claims are about, by name."""
        named = {
            table
            for target in targets_of(self.plan.of(wildcards)["claims"])
            for table in target["tables"]
        }
        tables = self.plan.tables[wildcards.experiment]
        files = self.all_tables(wildcards)
        return {name: files[name] for name in tables if tables[name].judged or name in named}

    def claimed_figures(self, wildcards):
        """Input function: the figures that the page of the claims shows, by name."""
        place, drawn = f"results/{wildcards.experiment}/figures", self.plan.figures
        shown = [name for name in FIGURES.values() if name in drawn[wildcards.experiment]]
        return {name: f"{place}/{name}.png" for name in shown}

    def results_of(self, name):
        """What a reader of an experiment opens."""
        return [
            *(f"results/{name}/tables/{table}.parquet" for table in self.plan.tables[name]),
            *(f"results/{name}/figures/{figure}.png" for figure in self.plan.figures[name]),
            f"results/{name}/claims/claims.parquet",
            f"results/{name}/claims/claims.html",
        ]

    def headline_tables(self, wildcards):
        """Input function: the tables that an experiment's headline is read off, by name."""
        tables = self.all_tables(wildcards)
        return {name: tables[name] for name in HEADLINE_TABLES if name in tables}

    def reported(self):
        """Names of the experiments on the landing page: all here, and others that are done."""
        done = {
            path.parent.name
            for path in Path("results").glob("*/headline.json")
            if (path.parent / "provenance.html").exists()
        }
        return sorted({*self.plan.experiments, *done})

    def landing_inputs(self, wildcards):
        """Input function: headlines, and the page of each experiment that is made last."""
        names = self.reported()
        return {
            "headlines": [f"results/{name}/headline.json" for name in names],
            "done": [f"results/{name}/provenance.html" for name in names],
        }

    def wanted_files(self):
        """Every table, figure and page of every selected experiment, and the pages of all."""
        last = ("headline.json", "provenance.html")
        return [
            "results/index.html",
            "results/explorer.html",
            *(
                path
                for name in self.plan.experiments
                for path in (*self.results_of(name), *(f"results/{name}/{page}" for page in last))
            ),
        ]
