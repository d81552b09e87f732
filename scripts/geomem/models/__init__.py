"""Networks by name and width, and the layers at which they are observed, rewound and split."""

from geomem.models.build import build_model, placed
from geomem.models.layers import Layer, in_format, list_layers, observe, select_layers

__all__ = ["Layer", "build_model", "in_format", "list_layers", "observe", "placed", "select_layers"]
