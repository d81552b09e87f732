"""What trained networks compute: activations by layer, rewound layers, split gradients."""
