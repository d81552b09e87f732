"""The experiments to run, and what their settings ask for."""

from geomem.config import experiments, sharing
from geomem.config.check import check
from geomem.config.recorded import collection_of
from geomem.registry.figures import figures_of
from geomem.registry.measures import chosen
from geomem.registry.tables import tables_of


class Plan:
    """The experiments of a configuration.

    Parameters
    ----------
    config : dict
        The whole configuration.

    Attributes
    ----------
    experiments : dict of str to dict
        As they will run, by name.
    texts : dict of str to str
        The same as JSON.
    written : dict of str to dict
        As the configuration has them, defaults applied.
    collections : dict of str to geomem.foreign.manifest.Collection
        Of the experiments with recorded activations.
    tables, figures, measures : dict of str to dict
        Table, Figure and Measure by name, for each experiment.
    trainings : dict of str to geomem.config.sharing.Training
        By name; experiments that ask for the same share them.
    training_of : dict of (str, str) to str
        Training of each (experiment, run).
    labels : dict of str to dict
        Sections `labels`, by `geomem.config.sharing.labelling_name`.
    data_of, data : dict of str to str
        Data set of each experiment, and an experiment of each data set.

    Raises
    ------
    InputError
        Listing everything that is wrong with the configuration.
    """

    def __init__(self, config):
        check(config)
        names = experiments.selected(config)
        self.experiments = {name: experiments.resolve(config, name) for name in names}
        self.written = {name: experiments.written(config, name) for name in names}
        found = {name: collection_of(experiment) for name, experiment in self.written.items()}
        self.collections = {name: each for name, each in found.items() if each is not None}
        every = self.experiments.items()
        self.texts = {name: experiments.as_text(experiment) for name, experiment in every}
        self.tables = {name: tables_of(experiment) for name, experiment in every}
        self.figures = {name: figures_of(experiment) for name, experiment in every}
        self.measures = {
            name: {measure.name: measure for measure in chosen(experiment)}
            for name, experiment in every
        }
        self.trainings, self.training_of = sharing.trainings(self.experiments)
        self.data_of = {name: sharing.data_name(experiment) for name, experiment in every}
        self.labels = {
            sharing.labelling_name(experiment["labels"]): experiment["labels"]
            for experiment in self.experiments.values()
        }
        self.data = {data: name for name, data in self.data_of.items()}

    def experiment_of(self, wildcards):
        """The experiment of a job; of a shared one, any that asks for it; of all, the first."""
        if wildcards.get("training"):
            return self.trainings[wildcards.training].experiment
        if wildcards.get("data"):
            return self.data[wildcards.data]
        return wildcards.get("experiment") or next(iter(self.experiments))

    def of(self, wildcards):
        """The settings of the experiment of a job."""
        return self.experiments[self.experiment_of(wildcards)]

    def cell_of(self, wildcards):
        """(width, noise, seed) of a job on one network, each None where the job has none."""
        if wildcards.get("training"):
            settings = self.trainings[wildcards.training].settings
            return settings["width"], settings["noise"], settings["seed"]
        if wildcards.get("run"):  # in a user's own rule
            return experiments.runs(self.experiments[wildcards.experiment])[wildcards.run]
        kinds = (("width", int), ("noise", float), ("seed", int))
        found = ((wildcards.get(name), kind) for name, kind in kinds)
        return tuple(None if value is None else kind(value) for value, kind in found)
