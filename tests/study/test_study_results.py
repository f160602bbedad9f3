"""Table and curves from measured answers made by hand; the draw of real maps from a file made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.errors import InputError
from verl_wafersage.study.classes import per_class
from verl_wafersage.study.examples import compared, disagreement, worst
from verl_wafersage.study.markdown import markdown
from verl_wafersage.study.measured import Measured, curves, gains, means, read, rivals
from verl_wafersage.study.measures import MEASURES, contrast
from verl_wafersage.study.prepare import StudyFolder, StudyOptions, claim, draw
from verl_wafersage.study.results import COLUMNS, write_results
from verl_wafersage.study.run import choose_arms, overrides

OPTIONS = StudyOptions(steps=20)


def answer(wafer: int, score: float, **truth: Any) -> dict[str, Any]:
    ours = dict.fromkeys(
        ("acc", "hit", "hallucination", "spatial", "morphology", "root_cause", "defect_type"), -1.0
    )
    line: dict[str, Any] = {"id": f"w{wafer}/type", "wafer": f"w{wafer}", "kind": "type", "question": "Type?"}
    line |= {"answer": "Donut.", "reference": "Donut.", "labels": ["Donut"], "published": {"score": 0.9}}
    line["ours"] = ours | {"score": score}
    return line | {"exact": None, "hours": None, "invents": False} | truth


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    made = StudyFolder(tmp_path)
    for sampled in (False, True):
        start = [answer(n, 0.5, exact=n % 2 == 0, hours=2.0) for n in range(40)]
        write(made.answers("start", sampled=sampled), start)
        for seed, score in enumerate((0.6, 0.7, 0.8)):
            rows = [answer(n, score - 0.1 * sampled, exact=True, hours=0.5) for n in range(40)]
            write(made.answers("ours", seed, 20, sampled=sampled), rows)
        write(made.answers("grpo", 0, 20, sampled=sampled), [answer(n, 0.55) for n in range(40)])
    return made


def test_arms_are_means_over_seeds_with_students_interval(folder: StudyFolder) -> None:
    table = means(Measured(folder, OPTIONS))
    score = table["ours"]["score"]
    assert score.value == pytest.approx(0.7)
    # t(0.975, 2) = 4.303, standard deviation 0.1, three seeds.
    assert score.high - score.value == pytest.approx(4.303 * 0.1 / 3**0.5, abs=1e-3)
    assert table["start"]["exact"].value == 0.5 and table["start"]["exact"].n == 40
    assert table["start"]["exact"].low < 0.5 < table["start"]["exact"].high
    assert table["ours"]["near"].value == 1.0 and table["start"]["near"].value == 0.0
    assert "published" not in table


def test_one_seed_is_shown_without_an_interval(folder: StudyFolder) -> None:
    text = markdown(means(Measured(folder, OPTIONS)), COLUMNS["rewards"])
    grpo = next(line for line in text.splitlines() if line.startswith("| GRPO"))
    ours = next(line for line in text.splitlines() if line.startswith("| GSPO, our reward |"))
    assert "±" not in grpo and grpo.endswith("| 1 |")
    assert "0.700 ± 0.248" in ours and ours.endswith("| 3 |")


SCORE = next(measure for measure in MEASURES if measure.name == "score")


def test_a_contrast_pairs_the_same_questions(folder: StudyFolder) -> None:
    before, after = read(folder.answers("start")), read(folder.answers("ours", 1, 20))
    found = contrast([before], [after[:10]], SCORE)
    assert found.value == pytest.approx(0.2) and found.low == pytest.approx(0.2) and found.n == 10


def test_gains_average_all_seeds_and_rivals_only_those_both_have(folder: StudyFolder) -> None:
    measured = Measured(folder, OPTIONS)
    assert gains(measured)["ours"]["score"].value == pytest.approx(0.2)
    (title, row), *others = rivals(measured).items()
    assert title == "GRPO, our reward, against GSPO, our reward" and not others
    # Seed 0 of ours alone: 0.55 against 0.6.
    assert row["score"].value == pytest.approx(-0.05)


def test_types_are_counted_class_by_class() -> None:
    rows = [
        answer(0, 1.0, answer="Donut and Scratch.", labels=["Donut"]),
        answer(1, 1.0, answer="Donut.", labels=["Donut", "Loc"]),
        answer(2, 1.0, answer="No pattern.", labels=["Loc"]),
        answer(3, 1.0, answer="Loc.", labels=["Loc"], kind="zone"),
    ]
    found = per_class(rows)
    assert sorted(found) == ["Donut", "Loc"]
    assert (found["Donut"].recall, found["Donut"].precision, found["Donut"].wafers) == (1.0, 1.0, 2)
    assert found["Loc"].recall == 0.0 and np.isnan(found["Loc"].precision) and found["Loc"].wafers == 2
    assert per_class([answer(0, 1.0, answer="Loc.")])["Donut"].recall == 0.0


def test_examples_are_those_whose_reward_rose_while_the_truth_fell() -> None:
    before = [answer(n, 0.5, exact=True) for n in range(3)] + [answer(3, 0.5, exact=False)]
    after = [
        answer(0, 0.9, exact=False, question="Which?"),
        answer(1, 0.4, exact=False),
        answer(2, 0.7, exact=False),
        answer(3, 0.9, exact=True),
    ]
    pairs = list(compared(before, after, "ours"))
    first, second = worst(pairs)
    assert (first.question, first.gap) == ("Which?", pytest.approx(1.4))
    assert second.gap == pytest.approx(1.2)
    assert disagreement(pairs) == pytest.approx((1 / 3, 2 / 3))
    assert np.isnan(disagreement([])).all()


def test_curves_keep_seeds_apart(folder: StudyFolder) -> None:
    found = curves(Measured(folder, OPTIONS))
    assert sorted(found) == ["grpo", "ours"] and sorted(found["ours"]) == [0, 1, 2]
    assert {step: values["score"] for step, values in found["ours"][1].items()} == pytest.approx(
        {0: 0.5, 20: 0.7}
    )


def test_results_are_written_as_json_table_and_picture(folder: StudyFolder) -> None:
    made = write_results(folder, OPTIONS)
    stored = json.loads(Path(made["results"]).read_text())
    assert stored["likeliest answers"]["ours"]["score"]["n"] == 3
    assert stored["sampled answers"]["ours"]["score"]["value"] == pytest.approx(0.6)
    text = Path(made["table"]).read_text()
    for title in (
        "Sampled answers: truth",
        "Likeliest answers, gain over the start: rewards",
        "Sampled answers over steps",
    ):
        assert f"## {title}\n" in text
    assert "| Donut | 1.00 / 1.00 | 1.00 / 1.00 | 1.00 / 1.00 | 40 |" in text
    assert Path(made["plot"]).read_bytes().startswith(b"\x89PNG")


def test_draw_takes_the_same_number_of_every_class(tmp_path: Path) -> None:
    labels = np.zeros((30, 8), dtype=np.int64)
    labels[:20, 0] = 1
    np.savez(tmp_path / "all.npz", arr_0=np.ones((30, 4, 4), np.uint8), arr_1=labels)
    for seed in (0, 0, 1):
        draw(tmp_path / "all.npz", tmp_path / f"{seed}.npz", 6, seed)
    first, other = (np.load(tmp_path / f"{seed}.npz") for seed in (0, 1))
    assert first["arr_1"].sum() == 6 and len(first["arr_1"]) == 12
    assert np.array_equal(first["arr_1"], labels[first["orig_index"]])
    assert set(first["orig_index"]) != set(other["orig_index"])


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    with pytest.raises(InputError, match="MixedWM38"):
        draw(tmp_path / "other.npz", tmp_path / "out.npz", 6, 0)


def test_a_folder_of_other_options_is_refused(tmp_path: Path) -> None:
    claim(StudyFolder(tmp_path / "study"), StudyOptions(steps=5))
    claim(StudyFolder(tmp_path / "study"), StudyOptions(steps=5))
    with pytest.raises(InputError, match="another steps"):
        claim(StudyFolder(tmp_path / "study"), StudyOptions(steps=6))


def test_arms_differ_only_by_what_they_say(tmp_path: Path) -> None:
    ours, published = choose_arms(["ours", "published"])
    one, other = (set(overrides(StudyFolder(tmp_path), 20, arm, 0)) for arm in (ours, published))
    assert {line.split("=")[0] for line in one ^ other} == {
        "wafersage.run_dir",
        "reward.custom_reward_function.reward_kwargs.preset",
    }
    with pytest.raises(InputError, match="no arm 'best'"):
        choose_arms(["best"])


@pytest.mark.parametrize(
    ("given", "field"), [(["--study", "--steps", "3"], "--steps"), (["--arm", "core"], "--arm")]
)
def test_options_of_the_other_demo_are_refused(tmp_path: Path, given: list[str], field: str) -> None:
    done = CliRunner().invoke(app, ["demo", str(tmp_path / "demo"), *given])
    assert isinstance(done.exception, InputError) and field in str(done.exception)
    assert not (tmp_path / "demo").exists()
