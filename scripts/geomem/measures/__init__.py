"""Measures of one layer's representation beside the manifold geometry, each with an interval."""

from geomem.measures.cka import linear_cka, linear_cka_from_grams
from geomem.measures.collapse import (
    NeuralCollapse,
    neural_collapse,
    neural_collapse_from_gram,
)
from geomem.measures.conditions import CrossCondition, cross_condition, cross_condition_from_gram
from geomem.measures.fewshot import (
    FewShotGeometry,
    few_shot_geometry,
    few_shot_geometry_from_gram,
)
from geomem.measures.participation import participation_ratio, participation_ratio_from_gram
from geomem.measures.probes import Probe, linear_probe, subspace_probe
from geomem.measures.twonn import intrinsic_dimension, intrinsic_dimension_from_gram

__all__ = [
    "CrossCondition",
    "FewShotGeometry",
    "NeuralCollapse",
    "Probe",
    "cross_condition",
    "cross_condition_from_gram",
    "few_shot_geometry",
    "few_shot_geometry_from_gram",
    "intrinsic_dimension",
    "intrinsic_dimension_from_gram",
    "linear_cka",
    "linear_cka_from_grams",
    "linear_probe",
    "neural_collapse",
    "neural_collapse_from_gram",
    "participation_ratio",
    "participation_ratio_from_gram",
    "subspace_probe",
]
