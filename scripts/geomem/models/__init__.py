"""Networks by name and width, and the layers at which they are observed, rewound and split."""

from geomem.models.build import build_model
from geomem.models.layers import Layer, list_layers, observe, select_layers

__all__ = ["Layer", "build_model", "list_layers", "observe", "select_layers"]
