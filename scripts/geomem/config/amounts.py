"""Whether there are as many images and classes as the analyses want."""

_PLAIN_RULES = ("permute", "uniform", "other")


# Kinds of images that a section shows to networks, where it has no list of its own.
_KINDS = {"probes": ("unpermuted", "test"), "similarity": ("test",)}


def not_analysed(experiment, analysis):
    """Lines that name what sections use without its being analysed."""
    for name in ("simulation", *_KINDS):
        section = experiment[name]
        if not section["epochs"]:
            continue
        for key in ("classes", "per_class"):
            if analysis[key] != "all" and section[key] > analysis[key]:
                yield f"{name}.{key}: {section[key]} is more than analysis.{key} = {analysis[key]}"
        for kind in _KINDS.get(name) or section["kinds"]:
            if kind not in analysis["kinds"]:
                at = name if name in _KINDS else f"{name}.kinds"
                yield f"{at}: {kind} is not among analysis.kinds; add it there"


def too_few(experiment, size):
    """Lines that name what a data set has too few of.

    Parameters
    ----------
    experiment : dict
    size : (int, int, int)
        Training images, test images and classes.
    """
    if experiment["labels"]["rule"] not in _PLAIN_RULES:
        return  # how many labels a user's file or matrix changes in each class is not known
    data, analysis = experiment["data"], experiment["analysis"]
    train, test, classes = size

    def held(key, count):
        return f"data.{key} = {count}" if data.get(key) else f"{data['name']} has {count}"

    if analysis["classes"] != "all" and analysis["classes"] > classes:
        yield f"analysis.classes: {analysis['classes']} is more than {held('classes', classes)}"
    wanted = analysis["per_class"]
    held_out = "test" in analysis["kinds"] or analysis["controls"]
    if held_out and wanted > test // classes:
        yield (
            f"analysis.per_class: {wanted} test images per class are wanted, but"
            f" {held('test_per_class', test // classes)}"
        )
    each = train // classes
    more = "raise data.train_per_class" if data.get("train_per_class") else "add training images"
    for noise in experiment["label_noise"]:
        noisy = round(noise * each)
        counts = dict.fromkeys(("permuted", "restored"), noisy)
        counts |= dict.fromkeys(("unpermuted", "atypical"), each - noisy)
        for kind, count in counts.items():
            if kind in analysis["kinds"] and 0 < count < wanted:
                yield (
                    f"analysis.per_class: {wanted} {kind} images per class are wanted, but at"
                    f" noise {noise:g} there are {count}; {more} or lower analysis.per_class"
                )
