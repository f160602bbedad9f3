"""Table and curves from measured answers made by hand; the draw of real maps from a file made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verl_wafersage.errors import InputError
from verl_wafersage.study import results
from verl_wafersage.study.prepare import StudyFolder, StudyOptions, claim, draw
from verl_wafersage.study.run import choose_arms, overrides

OPTIONS = StudyOptions(steps=20)


def answer(wafer: int, score: float, **truth: Any) -> dict[str, Any]:
    ours = dict.fromkeys(
        ("acc", "hit", "hallucination", "spatial", "morphology", "root_cause", "defect_type"), -1.0
    )
    line = {"id": f"w{wafer}/type", "wafer": f"w{wafer}", "ours": ours | {"score": score}}
    line["published"] = {"score": 0.9}
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
    table = results.summarise(folder, OPTIONS)
    score = table["ours"]["score"]
    assert score.value == pytest.approx(0.7)
    # t(0.975, 2) = 4.303, standard deviation 0.1, three seeds.
    assert score.high - score.value == pytest.approx(4.303 * 0.1 / 3**0.5, abs=1e-3)
    assert table["start"]["exact"].value == 0.5 and table["start"]["exact"].n == 40
    assert table["start"]["exact"].low < 0.5 < table["start"]["exact"].high
    assert table["ours"]["near"].value == 1.0 and table["start"]["near"].value == 0.0
    assert "published" not in table


def test_one_seed_is_shown_without_an_interval(folder: StudyFolder) -> None:
    text = results.markdown(results.summarise(folder, OPTIONS), results.COLUMNS["rewards"])
    grpo = next(line for line in text.splitlines() if line.startswith("| GRPO"))
    ours = next(line for line in text.splitlines() if line.startswith("| GSPO, our reward |"))
    assert "±" not in grpo and grpo.endswith("| 1 |")
    assert "0.700 ± 0.248" in ours and ours.endswith("| 3 |")


def test_gain_pairs_the_same_questions(folder: StudyFolder) -> None:
    score = next(measure for measure in results.MEASURES if measure.name == "score")
    before, after = results.read(folder.answers("start")), results.read(folder.answers("ours", 1, 20))
    found = results.gain(before, after[:10], score)
    assert found.value == pytest.approx(0.2) and found.low == pytest.approx(0.2) and found.n == 10


def test_results_are_written_as_json_table_and_picture(folder: StudyFolder) -> None:
    made = results.write_results(folder, OPTIONS)
    stored = json.loads(Path(made["results"]).read_text())
    assert stored["likeliest"]["ours"]["score"]["n"] == 3
    assert stored["sampled"]["ours"]["score"]["value"] == pytest.approx(0.6)
    text = Path(made["table"]).read_text()
    assert "## Answers sampled as in training: truth" in text and "## Likeliest answers: truth" in text
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
