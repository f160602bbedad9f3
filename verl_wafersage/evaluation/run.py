"""One evaluation: collect or read answers, score them by rule and judge, write what can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data_prep.writer import write_text
from ..errors import InputError
from ..json_lines import read_json_lines
from ..llm import ChatSettings, Usage
from .answers import Answer, read_answers
from .benchmark import collect_answers
from .judge import Judgement, JudgeOptions, calls, judge_answers
from .mixed import MixedGroups, count_mixed_groups
from .rescore import rule_scores
from .rows import Row, read_rows
from .summary import Summary, summarise
from .tables import as_html, as_markdown

Progress = Callable[[str, int], Callable[[object], None]]
"""From a description and a total to a function that is called at each step."""


def no_progress(description: str, total: int) -> Callable[[object], None]:
    """Show nothing."""
    return lambda step: None


@dataclass(frozen=True)
class Evaluation:
    """What to evaluate, and how.

    Attributes:
        sources: Answers (`.jsonl`), or a data set (parquet files or folders) to be answered by `model`.
        out: Folder for the results; earlier judgements in it are used again.
        data: Data set behind answers that do not name wafer, rubric or picture.
        model: Server of the model under evaluation, when `sources` are a data set.
        name: Name of that model in the tables; also for lines of answers that have none.
        samples: Answers per question.
        limit: Rows of the data set, in order; 0 takes all.
        judge: Server of the judge; None rescores by rule and keeps earlier judgements.
        judging: How answers are judged.
        reward: Options of the reward.
    """

    sources: Sequence[Path]
    out: Path
    data: Sequence[Path] = ()
    model: ChatSettings | None = None
    name: str | None = None
    samples: int = 1
    limit: int = 0
    judge: ChatSettings | None = None
    judging: JudgeOptions = field(default_factory=JudgeOptions)
    reward: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        summary: Scores and judgements.
        usage: What was asked and paid for in this run, by role (`model`, `judge`).
    """

    summary: Summary
    usage: Mapping[str, Usage]


def evaluate(job: Evaluation, progress: Progress = no_progress) -> Result:
    """Run an evaluation and write `answers.jsonl`, `judgements.jsonl` and `summary.{md,html,json}`.

    Every reply of a server is cached under `OUT/cache` as it comes: a killed run is repeated with the same
    command and pays for nothing twice. Failures are not cached, so repeating also tries these again.

    Raises:
        InputError: A source cannot be used.
        ServerGoneError: A server stopped answering; repeat the command when it is back.
    """
    usage: dict[str, Usage] = {}
    unanswered: Sequence[tuple[str, str]] = ()
    in_loop: MixedGroups | None = None
    if all(_is_data(source) for source in job.sources):
        if job.model is None:
            raise InputError(
                "a data set has no answers yet", field="--server", remedy="name a server and --model"
            )
        rows = _limited(job.sources, job.limit)
        step = progress(f"{job.name or job.model.model} answers", len(rows) * job.samples)
        collected = collect_answers(rows, job.model, name=job.name, samples=job.samples, on_reply=step)
        answers, unanswered = list(collected.answers), collected.failures
        usage["model"] = collected.usage
        if not answers:
            raise InputError(f"the model answered nothing: {unanswered[0][1] if unanswered else 'no rows'}")
    else:
        answers = _read(job)
        in_loop = count_mixed_groups(line for file in _files(job) for _, line in read_json_lines(file))
    judgements = _judged(job, answers, usage, progress)
    summary = summarise(answers, rule_scores(answers, job.reward), judgements, unanswered, in_loop)
    write(summary, job.out)
    return Result(summary, usage)


def write(summary: Summary, out: Path) -> None:
    """Write the files of an evaluation, each whole or not at all."""
    built = summary.tables
    write_text(_json_lines([graded.as_dict() for graded in summary.graded]), out / "answers.jsonl")
    if summary.judgements:
        lines = [judgement.as_dict() for judgement in summary.judgements]
        write_text(_json_lines(lines), out / "judgements.jsonl")
    write_text(_printable(as_markdown(built)), out / "summary.md")
    write_text(_printable(as_html(built, "Evaluation")), out / "summary.html")
    write_text(json.dumps(as_json(summary), indent=1) + "\n", out / "summary.json")


def as_json(summary: Summary) -> dict[str, Any]:
    """The summary for programs."""
    return {
        "version": 1,
        "models": summary.models,
        "answers": len(summary.graded),
        "wafers": len({graded.answer.wafer for graded in summary.graded}),
        "unanswered": [{"id": name, "reason": reason} for name, reason in summary.unanswered],
        "judgements": len(summary.judgements),
        "unscored": len(summary.unscored),
        "unscored_share": summary.unscored_share,
        "tables": [table.as_dict() for table in summary.tables],
    }


def read_judgements(file: Path) -> list[Judgement]:
    """Judgements of an earlier run; none when the file does not exist.

    Raises:
        InputError: A line is no judgement; names file and line.
    """
    if not file.exists():
        return []
    found: list[Judgement] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        try:
            found.append(Judgement(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise InputError(f"no judgement ({error})", file=file, row=number) from error
    return found


def _judged(
    job: Evaluation, answers: Sequence[Answer], usage: dict[str, Usage], progress: Progress
) -> list[Judgement]:
    if job.judge is None:
        return read_judgements(job.out / "judgements.jsonl")
    if job.judging.show_image and all(answer.image is None for answer in answers):
        raise InputError("no answer has a picture to show", field="--show-image", remedy="name --data")
    step = progress(f"{job.judge.model} judges", calls(answers, job.judging))
    judgements, usage["judge"] = judge_answers(answers, job.judge, job.judging, on_reply=step)
    return judgements


def _read(job: Evaluation) -> list[Answer]:
    mixed = [source for source in job.sources if _is_data(source)]
    if mixed:
        raise InputError("answers and data sets together", file=mixed[0], remedy="name data sets with --data")
    rows = list(read_rows(job.data, images=job.judging.show_image)) if job.data else []
    return [answer for file in _files(job) for answer in read_answers(file, model=job.name, rows=rows)]


def _files(job: Evaluation) -> list[Path]:
    return [file for source in job.sources for file in _dumps(source)]


def _is_data(source: Path) -> bool:
    if not source.exists():
        raise InputError("no such file or folder", file=source)
    return any(source.glob("*.parquet")) if source.is_dir() else source.suffix == ".parquet"


def _dumps(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    # verl names dumps by step: 20 comes before 100.
    files = sorted(source.glob("*.jsonl"), key=lambda file: (len(file.stem), file.stem))
    if not files:
        raise InputError("neither answers (.jsonl) nor a data set (.parquet) in this folder", file=source)
    return files


def _limited(sources: Sequence[Path], limit: int) -> list[Row]:
    rows: list[Row] = []
    for row in read_rows(sources):
        if limit and len(rows) == limit:
            break
        rows.append(row)
    return rows


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _json_lines(lines: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)
