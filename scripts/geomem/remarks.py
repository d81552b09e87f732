"""Warnings of the geometry: which of a measurement's messages are about which quantity.

A table has the messages of a measurement (one layer and kind) in all rows of it, joined by "; ".
"""

import re

QUANTITIES = ("capacity", "radius", "dimension", "utility")
# The separator also occurs within messages: a new one starts like this.
_BETWEEN = re.compile(r"; (?=manifold \d|the )")


def messages(text):
    """The warnings that a table has joined."""
    return [message for message in _BETWEEN.split(text) if message]


def is_about(message, metric):
    """Whether a warning concerns a metric.

    A message that speaks of the radius, and of no other quantity, is about the radius alone; every
    other one is about all of them.
    """
    named = {quantity for quantity in QUANTITIES if quantity in message}
    return metric.startswith("radius") or named != {"radius"}


def about(text, metric):
    """The messages in a table's `warnings` that concern a metric, a list of str."""
    return [message for message in messages(text or "") if is_about(message, metric)]
