"""Functions of the user's own that a configuration names: whether they are there and can be used.

They are found and read, not run. Only the jobs that need them run a user's code, and `geomem check`
where it looks up layers of the user's network (`geomem.config.named_layers`).
"""

from geomem.errors import InputError
from geomem.registry import claims, figures, measures, own
from geomem.registry.stages import STAGES
from geomem.registry.tables import TABLES, tables_of

_KEPT = {"gram": "the inner products of all points", "features": "the features"}


def problems(experiment):
    """Lines that say what is wrong with the functions an experiment names, each with its key."""
    training = experiment["training"]
    named = {
        "model.name": experiment["model"]["name"],
        "data.name": experiment["data"]["name"],
        "training.optimizer.name": training["optimizer"]["name"],
        "training.augmentation.function": training["augmentation"]["function"],
        "training.loss": training["loss"],
    }
    for key, path in named.items():
        if own.is_own(path):
            yield from _missing(key, path)
    yield from _measures(experiment)
    yield from _figures(experiment)
    yield from _claims(experiment)


def _missing(key, path):
    try:
        own.locate(path)
    except InputError as error:
        yield f"{key}: {error}"


def _measures(experiment):
    analysis = experiment["analysis"]
    taken = {*TABLES, *STAGES}
    lacking = {}
    for position, path in enumerate(analysis["measures"]):
        key = f"analysis.measures[{position}]"
        if path in measures.MEASURES:
            lacking.setdefault(measures.MEASURES[path].source, []).append(path)
            continue
        if found := list(_missing(key, path)):
            yield from found
            continue
        function = own.locate(path)
        yield from _taken(key, function, taken)
        taken.add(function.name)
        source = next(iter(function.positional), None)
        if source not in measures.STORES:
            yield (
                f"{key}: {path!r} takes {_listed(function.positional)}; its first argument must be "
                "called products (inner products of the manifolds), gram (those of all points) or "
                "features (the points)"
            )
            continue
        lacking.setdefault(source, []).append(path)
    for source, names in lacking.items():
        kept = measures.STORES[source]
        if analysis["store"] not in kept:
            yield (
                f"analysis.store: {analysis['store']} does not keep {_KEPT[source]}, from which "
                f"analysis.measures computes {_listed(names)}; set it to {' or '.join(kept)}"
            )


def _figures(experiment):
    taken = set(figures.FIGURES)
    for position, path in enumerate(experiment["figures"]):
        key = f"figures[{position}]"
        if found := list(_missing(key, path)):
            yield from found
            continue
        function = own.locate(path)
        yield from _taken(key, function, taken)
        taken.add(function.name)
        try:
            known = {*TABLES, *tables_of(experiment), *figures.PICTURES}
        except InputError:  # of a measure, which has been named
            return
        unknown = [name for name in function.positional if name not in known]
        if unknown or not function.positional:
            yield (
                f"{key}: {path!r} takes {_listed(unknown or function.positional)}; its positional "
                f"arguments must be names of tables: {_listed(sorted(known))}"
            )


def _claims(experiment):
    try:
        there = set(tables_of(experiment))
    except InputError:  # of a measure, which has been named
        return
    for name, claim in experiment["claims"]["own"].items():
        key = f"claims.own.{name}"
        if name in claims.TARGETS:
            yield f"{key}: the name is taken; docs/claims.md has those that are"
        yield from _missing(f"{key}.effect", claim["effect"])
        try:
            claim["statement"].format("0")
        except (IndexError, KeyError, ValueError):
            yield f"{key}.statement: {claim['statement']!r} may hold {{}} and no other braces"
        for table in claim.get("tables", ()):
            if table not in there:
                yield (
                    f"{key}.tables: there is no table {table!r} in this experiment; choose among "
                    f"{_listed(sorted(there))}, or add its measure to analysis.measures"
                )


def _taken(key, function, taken):
    if function.name in taken:
        yield (
            f"{key}: the name {function.name} of {function.path!r} is taken; results are called "
            "after the function, so give it another name"
        )


def _listed(names):
    return ", ".join(names) or "nothing"
