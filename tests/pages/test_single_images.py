"""The explorer's view of single training images, in a real browser."""

import base64
import csv
import io

import numpy as np
import pandas as pd
from geomem.pages.explorer import examples
from PIL import Image

from tests.figures import synthetic
from tests.pages.conftest import write_explorer
from tests.pages.test_explorer import choose, downloaded, visit

RUN = {"width": 4, "noise": 0.5, "seed": 1}


def of_run(frames):
    return frames["noisy"]["examples"].query("width == 4 and noise == 0.5 and seed == 1")


def csv_of(browser):
    text, _ = downloaded(browser, "sheet", "CSV")
    return pd.DataFrame(csv.DictReader(io.StringIO(text.decode())))


def test_a_sheet_is_the_table_in_the_order_chosen(browser, explorer, frames):
    visit(browser, explorer, view="examples", group="permuted, memorized", **RUN)
    found = csv_of(browser)
    table, names = of_run(frames), synthetic.image_set()["class_names"]
    held = table["index"].isin(examples.chosen(len(table), 250))
    expected = table[held & table["memorized"].astype(bool)].sort_values(["last_learned", "index"])
    expected = expected.head(len(found))
    assert 20 < len(found) <= 60
    assert found["index"].astype(int).tolist() == expected["index"].tolist()
    assert found["first_learned"].astype(float).tolist() == expected["value"].tolist()
    assert found["last_learned"].astype(float).tolist() == expected["last_learned"].tolist()
    forgotten = expected["forgetting_events"].tolist()
    assert found["forgetting_events"].astype(float).tolist() == forgotten
    for column in ("true_label", "assigned_label"):
        assert found[column].tolist() == [str(names[label]) for label in expected[column]]
    assert found["suffix_layer"].tolist() == expected["suffix_layer"].tolist()
    assert set(found["file"]) == {"runs/w4_n0.5_s1/examples.parquet"}

    choose(browser, "order", "forgotten when few layers are rewound")
    depths = [synthetic.SMALL.index(layer) for layer in csv_of(browser)["suffix_layer"]]
    assert depths == sorted(depths, reverse=True) and len(set(depths)) > 1
    choose(browser, "order", "forgotten most often")
    counts = csv_of(browser)["forgetting_events"].astype(float).tolist()
    assert counts == sorted(counts, reverse=True) and len(set(counts)) > 1
    assert browser.complaints() == [] and browser.requests() == []


def test_a_picture_is_the_image_that_its_labels_are_of(browser, explorer):
    visit(browser, explorer, view="examples", **RUN)
    shown = browser.driver.execute_script(
        "return [...document.querySelectorAll('figure.sheet image')]"
        ".map((image) => image.getAttribute('href'))"
    )
    images = synthetic.image_set()["train_images"]
    for index, address in zip(csv_of(browser)["index"].astype(int), shown, strict=True):
        data = base64.b64decode(address.partition("base64,")[2])
        pixels = np.asarray(Image.open(io.BytesIO(data)), float)
        # WebP is not exact: the nearest of all images is the right one.
        away = np.abs(np.moveaxis(images, 1, -1) - pixels).mean(axis=(1, 2, 3))
        assert away.argmin() == index


def test_a_sheet_is_read_by_keyboard(browser, explorer):
    from selenium.webdriver import ActionChains, Keys

    visit(browser, explorer, view="examples", **RUN)
    first = csv_of(browser).iloc[0]
    picture = browser.driver.find_element("css selector", "figure.sheet svg")
    browser.driver.execute_script("arguments[0].focus()", picture)
    ActionChains(browser.driver).send_keys(Keys.ARROW_RIGHT).perform()
    said = browser.driver.find_element("id", "status").text
    assert f"image {first['index']}: permuted, memorized" in said
    assert f"assigned label {first['assigned_label']}, true label {first['true_label']}" in said


def test_large_images_get_small_and_grey_ones_stay_grey():
    grey = np.tile(np.arange(96, dtype=np.uint8), (3, 1, 96, 1))
    found = examples.thumbnails(grey, [2])
    picture = Image.open(io.BytesIO(base64.b64decode(found["2"])))
    assert list(found) == ["2"] and picture.size == (examples.SIDE, examples.SIDE)
    assert np.ptp(np.asarray(picture, int), axis=2).max() <= 2


def test_images_are_chosen_over_the_whole_data_set():
    assert examples.chosen(5, 10).tolist() == [0, 1, 2, 3, 4]
    few = examples.chosen(1000, 10)
    assert len(few) == 10 and few[0] == 0 and few[-1] == 999


def test_an_image_that_was_not_evaluated_is_not_said_to_be_kept(browser, tmp_path, frames):
    table = of_run(frames)
    table = table[table["memorized"].astype(bool)].head(3).copy()
    table["suffix_layer"] = [synthetic.SMALL[-1], None, None]
    table["single_layers"] = ["", "", None]
    page = write_explorer(tmp_path / "page.html", {"noisy": {"examples": table}}, most_images=400)
    group = "permuted, memorized"
    order = "forgotten when few layers are rewound"
    visit(browser, page, view="examples", group=group, order=order, **RUN)
    said = browser.driver.execute_script(
        "return [...document.querySelectorAll('figure.sheet text')].map((one) => one.textContent)"
    )
    found = [text for text in said if text in (f"from {synthetic.SMALL[-1]}", "kept", "not known")]
    assert found == [f"from {synthetic.SMALL[-1]}", "kept", "not known"]
