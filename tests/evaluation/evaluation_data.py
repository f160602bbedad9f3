"""Small data sets and answers for the tests of the evaluation."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

DIMENSIONS = ("spatial", "morphology", "root_cause", "defect_type")


def rubric(dimension: str = "spatial", **changes: Any) -> str:
    return json.dumps(
        {
            "version": 1,
            "dimension": dimension,
            "labels": ["Edge-Ring"],
            "must_hit": ["edge"],
            "must_avoid": ["center"],
            "reference_answer": "Along the edge.",
        }
        | changes
    )


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def data_row(number: int) -> dict[str, Any]:
    dimension = DIMENSIONS[number % 4]
    question = f"Question {number}?"
    return {
        "data_source": f"wafersage/synthetic/{dimension}",
        "prompt": [
            {"role": "system", "content": "You read wafer maps."},
            {"role": "user", "content": f"<image>{question}"},
        ],
        "images": [{"bytes": png(number)}],
        "ability": "wafer_map_reading",
        "reward_model": {"style": "rubric", "ground_truth": rubric(dimension)},
        "extra_info": {
            "index": number,
            "split": "test",
            "id": f"row-{number}",
            "wafer_id": f"w{number // 2}",
            "origin": "synthetic",
            "dimension": dimension,
            "answer_style": "plain",
            "question": question,
        },
    }


def data_set(folder: Path, rows: int = 8) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "test-00000-of-00001.parquet"
    pq.write_table(pa.Table.from_pylist([data_row(number) for number in range(rows)]), file)
    return file


def answer_line(number: int, text: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"row-{number}",
        "model": "m",
        "question": f"Question {number}?",
        "ground_truth": rubric(DIMENSIONS[number % 4]),
        "text": text,
        "wafer_id": f"w{number // 2}",
    } | changes


def write_lines(file: Path, lines: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def asked_text(body: dict[str, Any]) -> str:
    """Everything a request says, as one text."""
    parts = []
    for message in body["messages"]:
        content = message["content"]
        texts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
        parts.extend(texts)
    return "\n".join(parts)


def graded_as_told(body: dict[str, Any]) -> str:
    """A judge that gives the grade which the answer names ("grade 7"), on every axis."""
    text = asked_text(body)
    quoted = text[text.index("<answer>") : text.index("</answer>")]
    grade = int(quoted.split("grade ")[1].split()[0].rstrip("."))
    wanted = body["response_format"]["json_schema"]["schema"]["properties"]
    return json.dumps({name: "because" if name == "reason" else grade for name in wanted})
