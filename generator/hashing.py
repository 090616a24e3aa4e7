"""Counter-based randomness: every draw is a hash of (seed, stream, counters), so it needs no state and no order.

A stream is a short name such as ``client.gender``; two streams are independent. The hash is SplitMix64's finalizer,
vectorised over uint64, whose wrap-around on overflow is wanted. Any slice of ids can be computed on its own, on any
machine.
"""

from functools import cache
from hashlib import blake2b

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TABLE_BITS = 16


@cache
def _stream_key(seed, stream):
    return np.frombuffer(blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest(), dtype="<u8").astype(np.uint64)


def _mixed(x):
    x ^= x >> np.uint64(30)
    x *= _MIX_1
    x ^= x >> np.uint64(27)
    x *= _MIX_2
    x ^= x >> np.uint64(31)
    return x


def bits(seed, stream, *counters):
    """64 random bits for each element of the counters.

    seed: int; stream: str; counters: one or more integers or integer arrays of one shape (or broadcastable).
    Returns a uint64 array of at least one dimension.
    """
    x = _stream_key(seed, stream)
    for counter in counters:
        x = _mixed(x + np.atleast_1d(counter).astype(np.uint64) * _GOLDEN)
    return x


def uniform(random_bits):
    """Floats in the open interval (0, 1) from 64-bit draws."""
    return ((random_bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def below(random_bits, bound):
    """Integers in 0 … bound - 1 (int64) from 64-bit draws; bound below 2**31."""
    return ((random_bits >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).astype(np.int64)


def weighted(weights):
    """A lookup table for ``pick``: 65 536 entries that hold the index of each weight in proportion to it."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    points = (np.arange(1 << _TABLE_BITS) + 0.5) / (1 << _TABLE_BITS) * edges[-1]
    return np.searchsorted(edges, points).astype(np.int32)


def pick(table, random_bits):
    """The entries of a 65 536-entry table (see ``weighted``) that 64-bit draws fall on."""
    return table[random_bits >> np.uint64(64 - _TABLE_BITS)]
