"""Texts that others have written, made safe and short to print on a terminal."""

import unicodedata

# Control characters (an escape sequence can retitle or recolour a terminal, or make it answer), marks that change the
# direction of writing or have no width, separators of lines and paragraphs, and what is no character.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: str, keep: str = "") -> str:
    """Return a text whose unsafe characters are written as escapes, such as ``\\x1b``.

    Args:
        text: from a database, a server's message or a log.
        keep: characters that stay as they are, such as the ends of lines.
    """
    return "".join(
        one
        if one in keep or unicodedata.category(one) not in _UNSAFE
        else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )


def first_line(error: BaseException) -> str:
    """Return what an error says, such as a server's or libpq's, without the statement and the advice that follow it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].removeprefix("ERROR:").strip()
