"""docker/stand_ins/: each stands for an image that the stack takes from a registry, and says that it is none of it."""

import importlib.util
import re
from pathlib import Path

import pytest
from test_compose import SERVICES, dockerfiles

FOLDER = Path(__file__).parent.parent / "docker" / "stand_ins"
FILES = sorted(FOLDER.glob("*/Dockerfile"))


@pytest.fixture(scope="module")
def make():
    """The program that makes them."""
    spec = importlib.util.spec_from_file_location("make", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_tag_that_a_registry_has_is_known(make):
    ready_made = {service["image"] for service in SERVICES.values() if "build" not in service}
    bases = {tag for file in dockerfiles() for tag in re.findall(r"^FROM (\S+)", file.read_text(), re.MULTILINE)}
    assert set(make.taken()) == ready_made | bases
    assert make.taken()[0].startswith("python:")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_stand_in_is_for_an_image_of_the_stack_and_says_what_it_leaves_out(file, make):
    assert file.parent.name in {make.name_of(tag) for tag in make.taken()}
    text = file.read_text()
    said = re.search(r'^ENV STAND_IN="(.+?)"', text.replace("\\\n", ""), re.MULTILINE)[1]
    assert said.startswith("This is a stand-in for "), said
    assert " It leaves out: " in said, said
    assert 'LABEL stand-in="${STAND_IN}"' in text
    entries = [one.read_text() for one in file.parent.iterdir() if one.suffix in (".sh", ".py")]
    assert not entries or any("STAND_IN" in entry for entry in entries)


def test_the_stand_in_for_mongodb_is_built_from_the_modules_of_the_marketplace():
    source = FOLDER.parent.parent / "sources" / "marketplace"
    ours, theirs = ((folder / "go.mod").read_text().splitlines()[1:] for folder in (FOLDER / "mongo", source))
    assert ours == theirs
    assert (FOLDER / "mongo" / "go.sum").read_bytes() == (source / "go.sum").read_bytes()
