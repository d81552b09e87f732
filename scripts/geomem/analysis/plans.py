"""Which layers go back to which epoch: rewinding plans, and the states they are made of."""

from dataclasses import dataclass

from geomem.models.layers import select_layers

SCHEMES = ("single", "suffix", "prefix")


@dataclass(frozen=True)
class Plan:
    """One network to evaluate.

    Attributes
    ----------
    scheme : str
        `none`, `all`, `single`, `suffix`, `prefix` or `set`.
    layer : str
        The only layer, the first of a suffix, the last of a prefix, the name of a set; empty for
        `none` and `all`.
    layer_index : int or None
        The layer's; of a set that of its first layer.
    epoch : int
        Epoch gone back to; the final one for `none`.
    rewound : frozenset of str
        Names of the layers that go back.
    """

    scheme: str
    layer: str
    layer_index: int | None
    epoch: int
    rewound: frozenset


def make_plans(layers, epochs, final_epoch, schemes, sets, globs=None):
    """All networks to evaluate: nothing rewound, and for each epoch everything and each choice.

    Parameters
    ----------
    layers : sequence of Layer
        Of the whole network; those without weights have nothing to rewind.
    epochs : sequence of int
    final_epoch : int
    schemes : sequence of str
        Among `SCHEMES`.
    sets : dict of str to sequence of str
        Globs of layer names by the set's name.
    globs : sequence of str, optional
        Names of the layers that the schemes go over; default: all with weights.

    Returns
    -------
    list of Plan
    """
    weighted = [layer for layer in layers if layer.state]
    names = [layer.name for layer in weighted]
    members = weighted if globs is None else select_layers(weighted, globs, "rewind.layers")
    over = {layer.name for layer in members}
    plans = [Plan("none", "", None, final_epoch, frozenset())]
    for epoch in epochs:
        plans.append(Plan("all", "", None, epoch, frozenset(names)))
        for scheme in schemes:
            for i, layer in enumerate(weighted):
                if layer.name not in over:
                    continue
                chosen = {"single": names[i : i + 1], "suffix": names[i:], "prefix": names[: i + 1]}
                rewound = frozenset(chosen[scheme])
                plans.append(Plan(scheme, layer.name, layer.index, epoch, rewound))
        for name, globs in sets.items():
            members = select_layers(weighted, globs)
            rewound = frozenset(layer.name for layer in members)
            plans.append(Plan("set", name, members[0].index, epoch, rewound))
    return plans


def states_for(policy, final, earlier):
    """The state of every source under a batch-norm policy.

    Parameters
    ----------
    policy : {"with-layer", "keep", "recalibrate"}
        `keep` leaves running statistics at their final values; with the others a layer's go back
        with its weights, as other buffers do.
    final : dict of str to Tensor
    earlier : dict of int to dict of str to Tensor
        States by epoch.

    Returns
    -------
    dict of int or None to dict of str to Tensor
        By epoch; None is the final network.
    """
    states = {None: final}
    for epoch, state in earlier.items():
        if policy == "keep":
            state = {key: (final if _is_running(key) else state)[key] for key in final}
        states[epoch] = state
    return states


def _is_running(key):
    """Whether a key of `state_dict` is a running statistic of a norm."""
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")


def combined(plan, layers, states):
    """The state of a plan's network: each key from where its layer comes.

    Returns
    -------
    dict of str to Tensor
    """
    return {key: states[source(plan, layer)][key] for layer in layers for key in layer.state}


def source(plan, layer):
    """Where a layer's weights come from under a plan: an epoch, or None for the final network."""
    return plan.epoch if layer.name in plan.rewound else None
