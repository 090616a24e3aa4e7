"""Who may use the endpoint: the builder and the reader, proved by any of the ways ClickHouse takes."""

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from clickhouse_server.configuration import Reader
from clickhouse_server.errors import ClickHouseError

_FAILED = (
    "{user}: Authentication failed: password is incorrect, or there is no user with such name. The endpoint takes the "
    "user and password of CLICKHOUSE_USER and CLICKHOUSE_PASSWORD"
)
# A client that has proved nothing yet gets no more of its URL read than this.
_IN_URL = re.compile(rb"(?:^|&)(user|password)=([^&]*)")


@dataclass(frozen=True)
class Credentials:
    """The users of the endpoint: their passwords by their names, and who of them only reads."""

    passwords: Mapping[str, str] = field(repr=False)
    reader: Reader | None = None

    def is_reader(self, user: str) -> bool:
        """Tell whether a user only reads."""
        return self.reader is not None and user == self.reader.user

    def check(self, headers: Mapping[str, str], query_string: bytes) -> str:
        """Return the user whom the request proves; ClickHouseError 516 (194 when nothing was offered) otherwise."""
        user, password = _offered(headers, query_string)
        # All comparisons are always made and take the same time whatever differs.
        fitting = [
            hmac.compare_digest((user or "").encode(), name.encode())
            & hmac.compare_digest((password or "").encode(), secret.encode())
            for name, secret in self.passwords.items()
        ]
        if user is None and password is None:
            raise ClickHouseError(194, "REQUIRED_PASSWORD", "User and password are required")
        if not any(fitting):
            raise ClickHouseError(516, "AUTHENTICATION_FAILED", self._failed(user or "default"))
        return user or ""

    def _failed(self, user: str) -> str:
        text = _FAILED.format(user=user)
        return text + (f", and {self.reader.user} with that of {self.reader.password_variable}" if self.reader else "")


def _utf8(header: str | None) -> str | None:
    """A header's bytes, which the web server shows as Latin-1, read as the UTF-8 that clients send."""
    return None if header is None else header.encode("latin-1").decode(errors="replace")


def _offered(headers: Mapping[str, str], query_string: bytes) -> tuple[str | None, str | None]:
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return _utf8(headers.get("x-clickhouse-user")), _utf8(headers.get("x-clickhouse-key"))
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            raise ClickHouseError(516, "AUTHENTICATION_FAILED", "Invalid Basic authorization header") from None
        return user, password
    if scheme:
        raise ClickHouseError(516, "AUTHENTICATION_FAILED", f"'{scheme}' HTTP Authorization scheme is not supported")
    found = {
        name.decode(): unquote_to_bytes(value.replace(b"+", b" ")).decode(errors="replace")
        for name, value in _IN_URL.findall(query_string)
    }
    return found.get("user"), found.get("password")
