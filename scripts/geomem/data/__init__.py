"""Images, noisy labels, and the choice of the images that are analysed."""
