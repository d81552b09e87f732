"""Jobs and durations in few words."""

import re

_CELL = ("width", "noise", "seed")
_LAST = ("measure", "table", "figure", "epoch")


def label(rule, wildcards):
    """A job in a few words: `measure geometry, depth w8_n0.5_s0, epoch last`."""
    what = next((wildcards[name] for name in _LAST[:3] if name in wildcards), "")
    words = [f"{rule} {what}".strip()]
    if training := wildcards.get("training"):
        words.append(re.sub(r"-[0-9a-f]{8}$", "", training))
    elif data := wildcards.get("data"):
        words.append(re.sub(r"-[0-9a-f]{8}$", "", data))
    elif experiment := wildcards.get("experiment"):
        cell = "_".join(f"{name[0]}{wildcards[name]}" for name in _CELL if name in wildcards)
        words.append(f"{experiment} {cell}".strip())
    if epoch := wildcards.get("epoch"):
        words.append(f"epoch {epoch}")
    return ", ".join(words)


def duration(seconds):
    """`40 s`, `6 min`, `2 h 5 min`, `3 days 4 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h"
