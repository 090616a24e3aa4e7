"""Errors as ClickHouse tells them: a code, a name, a message and the HTTP status its server maps the code to."""

import re

VERSION = "26.9.2.1"

# As in the server's exceptionCodeToHTTPStatus; what is not listed is 500.
_STATUS = {
    **dict.fromkeys(
        (6, 7, 10, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 167, 168, 190, 427, 441, 675, 676), 400
    ),
    194: 401,
    **dict.fromkeys((192, 193, 497, 512, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 81, 115, 152, 336, 511), 404),
    159: 408,
    291: 413,
    48: 501,
    **dict.fromkeys((76, 202, 209, 439), 503),
}
_MESSAGE = re.compile(
    r"Code: (\d+)\. DB::Exception: (.*?)(?:\. )?\(([A-Z0-9_]+)\)(?: \(version [^)]*\))?\s*$", re.DOTALL
)
_CUT = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)


class StartError(Exception):
    """The endpoint can not start: one sentence on why and what to do."""


class ClickHouseError(Exception):
    """An error a client sees.

    Attributes: `code` and `name` (ClickHouse's), `message` (the whole body, "Code: … (NAME) (version …)"), `status`
    (HTTP).
    """

    def __init__(self, code: int, name: str, text: str, status: int | None = None):
        self.code, self.name = code, name
        self.message = f"Code: {code}. DB::Exception: {text.rstrip('. ')}. ({name}) (version {VERSION})"
        self.status = status or _STATUS.get(code, 500)
        super().__init__(self.message)

    @classmethod
    def from_engine(cls, error: Exception) -> "ClickHouseError":
        """What chDB raised, read back into code, name and text."""
        text = str(error).strip()
        match = _MESSAGE.search(text)
        if match is None and (cut := _CUT.match(text)):
            # The engine's messages end at a NUL of the statement they quote.
            return cls(int(cut[1]), "SYNTAX_ERROR" if cut[1] == "62" else "UNKNOWN_EXCEPTION", cut[2])
        if match is None:
            return cls(1002, "UNKNOWN_EXCEPTION", text or "The engine gave no reason")
        return cls(int(match[1]), match[3], match[2])
