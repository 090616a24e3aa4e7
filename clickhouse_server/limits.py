"""How much the users of the endpoint may ask of it: the defaults, and the environment variables that set others.

| variable (CLICKHOUSE_SERVER_…) | default | bounds |
|---|---|---|
| `MAX_BODY_BYTES` | 1 GiB | a request's body, as sent and unpacked; all bodies of a user under way: four times that |
| `MAX_RESULT_BYTES` | 4 GiB | one answer, before it is compressed; all answers of a user on disk: four times that |
| `MAX_SECONDS` | 3600 | a statement that only reads; one that writes (INSERT … SELECT too) takes as long as it takes |
| `MAX_QUERIES` | 8 | statements that run at once; a hundred more wait, the rest are told to come back |
| `MAX_CONNECTIONS` | 256 | connections open at once; when all are taken, one with no request of a user makes room |
| `MAX_HEADER_BYTES` | 1 MiB | a request's line (the URL) and headers |
| `STALL_SECONDS` | 60 | a client that neither sends the rest of its body nor takes its answer |

Each user has a share of its own, and takes nothing of another's. The reader has the lesser one: see `of_reader`. How
the variables' names begin is the configuration's `limits_prefix`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from clickhouse_server.errors import StartError

_GREATEST = 1 << 50
# What dashboards need. A statement of the reader has the memory of users.xml, so that there are four at most.
_READER_BODY_BYTES, _READER_RESULT_BYTES, _READER_SECONDS, _READER_QUERIES = 1 << 20, 256 << 20, 120, 4


@dataclass(frozen=True)
class Limits:
    """See the module's table; all are whole numbers above 0, in bytes, seconds or pieces as they are named."""

    max_body_bytes: int = 1 << 30
    max_result_bytes: int = 4 << 30
    max_seconds: int = 3600
    max_queries: int = 8
    max_connections: int = 256
    max_header_bytes: int = 1 << 20
    stall_seconds: int = 60

    def of_reader(self) -> "Limits":
        """The share of the reader: a quarter of the connections, half of the statements."""
        return replace(
            self,
            max_body_bytes=min(self.max_body_bytes, _READER_BODY_BYTES),
            max_result_bytes=min(self.max_result_bytes, _READER_RESULT_BYTES),
            max_seconds=min(self.max_seconds, _READER_SECONDS),
            max_queries=max(1, min(self.max_queries // 2, _READER_QUERIES)),
            max_connections=max(1, self.max_connections // 4),
        )

    def of_builder(self) -> "Limits":
        """The share of the user that builds and publishes: all that these limits say, less the reader's connections."""
        return replace(self, max_connections=max(1, self.max_connections - self.of_reader().max_connections))

    @classmethod
    def variables(cls, prefix: str) -> dict[str, str]:
        """The environment variable of each limit: {"max_queries": "<prefix>MAX_QUERIES", …}."""
        return {field.name: prefix + field.name.upper() for field in fields(cls)}

    @classmethod
    def of(cls, environment: Mapping[str, str], prefix: str) -> "Limits":
        """The limits an environment sets; StartError names the variable that holds no whole number above 0."""
        given = {}
        for name, variable in cls.variables(prefix).items():
            value = environment.get(variable, "").strip()
            if not value:
                continue
            if not (value.isascii() and value.isdigit() and 0 < int(value) <= _GREATEST):
                raise StartError(f"{variable} is {value!r}: give a whole number above 0, or unset it for the default.")
            given[name] = int(value)
        return cls(**given)
