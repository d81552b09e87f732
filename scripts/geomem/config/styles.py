"""The style file of the figures, as far as it can be checked without matplotlib."""

from pathlib import Path


def problems(experiment):
    """What is wrong with `figure_style`, at most one message, which starts with the key.

    Names and values of settings are matplotlib's, which checks them when a figure is drawn.
    """
    path = experiment["figure_style"]
    if path is None:
        return
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        yield f"figure_style: {path}: {reason}; give a matplotlib style file, or null"
        return
    for number, line in enumerate(text.splitlines(), 1):
        setting = line.partition("#")[0].strip()
        if setting and ":" not in setting:
            yield f"figure_style: {path}, line {number}: {setting!r} is not `name: value`"
            return  # another kind of file: one line of it is enough
