"""What the data set and the replay buffer of one training run share.

verl builds the two independently, the buffer first, in one process (its TaskRunner), and passes neither to
the other. They meet here: the buffer opens a run, the training data set joins it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .sampler import CurriculumSampler


@dataclass
class Run:
    """One training run in this process.

    Attributes:
        has_buffer: Whether our replay buffer will report rewards and steps.
        sampler: The curriculum, once the training data set was built.
        decode: Token ids to text, once the training data set was built.
    """

    has_buffer: bool = False
    sampler: CurriculumSampler | None = None
    decode: Callable[[list[int]], str] | None = None


_current = Run()


def open_run() -> Run:
    """Begin a run; called by the replay buffer, which verl builds first."""
    global _current
    _current = Run(has_buffer=True)
    return _current


def current_run() -> Run:
    """The run that a data set built now belongs to."""
    return _current


def plain(node: Any) -> Any:
    """An OmegaConf node, or anything else, as plain containers."""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
