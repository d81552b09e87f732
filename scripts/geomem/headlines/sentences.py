"""The headline of an experiment in sentences, for the landing page and the terminal."""

VERDICTS = ("supported", "contradicted", "undecided", "not measured")
# Relative change from which a capacity counts as another one: the tolerance of statement T1.
CHANGED = 0.1
_MOST = 2  # sentences about single conditions; of more, ranges are told


def about(found):
    """What was trained, or recorded, as one sentence."""
    if "recorded" in found:
        return (
            f"Activations recorded elsewhere, {found['recorded']}: "
            f"{counted(found['seeds'], 'subject')}, {counted(found['epochs'], 'epoch')}."
        )
    widths = "width" if len(found["widths"]) == 1 else "widths"
    return (
        f"{found['network']} on {found['data']}, {widths} {listed(found['widths'])}, "
        f"{_label_noise(found)}, {counted(found['seeds'], 'seed')}, at most "
        f"{counted(found['epochs'], 'epoch')}."
    )


def _label_noise(found):
    """The setting as tables and figures have it, and how many labels are wrong where it is known.

    Of labels that come from elsewhere, all taken is label noise 1, however many are wrong.
    """
    text = f"label noise {listed(f'{value:g}' for value in found['label_noise'])}"
    known = {cell["noise"]: cell["wrong_labels"] for cell in found.get("cells", ())}
    wrong = [known.get(value) for value in found["label_noise"]]
    if None in wrong or not any(wrong):
        return text
    return f"{text} ({listed(map(percent, wrong))} of the labels wrong)"


def state(found):
    """How the trainings ended."""
    if "recorded" in found:
        return "nothing trained"
    trained = counted(found["networks"], "network") + " trained"
    return f"{trained}, {found['diverged']} diverged" if found["diverged"] else trained


def headlines(found):
    """The headline of an experiment.

    Parameters
    ----------
    found : dict
        Of `geomem.headlines.measure.headline`.

    Returns
    -------
    list of (str, str)
        What each sentence is about, and the sentence. Plain text.
    """
    cells = found["cells"]
    parts = (
        ("Accuracy", accuracy, accuracy_range),
        ("Memorization", memorization, memorization_range),
        ("Rewinding", rewinding, rewinding_range),
    )
    lines = []
    for title, of_one, of_many in parts:
        said = {}
        for cell in cells:
            if text := of_one(cell):
                said.setdefault(text, []).append(f"noise {cell['noise']:g}, width {cell['width']}")
        if len(said) > _MOST:
            said = {of_many(cells): []}
        for text, names in said.items():
            where = f"{'; '.join(names)}: " if len(said) > 1 else ""
            lines.append((title, where + text))
    return [*lines, ("Claims", claims(found))]


def accuracy(cell):
    """Test accuracy at the best and the last epoch, and the permuted accuracy at the last."""
    at = cell["accuracy"]
    if "last" not in at:
        return "Every training diverged."
    best, last = at.get("best"), at["last"]  # no network may have come to the best one
    at_best = f"{percent(best['test'])} at the best epoch ({_epochs(best)}) and " if best else ""
    text = (
        f"Test accuracy is {at_best}{percent(last['test'])} at the last{'' if best else ' epoch'} "
        f"({_epochs(last)})."
    )
    if "permuted" in last:
        text += f" The last network fits {percent(last['permuted'])} of the permuted labels."
    return text


def accuracy_range(cells):
    """The same of many conditions."""
    at = [cell["accuracy"] for cell in cells if "last" in cell["accuracy"]]
    if not at:
        return "Every training diverged."
    at = [each for each in at if "best" in each] or at
    best, last = ([each[name]["test"] for each in at if name in each] for name in ("best", "last"))
    permuted = [each["last"]["permuted"] for each in at if "permuted" in each["last"]]
    at_best = f"{_range(best)} at the best epoch and " if best else ""
    text = f"Test accuracy is {at_best}{_range(last)} at the last{'' if best else ' epoch'}."
    if permuted:
        text += f" The last networks fit {_range(permuted)} of the permuted labels."
    return text


def memorization(cell):
    """In which layers permuted capacity grows."""
    found = cell.get("memorization")
    if found is None:
        return ""
    if found["missing"]:
        return f"Where it sits was not measured: {found['missing']}."
    grown, names = grown_layers(found), [layer for layer, _ in found["layers"]]
    if not grown:
        where = "in no layer"
    elif len(grown) == len(names):
        where = f"in all {len(names)} layers measured"
    elif len(grown) > 1 and grown == names[-len(grown) :]:
        where = f"only in the last {len(grown)} layers ({listed(grown)})"
    else:
        where = f"only in {listed(grown)}"
    text = (
        "From the best to the last epoch, the capacity of permuted examples grows by more than "
        f"{100 * CHANGED:g} % {where}"
    )
    gain = found["gain"]
    if gain["missing"]:
        return f"{text}. Not judged: {gain['missing']}."
    return (
        f"{text}. In the final layer it grows {gain['value']:.3g} times{_interval(gain, _times)}."
        f"{_of_some(found, cell)}"
    )


def memorization_range(cells):
    """The same of many conditions."""
    measured = [found for found in _measured(cells, "memorization")]
    gains = [found["gain"]["value"] for found in measured if not found["gain"]["missing"]]
    if not gains:
        return "No network was judged; the table has the reasons."
    low, high = min(gains), max(gains)
    return (
        f"From the best to the last epoch, the capacity of permuted examples in the final layer "
        f"grows {low:.2g} to {high:.2g} times (in {len(gains)} of {len(cells)} conditions)."
    )


def rewinding(cell):
    """What rewinding the last layers to the best epoch recovers."""
    found = cell.get("rewinding")
    if found is None:
        return ""
    if found["missing"]:
        return f"What it recovers was not measured: {found['missing']}."
    test, permuted, recovered = found["test"], found["permuted"], found["recovered"]
    return (
        f"Rewinding {listed(found['layers'], 'or')} and all later layers to the best epoch brings "
        f"test accuracy from {percent(test[0])} to {percent(test[1])}: "
        f"{percent(recovered['value'])} of what was lost{_interval(recovered, percent)}. "
        f"Permuted accuracy goes from {percent(permuted[0])} to {percent(permuted[1])}."
        f"{_of_some(found, cell)}"
    )


def rewinding_range(cells):
    """The same of many conditions."""
    recovered = [found["recovered"]["value"] for found in _measured(cells, "rewinding")]
    if not recovered:
        return "No network was judged; the table has the reasons."
    return (
        f"Rewinding the last layers to the best epoch brings back {_range(recovered)} of the lost "
        f"test accuracy (in {len(recovered)} of {len(cells)} conditions)."
    )


def claims(found):
    """How many verdicts there are of which kind."""
    counts = {verdict: found["claims"].get(verdict, 0) for verdict in VERDICTS}
    total = sum(counts.values())
    return f"{counted(total, 'verdict')}: " + ", ".join(f"{n} {v}" for v, n in counts.items()) + "."


def grown_layers(found):
    """Names of the layers whose permuted capacity grows by more than `CHANGED`."""
    return [layer for layer, ratio in found["layers"] if ratio > 1 + CHANGED]


def percent(value):
    """A fraction in whole per cent."""
    return f"{100 * value:.0f} %"


def counted(number, noun):
    """`1 seed`, `2 seeds`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed(values, word="and"):
    """`a, b and c`."""
    values = [str(value) for value in values]
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} {word} {values[-1]}"


def _of_some(found, cell):
    """A sentence that says so where not all networks are judged."""
    if found["seeds"] == cell["seeds"]:
        return ""
    return (
        f" This is of {found['seeds']} of {counted(cell['seeds'], 'network')}; the claims say why "
        "the others are not judged."
    )


def _measured(cells, what):
    return [cell[what] for cell in cells if what in cell and not cell[what]["missing"]]


def _range(values):
    low, high = percent(min(values)), percent(max(values))
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def _times(value):
    return f"{value:.3g}"


def _interval(effect, written):
    if effect["lo"] is None:
        return ""
    level = f"{100 * effect['confidence']:g} %"
    return f" ({level} interval {written(effect['lo'])} to {written(effect['hi'])})"


def _epochs(at):
    low, high = at["epochs"]
    return f"{low}" if low == high else f"{low} to {high}"
