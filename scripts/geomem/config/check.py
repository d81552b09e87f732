"""Check a configuration: every problem at once, each naming the key, the value and the way out."""

import datetime
import difflib
import math

import jsonschema
import yaml

from geomem.config import elsewhere, functions, styles
from geomem.config.amounts import not_analysed, too_few
from geomem.config.experiments import selected, written
from geomem.config.schema import schema as read_schema
from geomem.config.sharing import FOLDER
from geomem.errors import InputError
from geomem.registry.datasets import DATASETS
from geomem.registry.stages import OBSERVING
from geomem.training.portable import PORTABLE, recipe_section
from geomem.training.recipe import Recipe

_TAKEN = ("cache", FOLDER)  # folders beside those of the experiments

_RENAMED = {"noises": "label_noise", "remove_low_rank": "low_rank"}  # keys of earlier versions

_TYPES = {
    "object": "a section of keys",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def check(config):
    """Raise InputError listing everything wrong with `config`; return None when it is sound."""
    refuse(problems(config))


def refuse(found):
    """Raise InputError listing problems, if there are any."""
    if found:
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        raise InputError(f"the configuration has {count}:\n" + "\n".join(f"  - {p}" for p in found))


def problems(config):
    """List what is wrong with a configuration, one message per problem, in the order of its keys.

    Bounds and types come from `rules/config.schema.yaml`; relations between keys (an epoch past
    the last one, more images analysed than there are) are checked once those hold.
    """
    if not isinstance(config, dict):
        return [f"a configuration is a section of keys, not {_show(config)}"]
    schema = read_schema()
    # A section may leave out what another supplies: what is required is asked of the experiments
    # as they will run, once everything written down is sound.
    found = [
        f"{_name(path)}: {_show(key)} is {_kind(key)}, expected text (put it in quotes)"
        for path, key in _keys_not_text(config)
    ]
    if found:
        return found
    found = [m for e in _errors(schema, config) if not _incomplete(e) for m in _messages(e)]
    found += [f"{_name(path)}: {fault}" for path, fault in _unwritable(config)]
    if not found:
        found = list(_relations(schema, config))
    return list(dict.fromkeys(found))


# jsonschema takes 2.0 for a whole number; a file that is named by it is another one.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def _errors(schema, value):
    return _Validator(schema).iter_errors(value)


def _incomplete(error):
    return error.validator == "required" and len(error.absolute_path) > 0


def _messages(error, at=()):
    """Turn one jsonschema error into messages for the user; `at` is where its value stands."""
    where, value, rule = _name((*at, *error.absolute_path)), error.instance, error.validator_value
    kind = error.validator
    if kind in ("oneOf", "anyOf"):
        meant = [branch for branch in rule if _is_a(value, branch.get("type"))]
        if len(meant) == 1 and isinstance(value, list | dict):  # so what is wrong lies within
            for inner in _errors(meant[0], value):
                yield from _messages(inner, (*at, *error.absolute_path))
            return
        names = [name for branch in rule for name in branch.get("enum", ())]
        near = _nearest(value, names) if isinstance(value, str) else ""
        meant = near if near.startswith("; did you mean") else ""
        yield f"{where}: {_show(value)} is not one of: {_alternatives(error)}{meant}"
    elif kind == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for key in value:
            if key not in known:
                now = _RENAMED.get(key)
                hint = f"; it is called {now} now" if now in known else _nearest(key, known)
                yield f"{_join(where, key)}: unknown key{hint}"
    elif kind == "required":
        for key in rule:
            if key not in value:
                yield f"{_join(where, key)}: missing; {_expected(error.schema, key)}"
    elif kind == "type":
        names = [rule] if isinstance(rule, str) else rule
        expected = " or ".join(_TYPES[name] for name in names)
        hint = _yaml_hint(value) or _list_hint(value, names)
        if isinstance(value, float) and value.is_integer() and "integer" in names:
            hint = f" (write {int(value)})"
        yield f"{where}: {_show(value)} is {_kind(value)}, expected {expected}{hint}"
    elif kind == "enum" and "propertyNames" in error.absolute_schema_path:
        yield f"{_join(where, value)}: unknown key{_nearest(value, rule)}"
    elif kind in ("enum", "const"):
        options = rule if kind == "enum" else [rule]
        yield f"{where}: {_show(value)} is not one of: {_listed(options)}{_nearest(value, options)}"
    elif kind == "pattern":
        yield f"{where}: {_show(value)} may hold only letters, digits, - and _ (64 at most)"
    elif kind in _BOUNDS:
        yield f"{where}: {_show(value)} must be {_BOUNDS[kind]} {rule}"
    elif kind in ("minItems", "minProperties", "minLength"):
        yield f"{where}: must not be empty"
    elif kind == "uniqueItems":
        twice = [v for i, v in enumerate(value) if v in value[:i]]
        yield f"{where}: {_listed(twice)} stands there twice"
    else:
        yield f"{where}: {error.message}"


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
    "maxLength": "no longer than",
}


def _relations(schema, config):
    """Problems that lie between keys, for every experiment as it will run."""
    names = config.get("run", "all")
    known = list(config["experiments"])
    if names != "all":
        for name in names:
            if name not in known:
                yield f"run: no experiment is called {_show(name)}{_nearest(name, known)}"
    for name in selected(config):
        if name not in known:
            continue
        if name in _TAKEN:
            yield f"experiments.{name}: the name is taken by results/{name}; choose another"
        experiment = written(config, name)
        whole = {"$defs": schema["$defs"], **schema["$defs"]["experiment"]}
        errors = list(_errors(whole, experiment))
        for error in errors:
            yield from _messages(error, ("experiments", name))
        if not errors:
            yield from _experiment_relations(f"experiments.{name}", experiment)


def _experiment_relations(at, experiment):
    yield from (f"{at}.{problem}" for problem in elsewhere.problems(experiment))
    if "activations" in experiment:
        yield from _measured(at, experiment)
        return
    best = experiment["claims"]["best_epoch"]
    if best != "validation" and best not in experiment["analysis"]["epochs"]:
        yield f"{at}.claims.best_epoch: epoch {best} is not analysed; add it to analysis.epochs"
    if "weights" in experiment:
        yield from _of_images(at, experiment)
        return
    epochs = experiment["training"]["epochs"]
    for section in OBSERVING:
        for epoch in experiment[section]["epochs"]:
            if isinstance(epoch, int) and epoch > epochs:
                yield f"{at}.{section}.epochs: {epoch} lies past training.epochs = {epochs}"
    for epoch in experiment["training"]["snapshots"]:
        if epoch > epochs:
            yield f"{at}.training.snapshots: {epoch} lies past training.epochs = {epochs}"
    training = experiment["training"]
    if training.get("reproducible") == PORTABLE and training["precision"] != "float32":
        yield (
            f"{at}.training.reproducible: portable needs training.precision float32, not "
            f"{training['precision']}"
        )
    try:
        Recipe.read(recipe_section(training))
    except InputError as error:
        yield f"{at}.{error}"
    for milestone in training["schedule"].get("milestones", ()):
        if milestone >= epochs:
            yield (
                f"{at}.training.schedule.milestones: {milestone} does not lie before "
                f"training.epochs = {epochs}, so it changes nothing"
            )
    yield from _of_images(at, experiment)
    optimizer = experiment["training"]["optimizer"]
    nesterov = optimizer["name"] == "sgd" and optimizer.get("nesterov")
    if nesterov and not optimizer.get("momentum"):
        yield (
            f"{at}.training.optimizer.nesterov: true needs a momentum above 0; set momentum or "
            "leave nesterov out"
        )


def _of_images(at, experiment):
    """Whether there are as many images, classes and labels as the analyses want."""
    data, analysis = experiment["data"], experiment["analysis"]
    yield from _measured(at, experiment)
    known = DATASETS[data["name"]].known if data["name"] in DATASETS else None
    found = elsewhere.label_problems(experiment["labels"], known(data)[2] if known else None)
    yield from (f"{at}.{problem}" for problem in found)
    counted = analysis
    if known and analysis["classes"] == "all":
        counted = {**analysis, "classes": known(data)[2]}
    found = list(not_analysed(experiment, counted))
    if known:
        found += too_few(experiment, known(data)[:3])
    yield from (f"{at}.{problem}" for problem in found)


def _measured(at, experiment):
    """Whether measures have what they need, and functions of the user's own are there."""
    measures = set(experiment["analysis"]["measures"])
    if experiment["geometry"]["low_rank"]["k"] == "shared" and (
        {"geometry", "low_rank"} - measures == {"low_rank"}
    ):
        yield (
            f"{at}.geometry.low_rank.k: 'shared' is found from the measure low_rank; add it to "
            "analysis.measures"
        )
    found = [*functions.problems(experiment), *styles.problems(experiment)]
    yield from (f"{at}.{problem}" for problem in found)


def _is_a(value, name):
    return name is not None and _Validator({"type": name}).is_valid(value)


def _keys_not_text(value, path=()):
    """Keys that YAML does not take for text, such as 1, null or yes."""
    items = value.items() if isinstance(value, dict) else ()
    for key, item in items:
        if not isinstance(key, str):
            yield path, key
        yield from _keys_not_text(item, (*path, key))


def _unwritable(value, path=()):
    """Values that no result can hold as its settings, and what they are."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, f"{value} is not a finite number"
    elif isinstance(value, datetime.date):
        yield path, f"{value} is a date, expected text (put it in quotes)"
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _unwritable(item, (*path, key))


def _name(path):
    """`experiments.depth.label_noise[1]` for a path of keys and list positions."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the configuration"


def _join(where, key):
    return str(key) if where == "the configuration" else f"{where}.{key}"


def _show(value):
    text = repr(value) if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
    text = text.replace("\n...", "").strip()
    return text if len(text) <= 80 else text[:77] + "..."


def _listed(options):
    return ", ".join("null" if o is None else str(o) for o in options)


def _kind(value):
    if value is None:
        return "null (an empty value)"
    for types, words in (
        (bool, "true or false"),
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a section of keys"),
    ):
        if isinstance(value, types):
            return words
    return type(value).__name__


def _yaml_hint(value):
    """YAML 1.1 reads 1e-3 as text; say how to write it."""
    if not isinstance(value, str):
        return ""
    try:
        number = float(value)
    except ValueError:
        return ""
    if "e" in value.lower() and math.isfinite(number):
        return f" (YAML takes {value} for text: write {_number(number)})"
    return " (leave out the quotes)"


def _list_hint(value, names):
    """How to write a list of one."""
    alone = names == ["array"] and value is not None and not isinstance(value, dict)
    return f" (write [{_show(value)}])" if alone else ""


def _number(value):
    """A number as YAML 1.1 reads it: with a point where there is an exponent."""
    text = repr(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _nearest(value, options):
    close = difflib.get_close_matches(str(value), [str(o) for o in options], n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known: {_listed(options)}"


def _alternatives(error):
    words = []
    for branch in error.validator_value:
        if "const" in branch:
            words.append(str(branch["const"]))
        elif "enum" in branch:
            words += [str(option) for option in branch["enum"]]
        elif "pattern" in branch:
            words.append("your own as package.module:function")
        else:
            bound = f" of at least {branch['minimum']}" if "minimum" in branch else ""
            words.append(_TYPES[branch["type"]] + bound)
    return ", ".join(words)


def _expected(schema, key):
    description = schema.get("properties", {}).get(key, {}).get("description")
    return description or "set it there or in defaults"
