"""The built-in networks: where the function of each is.

This is the standard library alone, and no part of what a result depends on: a network's own module
is. So a further entry trains nothing again.
"""

NETWORKS = {
    "vgg-small": "geomem.models.vgg:vgg_small",
    "vgg16": "geomem.models.vgg:vgg16",
    "resnet18": "geomem.models.resnet:resnet18",
    "alexnet": "geomem.models.alexnet:alexnet",
    "densenet121": "geomem.models.densenet:densenet121",
}
