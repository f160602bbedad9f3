"""What a recipe may set, read from keyword arguments of any mapping type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from ..errors import InputError
from .paper import FROM_VERL, THRESHOLD, WEIGHTS

PRESETS = ("wafersage", "paper")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the rubric reward.

    Attributes:
        preset: `wafersage`, which reads claims, or `paper`, the published rule.
        lexicon: Path of a lexicon; None for the wafer lexicon, `none` for plain phrases only.
        weights: Weights of the parts of a full answer.
        penalty: Factor on every charge for a false or invented claim.
        hedge_credit: Credit of a right reading that is left open beside a wrong one.
        reference_weight: Weight of what only the reference answer says, beside 1 for a must-hit term.
        class_weight: Weight of what only the class implies.
        question_boost: Factor on what the question asks for by name.
        unasked: Factor on a missing fact of a slot the question does not ask for.
        given: Factor on a missing fact the question itself states.
        invention: Cost of a feature that is not there, as a share of a perfect score.
        wrong: Cost of a false attribute, as a share of what the right one earns.
        contradiction: What is left of an answer that says a thing and its opposite, in [0, 1].
        overlong_chars: Length of the final answer from which it is charged; 0 turns this off.
        overlong_buffer: Characters over which the charge grows to its full size, before `overlong_chars`.
        overlong_penalty: Full size of that charge.
        paper_weights: Weight set of the `paper` preset, `formula` or `tuned`.
        paper_threshold: Similarity in [0, 1] from which a term counts as found by the `paper` preset.
    """

    preset: str = "wafersage"
    lexicon: str | None = None
    weights: tuple[tuple[str, float], ...] = (("spatial", 0.35), ("morphology", 0.3), ("root_cause", 0.35))
    penalty: float = 1.0
    hedge_credit: float = 0.5
    reference_weight: float = 0.6
    class_weight: float = 0.5
    question_boost: float = 2.0
    unasked: float = 0.5
    given: float = 0.2
    invention: float = 0.55
    wrong: float = 0.85
    contradiction: float = 0.65
    overlong_chars: int = 0
    overlong_buffer: int = 500
    overlong_penalty: float = 0.5
    paper_weights: str = "formula"
    paper_threshold: float = THRESHOLD


DEFAULT = Options()
_NUMBERS = (
    "penalty", "hedge_credit", "reference_weight", "class_weight", "question_boost", "unasked", "given",
    "invention", "wrong", "contradiction", "overlong_penalty",
)  # fmt: skip


def read_options(given: Mapping[str, Any]) -> Options:
    """Read keyword arguments, plain or from OmegaConf.

    Raises:
        InputError: An option is unknown or its value cannot be one.
    """
    if not given:
        return DEFAULT
    plain = tuple(sorted((key, _plain(value)) for key, value in given.items() if key not in FROM_VERL))
    return _build(plain) if plain else DEFAULT


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((str(name), float(weight)) for name, weight in value.items())
    return value


@lru_cache(maxsize=64)
def _build(given: tuple[tuple[str, Any], ...]) -> Options:
    known = {field.name for field in fields(Options)}
    for name, _ in given:
        if name not in known:
            raise InputError(
                f"no option {name!r}", field=name, remedy=f"options are {', '.join(sorted(known))}"
            )
    options = Options(**dict(given))
    if options.preset not in PRESETS:
        raise InputError(f"{options.preset!r} is none of {', '.join(PRESETS)}", field="preset")
    if options.paper_weights not in WEIGHTS:
        raise InputError(f"{options.paper_weights!r} is none of {', '.join(WEIGHTS)}", field="paper_weights")
    for name in _NUMBERS:
        _check_number(name, getattr(options, name), 5)
    _check_number("paper_threshold", options.paper_threshold, 1)
    return options


def _check_number(name: str, value: object, top: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= top:
        raise InputError(f"must be a number from 0 to {top}", field=name)


def overlong_charge(length: int, options: Options) -> float:
    """Return the charge for an answer's length: 0 up to the buffer, then linear, then full.

    The soft overlong punishment of DAPO (arXiv 2503.14476), in characters of the final answer.
    """
    if not options.overlong_chars:
        return 0.0
    over = length - (options.overlong_chars - options.overlong_buffer)
    if over <= 0:
        return 0.0
    return options.overlong_penalty * min(1.0, over / max(1, options.overlong_buffer))
