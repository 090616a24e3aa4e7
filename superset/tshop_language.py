"""The language of the dashboards: English, or another that translations/ has, as TSHOP_LANGUAGE says."""

import os
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent / "translations"
ENGLISH = "en"


class LanguageError(Exception):
    """A language cannot be had; the message says why."""


def languages() -> list[str]:
    """Return the codes of the languages there are, English first."""
    return [ENGLISH, *sorted(file.stem for file in FOLDER.glob("*.yaml"))]


def language() -> str:
    """Return the code of the language that the environment names, English where it names none.

    Raises:
        LanguageError: there is no such language.
    """
    code = os.environ.get("TSHOP_LANGUAGE") or ENGLISH
    if code not in languages():
        raise LanguageError(f"TSHOP_LANGUAGE is '{code}': give one of {', '.join(languages())}.")
    return code


def translations(code: str) -> dict[str, str]:
    """Return the texts of a language by the English ones; none of English.

    Raises:
        LanguageError: the file of the language is not YAML.
    """
    try:
        return {} if code == ENGLISH else yaml.safe_load((FOLDER / f"{code}.yaml").read_text())
    except yaml.YAMLError as error:
        raise LanguageError(f"translations/{code}.yaml is not YAML: {error}".replace("\n", " ")) from None
