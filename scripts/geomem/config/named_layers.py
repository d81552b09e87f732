"""Whether networks have the layers that a configuration names.

For `geomem check` alone. A run looks them up in the job that trains the network. A network is built
for this, once, and only where a name can be wrong: `"*"` needs neither a network nor torch.
"""

from geomem.config.experiments import as_text, asked_layers
from geomem.errors import InputError
from geomem.registry.datasets import DATASETS
from geomem.registry.networks import NETWORKS

_ALWAYS = {"*"}  # matches a layer of every network, also of those with weights
_INPUT = "input"


def layer_problems(experiments):
    """Look up the layers that experiments name.

    Parameters
    ----------
    experiments : dict of str to dict
        Each as it will run, sound, and with the images that it names in place.

    Returns
    -------
    problems : list of str
        Each begins with its key.
    left : dict of str to str
        By experiment, why nothing was looked up: images whose size is known only once they are
        loaded do not fit the network at the size that was assumed.
    """
    problems, left, built = [], {}, {}
    for name, experiment in experiments.items():
        asked = _uncertain(experiment)
        for width in _widths(experiment) if asked else ():
            try:
                model = _network(experiment, width, built)
            except InputError as error:
                if _size_known(experiment["data"]):
                    problems.append(f"experiments.{name}: {error}")
                else:
                    left[name] = str(error)
                break
            from geomem.models.named import unknown_layers

            problems += unknown_layers(
                model, {f"experiments.{name}.{key}": globs for key, globs in asked.items()}
            )
    return list(dict.fromkeys(problems)), left


def _uncertain(experiment):
    """The globs that a network may have no layer for; of recordings the manifest has the names."""
    if "activations" in experiment:
        return {}
    found = {}
    for key, globs in asked_layers(experiment).items():
        certain = _ALWAYS if key.startswith("rewind.") else {*_ALWAYS, _INPUT}
        if open_globs := [glob for glob in globs if glob not in certain]:
            found[key] = open_globs
    return found


def _widths(experiment):
    """Widths to look at: geomem's own networks have the same layers at every width."""
    own = experiment["model"]["name"] not in NETWORKS
    return sorted(experiment["widths"]) if own else [min(experiment["widths"])]


def _size_known(data):
    return data["name"] in DATASETS and DATASETS[data["name"]].known is not None


def _network(experiment, width, built):
    """The network of this width; of images whose channels are not known, for colour or grey."""
    from geomem.planning.sizes import data_size

    size = data_size(experiment["data"])
    shapes = [size.shape] if _size_known(experiment["data"]) else [size.shape, (1, *size.shape[1:])]
    key = as_text([experiment["model"], width, size.classes, size.shape])
    if key not in built:
        built[key] = _first_that_fits(experiment["model"], width, size.classes, shapes)
    return built[key]


def _first_that_fits(spec, width, n_classes, shapes):
    from geomem.models import build_model

    failures = []
    for shape in shapes:
        try:
            return build_model(spec, width, n_classes=n_classes, image_shape=shape, seed=0)
        except InputError as error:
            failures.append(error)
    raise failures[0]
