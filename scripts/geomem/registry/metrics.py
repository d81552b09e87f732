"""Quantities in tables, as pages name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One quantity of a table: its name there, label and unit; `hidden` ones stay out of pages."""

    name: str
    label: str = ""
    unit: str = ""
    hidden: bool = False

    @property
    def text(self):
        """Label with unit, as pages write it."""
        label = self.label or self.name.replace("_", " ")
        return f"{label} ({self.unit})" if self.unit else label
