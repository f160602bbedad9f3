"""Random numbers that need no state: each is a function of the seed and a counter."""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def uniform(seed: int, counter: int) -> float:
    """A number in [0, 1), by SplitMix64 (Steele, Lea and Flood 2014) at position `counter`."""
    z = (_mix(seed & _MASK) + (counter + 1) * _GOLDEN) & _MASK
    return (_mix(z) >> 11) / (1 << 53)


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
