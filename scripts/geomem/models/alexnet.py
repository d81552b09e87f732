"""AlexNet for small images (Krizhevsky, Sutskever and Hinton, 2012)."""

from geomem.models.parts import conv_layer, max_pool, pooled_classifier, sequence


def alexnet(*, width, n_classes, image_shape, dropout=0.0):
    """Five convolutions without batch norm, three pools and one linear layer.

    The form usual for CIFAR: 2 x 2 pools and a single linear layer, 2.47 million parameters for
    10 classes at `width=64`. Channels are 1, 3, 6, 4 and 4 times `width`.
    """
    w = width
    return sequence(
        conv1=conv_layer(image_shape[0], w, 11, stride=4, padding=5, norm=False),
        pool1=max_pool(),
        conv2=conv_layer(w, 3 * w, 5, padding=2, norm=False),
        pool2=max_pool(),
        conv3=conv_layer(3 * w, 6 * w, norm=False),
        conv4=conv_layer(6 * w, 4 * w, norm=False),
        conv5=conv_layer(4 * w, 4 * w, norm=False),
        pool5=max_pool(),
        classifier=pooled_classifier(4 * w, n_classes, dropout),
    )
