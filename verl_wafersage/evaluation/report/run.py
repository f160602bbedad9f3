"""What a training run left behind, read with bounded memory and without trusting a line of it.

A run folder holds (each part may be missing):

    metrics.jsonl            one object per step and split, written by the curriculum's replay buffer
    *.jsonl                  verl's file logger: {"step": n, "data": {...}}
    rollouts/<step>.jsonl    training answers with row id and sub-scores, by the replay buffer
    validation/<step>.jsonl  verl's validation dump (`trainer.validation_data_dir`)
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.answers import question_of
from verl_wafersage.reward_fns.rubric import NOT_APPLICABLE

Split = Literal["train", "validation"]

DIMENSIONS = ("spatial", "morphology", "root_cause", "defect_type")
# Text fields of a dump under the names that verl and our replay buffer give them.
_TEXT = ("text", "output", "response")
_RUBRIC = ("ground_truth", "gts", "rubric")
_NOT_SCORES = frozenset({"step", "index", "position", "trained", "difficulty", "sample"})
_ROLLOUT_FILES = 12
_ROWS_PER_FILE = 1000


@dataclass(frozen=True)
class Answer:
    """One answer of the model.

    Attributes:
        split: Where it was sampled.
        step: Training step.
        text: The answer, as written by the model.
        question: The question, without the system prompt.
        scores: Every numeric sub-score; `score` is the reward.
        rubric: The ground truth as stored in the row, "" when the dump lacks it.
        dimension: Dimension of the question, "" when unknown.
        level: easy, medium, hard or "".
        row_id: Identity of the data row, "" when the dump has none (verl's own).
        wafer_id: Identity of the wafer, likewise.
        judge: A judge's grade in [0, 1]; None when unscored.
    """

    split: Split
    step: int
    text: str
    question: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    rubric: str = ""
    dimension: str = ""
    level: str = ""
    row_id: str = ""
    wafer_id: str = ""
    judge: float | None = None

    @property
    def score(self) -> float:
        """The reward, NaN when the dump has none."""
        return self.scores.get("score", self.scores.get("reward", math.nan))

    @property
    def rule(self) -> float:
        """The rule's own score, apart from a judge that is mixed into the reward."""
        return self.scores.get("rule", self.score)

    @property
    def key(self) -> str:
        """The same for the same question about the same wafer at every step."""
        return self.row_id or f"{self.question}\0{self.rubric}"


@dataclass
class Run:
    """A run folder, read.

    Attributes:
        folder: Where it lies.
        metrics: Metric name -> {step: value}; finite values only. Those that the replay buffer wrote about
            validation carry the prefix `val/`.
        answers: A sample of answers, the same questions at every step.
        counted: (split, step) -> rows in the file, of which `answers` holds at most a thousand.
        means: (split, sub-score) -> {step: mean over all rows it applies to}.
        missing: What was looked for and not found, as sentences.
        problems: What was found and could not be read, as sentences.
    """

    folder: Path
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    counted: dict[tuple[Split, int], int] = field(default_factory=dict)
    means: dict[tuple[Split, str], dict[int, float]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def of(self, split: Split) -> list[Answer]:
        """Return the sampled answers of one split."""
        return [answer for answer in self.answers if answer.split == split]

    def steps(self, split: Split) -> list[int]:
        """Return the steps that have answers, ascending."""
        return sorted({step for found, step in self.counted if found == split})


def read_run(folder: Path, metric_files: Iterable[Path] = ()) -> Run:
    """Read a run folder.

    Args:
        folder: The run's folder (`wafersage.run_dir` of the recipe).
        metric_files: More metric files, e.g. verl's file logger where it writes elsewhere.

    Raises:
        InputError: The folder does not exist or holds nothing of a run.
    """
    if not folder.is_dir():
        raise InputError("no such run folder", file=folder, remedy="give the recipe's wafersage.run_dir")
    run = Run(folder)
    files = [*sorted(folder.glob("*.jsonl")), *metric_files]
    for file in files:
        _read_metrics(file, run)
    if not run.metrics:
        run.missing.append("Metrics: no metrics.jsonl and no file of verl's logger. Curves are left out.")
    elif not any(name.startswith(("actor/", "critic/", "response_length/")) for name in run.metrics):
        run.missing.append(
            "verl's own metrics (KL, entropy, length): add `file` to trainer.logger and name its file "
            "with --metrics."
        )
    _read_answers(run, "train", folder / "rollouts")
    _read_answers(run, "validation", folder / "validation")
    if not run.metrics and not run.answers:
        raise InputError(
            "holds no metrics and no answers",
            file=folder,
            remedy="a run folder has metrics.jsonl, rollouts/ and validation/",
        )
    return run


def _read_metrics(file: Path, run: Run) -> None:
    for _, line in _lines(file, run):
        step = line.get("step", line.get("training/global_step"))
        data = line.get("data", line)
        if not isinstance(step, int) or not isinstance(data, dict):
            continue
        prefix = "" if line.get("split", "train") == "train" else f"{line['split']}/"
        for name, value in data.items():
            number = _number(value)
            if number is not None and name != "step":
                # After a resume a step may be logged twice; the later line is the run that went on.
                run.metrics.setdefault(prefix + name, {})[step] = number


def _read_answers(run: Run, split: Split, folder: Path) -> None:
    files = sorted((int(file.stem), file) for file in folder.glob("*.jsonl") if file.stem.isdecimal())
    if not files:
        what = "rollouts/ (training answers)" if split == "train" else "validation/ (verl's validation dump)"
        run.missing.append(f"No {what}.")
        return
    if split == "train":
        files = _evenly(files, _ROLLOUT_FILES)
    for step, file in files:
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        kept: list[tuple[int, int, Answer]] = []
        rows = 0
        for rows, (_, line) in enumerate(_lines(file, run), start=1):
            answer = _answer(line, split, step)
            if answer is None:
                run.problems.append(f"{file.name}, row {rows - 1}: no answer text; the row is left out.")
                continue
            for name, value in answer.scores.items():
                sums[name][0] += value
                sums[name][1] += 1
            # The rows with the smallest hashes: a fair sample, and the same questions at every step.
            digest = hashlib.blake2b(answer.key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            item = (-int.from_bytes(digest, "big"), rows, answer)
            if len(kept) < _ROWS_PER_FILE:
                heapq.heappush(kept, item)
            elif item[0] > kept[0][0]:
                heapq.heapreplace(kept, item)
        run.counted[split, step] = rows
        run.answers.extend(answer for _, _, answer in sorted(kept, key=lambda item: item[1]))
        for name, (total, count) in sums.items():
            run.means.setdefault((split, name), {})[step] = total / count


def _answer(line: Mapping[str, Any], split: Split, step: int) -> Answer | None:
    text = next((line[key] for key in _TEXT if isinstance(line.get(key), str)), None)
    if text is None:
        return None
    flat: dict[str, Any] = {**line, **(line["scores"] if isinstance(line.get("scores"), dict) else {})}
    scores = {
        name: number
        for name, value in flat.items()
        if name not in _NOT_SCORES
        and (number := _number(value)) is not None
        # A neutral value, not a grade: it must not enter a mean.
        and not (name in (*DIMENSIONS, "judge") and number == NOT_APPLICABLE)
    }
    rubric = next((value for key in _RUBRIC if (value := line.get(key))), "")
    if not isinstance(rubric, str):
        rubric = json.dumps(rubric)
    judge = scores.get("judge") if scores.get("judged", 1.0) > 0.5 else None
    return Answer(
        split=split,
        step=step,
        text=text,
        question=question_of(line),
        scores=scores,
        rubric=rubric,
        dimension=_word(line, "dimension") or rubric_field(rubric, "dimension") or _tail(line),
        level=_word(line, "level"),
        row_id=_word(line, "id"),
        wafer_id=_word(line, "wafer_id"),
        judge=judge,
    )


def rubric_field(rubric: str, name: str) -> Any:
    """Return one field of a rubric's JSON; "" when it is absent or the JSON is broken."""
    try:
        value = json.loads(rubric) if rubric else {}
    except ValueError:
        return ""
    return value.get(name, "") if isinstance(value, dict) else ""


def _word(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _tail(line: Mapping[str, Any]) -> str:
    tail = _word(line, "data_source").rpartition("/")[2]
    return tail if tail in (*DIMENSIONS, "full") else ""


def _lines(file: Path, run: Run) -> Iterator[tuple[int, dict[str, Any]]]:
    broken, last = 0, -1
    with file.open("rb") as stream:
        for number, raw in enumerate(stream):
            try:
                value = json.loads(raw)
            except ValueError:
                broken, last = broken + 1, number
                continue
            if isinstance(value, dict):
                yield number, value
    if broken:
        run.problems.append(f"{file.name}: {broken} unreadable line(s), the last is row {last}; left out.")


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def _evenly(items: list[tuple[int, Path]], count: int) -> list[tuple[int, Path]]:
    if len(items) <= count:
        return items
    return [items[round(i * (len(items) - 1) / (count - 1))] for i in range(count)]
