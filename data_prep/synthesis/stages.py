"""The three stages: what each asks, and the JSON Schema of its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from ...errors import InputError
from ...llm import ChatRequest, system, user
from ...reward_fns.schema import PARTS
from ..records import DEFECT_TYPES, NORMAL

STAGES = ("describe", "rubric", "questions")
PROMPTS = Path(__file__).with_name("prompts")
DIMENSIONS = ("defect_type", "spatial", "morphology", "root_cause")
LEVELS = ("easy", "medium", "hard")

# No maxLength: servers that decode by grammar get slow on long repetitions; max_tokens bounds texts.
_TEXT = {"type": "string", "minLength": 1}
_TERM = {"type": "string", "minLength": 1}


def _terms(most: int, fewest: int = 0) -> dict[str, Any]:
    # Bounded: an unbounded list is where models loop.
    return {"type": "array", "items": _TERM, "minItems": fewest, "maxItems": most}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


DESCRIPTION_SCHEMA = _object(
    defect_types={
        "type": "array",
        "items": {"type": "string", "enum": [*DEFECT_TYPES, NORMAL]},
        "minItems": 1,
        "maxItems": 4,
    },
    spatial=_TEXT,
    morphology=_TEXT,
    root_cause=_TEXT,
)
RUBRIC_SCHEMA = _object(
    **{part: _object(must_hit=_terms(8, 1), must_avoid=_terms(8)) for part in PARTS},
)
_QUESTION_SCHEMA = _object(
    dimension={"type": "string", "enum": list(DIMENSIONS)},
    question_type={"type": "string", "enum": [*DIMENSIONS, "consistency"]},
    level={"type": "string", "enum": list(LEVELS)},
    question={"type": "string", "minLength": 8},
    reference_answer=_TEXT,
    must_hit=_terms(8, 1),
    must_avoid=_terms(8),
)


def questions_schema(count: int) -> dict[str, Any]:
    """Return the schema of `count` questions."""
    return _object(
        questions={"type": "array", "items": _QUESTION_SCHEMA, "minItems": count, "maxItems": count}
    )


@dataclass(frozen=True)
class Prompt:
    """A stage's prompt, as its file has it: the system message, a line of `---`, the user message."""

    system: str
    user: Template

    @property
    def digest(self) -> str:
        """Hash of the wording, for provenance."""
        return hashlib.sha256(f"{self.system}\0{self.user.template}".encode()).hexdigest()[:16]


def load_prompts(folder: Path | None = None) -> dict[str, Prompt]:
    """Return the prompts of all stages.

    Args:
        folder: Folder with files of one's own; stages without a file there use the built-in prompt.

    Raises:
        InputError: For a folder without any, or a file without the separating line.
    """
    files = {stage: PROMPTS / f"{stage}.md" for stage in STAGES}
    if folder is not None:
        own = {stage: folder / f"{stage}.md" for stage in STAGES if (folder / f"{stage}.md").is_file()}
        if not own:
            raise InputError(f"none of {', '.join(f'{stage}.md' for stage in STAGES)} here", file=folder)
        files |= own
    prompts = {}
    for stage, file in files.items():
        head, line, body = file.read_text(encoding="utf-8").partition("\n---\n")
        if not line:
            raise InputError("no line of --- between system and user message", file=file)
        prompts[stage] = Prompt(head.strip(), Template(body.strip()))
    return prompts


def describe_request(prompt: Prompt, image: bytes) -> ChatRequest:
    """Ask a model with eyes what the picture shows. It is not told the label, or it would describe that."""
    return _request(prompt, DESCRIPTION_SCHEMA, {"types": ", ".join(DEFECT_TYPES)}, image)


def rubric_request(prompt: Prompt, description: Mapping[str, Any]) -> ChatRequest:
    """Ask for the rubric of a description."""
    return _request(prompt, RUBRIC_SCHEMA, _words(description))


def questions_request(
    prompt: Prompt, description: Mapping[str, Any], rubric: Mapping[str, Any], count: int
) -> ChatRequest:
    """Ask for `count` questions that the rubric can grade."""
    words = _words(description) | {"rubric": json.dumps(rubric, indent=1), "count": str(count)}
    return _request(prompt, questions_schema(count), words)


def _words(description: Mapping[str, Any]) -> dict[str, str]:
    return {part: str(description[part]) for part in PARTS} | {
        "defect_types": ", ".join(description["defect_types"])
    }


def _request(
    prompt: Prompt, schema: Mapping[str, Any], words: Mapping[str, str], image: bytes | None = None
) -> ChatRequest:
    try:
        text = prompt.user.substitute(words)
    except (KeyError, ValueError) as error:
        raise InputError(f"the prompt has an unknown placeholder {error}", field="prompts") from error
    message = user(text) if image is None else user(text, image)
    return ChatRequest((system(prompt.system), message), schema=schema)
