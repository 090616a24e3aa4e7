"""The jars of Kafka and of Spark's connector: pinned, checked, and brought by Maven."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, run_module

from sources import jars
from tests.live_parts import needs_java, needs_maven

PARTS = sorted(file.parent.name for file in (ROOT / "sources").glob("*/pom.xml"))


def test_every_part_has_its_checksums() -> None:
    assert "kafka" in PARTS
    for part in PARTS:
        assert jars.read(ROOT / "sources" / part / "jars.sha256"), part


@needs_java
@needs_maven
def test_a_jar_of_another_checksum_stops_and_keeps_what_is_there(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "jars" / "kafka"
    shutil.copytree(ROOT / "sources" / "kafka", source)
    listed = jars.read(source / "jars.sha256")
    assert jars.bring("kafka", source, target) == len(listed)
    wrong = {**listed, "log4j-api-2.25.1.jar": "0" * 64, "other-1.0.jar": "1" * 64}
    del wrong["scala-library-2.13.18.jar"]
    (source / "jars.sha256").write_text("".join(f"{checksum}  {name}\n" for name, checksum in wrong.items()))
    (target / "mark").touch()
    with pytest.raises(jars.JarsError) as raised:
        jars.bring("kafka", source, target)
    for difference in (
        "scala-library-2.13.18.jar is not listed",
        "other-1.0.jar is missing",
        "log4j-api-2.25.1.jar differs",
    ):
        assert difference in str(raised.value)
    assert (target / "mark").exists()
    assert [file.name for file in target.parent.iterdir()] == ["kafka"]


@needs_java
@needs_maven
def test_a_jar_that_maven_does_not_find_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "sources" / "kafka", source)
    pom = (source / "pom.xml").read_text()
    (source / "pom.xml").write_text(pom.replace("<artifactId>kafka_2.13<", "<artifactId>kafka_0.00<"))
    with pytest.raises(jars.JarsError, match=r"Maven could not bring the jars of .*kafka_0\.00"):
        jars.bring("kafka", source, tmp_path / "jars")
    assert not (tmp_path / "jars").exists()


def test_one_sentence_names_the_packages_where_programs_are_missing() -> None:
    answer = run_module("sources.jars", "--check", PATH="/nowhere")
    assert answer.returncode == 1
    assert answer.stderr == (
        "Error: Java 17 and Maven are missing, which Kafka and Spark need: "
        "run 'apt-get install openjdk-17-jre-headless maven' (Debian 12).\n"
    )


def test_a_java_that_is_too_old_counts_as_missing(tmp_path: Path) -> None:
    for name, line in (("java", 'openjdk version "1.8.0_402"'), ("mvn", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{line}' >&2\n")
        (tmp_path / name).chmod(0o755)
    answer = run_module("sources.jars", "--check", PATH=f"{tmp_path}:/bin")
    assert answer.stderr.startswith("Error: Java 17 is missing"), answer.stderr


def test_an_unknown_part_is_told() -> None:
    answer = run_module("sources.jars", "kaffka")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("Error: There are no jars of 'kaffka': name one of kafka")
