"""Whether there are as many images and classes as the analyses want."""

_PLAIN_RULES = ("permute", "uniform", "other")


def too_much_simulated(simulation, analysis):
    """Lines that name what a simulation uses without its being analysed."""
    if not simulation["epochs"]:
        return
    for name in ("classes", "per_class"):
        if analysis[name] != "all" and simulation[name] > analysis[name]:
            yield (
                f"simulation.{name}: {simulation[name]} is more than analysis.{name} ="
                f" {analysis[name]}"
            )
    for kind in simulation["kinds"]:
        if kind not in analysis["kinds"]:
            yield f"simulation.kinds: {kind} is not among analysis.kinds; add it there"


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
