"""Quantities in tables, as pages name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One quantity of a table: its name there, label and unit; `hidden` ones stay out of pages."""

    name: str
    label: str = ""
    unit: str = ""
    hidden: bool = False

    def described(self):
        """What the explorer has to know of it, as plain values."""
        label = self.label or self.name.replace("_", " ")
        return {"name": self.name, "label": label, "unit": self.unit, "hidden": self.hidden}
