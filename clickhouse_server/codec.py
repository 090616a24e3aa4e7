"""Request bodies decompressed and responses compressed, piece by piece."""

import zlib
from typing import Protocol

import lz4.frame
import zstandard

from clickhouse_server.errors import ClickHouseError

_GZIP_WINDOW = 31


class _Identity:
    def __call__(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Members:
    """A decompressor over members set one after another (gzip, zstd and lz4 allow that)."""

    def __init__(self, make):
        self._make, self._member, self._begun = make, make(), False

    def __call__(self, data: bytes) -> bytes:
        out = []
        while data:
            self._begun = True
            out.append(self._member.decompress(data))
            data = b""
            if self._member.eof:
                data, self._member, self._begun = self._member.unused_data, self._make(), False
        return b"".join(out)

    def finish(self) -> bytes:
        if self._begun:
            raise EOFError
        return b""


class _Compressor:
    def __init__(self, compressor, head: bytes = b""):
        self._compressor, self._head = compressor, head

    def __call__(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + self._compressor.compress(data)

    def finish(self) -> bytes:
        head, self._head = self._head, b""
        return head + self._compressor.flush()


class Codec(Protocol):
    """Takes a piece of bytes and gives what can be given so far; `finish` gives the rest."""

    def __call__(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


def _lz4_compressor() -> _Compressor:
    compressor = lz4.frame.LZ4FrameCompressor()
    return _Compressor(compressor, compressor.begin())


_DECODERS = {
    "gzip": lambda: _Members(lambda: zlib.decompressobj(_GZIP_WINDOW)),
    "x-gzip": lambda: _Members(lambda: zlib.decompressobj(_GZIP_WINDOW)),
    "deflate": lambda: _Members(zlib.decompressobj),
    "zstd": lambda: _Members(lambda: zstandard.ZstdDecompressor().decompressobj()),
    "lz4": lambda: _Members(lz4.frame.LZ4FrameDecompressor),
}
_ENCODERS = {
    "lz4": _lz4_compressor,
    "zstd": lambda: _Compressor(zstandard.ZstdCompressor(level=1).compressobj()),
    "gzip": lambda: _Compressor(zlib.compressobj(3, zlib.DEFLATED, _GZIP_WINDOW)),
    "deflate": lambda: _Compressor(zlib.compressobj(3)),
}
DECODE_ERRORS = (zlib.error, zstandard.ZstdError, RuntimeError, EOFError)


def decoder(encoding: str | None) -> Codec:
    """The decompressor for a Content-Encoding; ClickHouseError 48 when it is not one of gzip, deflate, zstd, lz4."""
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return _Identity()
    if name not in _DECODERS:
        raise ClickHouseError(
            48,
            "NOT_IMPLEMENTED",
            f"Content-Encoding {name!r} is not supported; send gzip, deflate, zstd, lz4 or nothing",
        )
    return _DECODERS[name]()


def encoder(accept: str) -> tuple[str | None, Codec]:
    """The first encoding of ours in an Accept-Encoding header, and its compressor; else (None, identity)."""
    offered = {
        part.split(";")[0].strip().lower()
        for part in accept.split(",")
        if "q=0" not in part.replace(" ", "").split(";")
    }
    for name, make in _ENCODERS.items():
        if name in offered:
            return name, make()
    return None, _Identity()
