"""From a source to a folder that verl reads: contract, kills, bad input."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.data_prep import shards, staging
from verl_wafersage.data_prep.convert import ConvertOptions, convert
from verl_wafersage.data_prep.manifest import load
from verl_wafersage.data_prep.questions import AskOptions
from verl_wafersage.data_prep.records import DEFECT_TYPES, ReadOptions, WaferMap
from verl_wafersage.errors import InputError
from verl_wafersage.reward_fns.schema import load_rubric

SMALL = ConvertOptions(count=40, seed=3)


def rows(folder: Path, pattern: str = "*-of-*.parquet") -> list[dict]:
    return [row for file in sorted(folder.glob(pattern)) for row in pq.read_table(file).to_pylist()]


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_rows_follow_the_contract(tmp_path: Path) -> None:
    manifest = convert("synthetic", None, tmp_path, SMALL)
    made = rows(tmp_path)
    assert len(made) == manifest.rows
    indices = [row["extra_info"]["index"] for row in made]
    assert len(set(indices)) == len(indices)
    for row in made:
        extra = row["extra_info"]
        assert row["data_source"] == f"wafersage/synthetic/{extra['dimension']}"
        system, user = row["prompt"]
        assert (system["role"], user["role"]) == ("system", "user")
        assert user["content"].count("<image>") == 1 and extra["question"] in user["content"]
        (picture,) = row["images"]
        with Image.open(io.BytesIO(picture["bytes"])) as image:
            assert image.size == (96, 96) and image.mode == "P"
        rubric = load_rubric(row["reward_model"]["ground_truth"])
        assert row["reward_model"]["style"] == "rubric" and list(rubric.labels) == extra["labels"]
        assert rubric.dimension == extra["dimension"] and rubric.reference_answer == extra["reference_answer"]
        assert extra["level"] in ("easy", "medium", "hard") and 0 <= extra["difficulty"] <= 1
        assert extra["stream"] in (("review", "learning") if extra["split"] == "train" else (None,))
        assert extra["lot"] is None and extra["answer_style"] == "plain"
    assert {row["extra_info"]["split"] for row in made} == {"train", "val", "test"}
    assert len({len(row["prompt"][1]["content"]) for row in made}) > 10  # equal lengths trip verl
    tuned = rows(tmp_path / "sft")
    review = [row for row in made if row["extra_info"]["stream"] != "learning"]
    assert len(tuned) == len(review)
    for one, other in zip(tuned, review, strict=True):
        assert one["messages"][:2] == other["prompt"] and one["images"] == other["images"]
        assert one["messages"][2] == {"role": "assistant", "content": other["extra_info"]["reference_answer"]}


def test_the_tags_style_asks_for_tags_and_shows_them(tmp_path: Path) -> None:
    convert("synthetic", None, tmp_path, replace(SMALL, answer_style="tags", image_size=224))
    row, tuned = rows(tmp_path)[0], rows(tmp_path / "sft")[0]
    assert "<SOLUTION>" in row["prompt"][0]["content"] and row["extra_info"]["answer_style"] == "tags"
    assert tuned["messages"][2]["content"].count("SOLUTION>") == 2
    with Image.open(io.BytesIO(row["images"][0]["bytes"])) as image:
        assert image.size == (224, 224)


def test_the_folder_describes_itself(tmp_path: Path) -> None:
    options = replace(SMALL, command="verl-wafersage convert synthetic data --count 40")
    manifest = convert("synthetic", None, tmp_path, options)
    assert files(tmp_path) == set(manifest.files) | {
        "README.md", "manifest.json", "contact_sheet.png", "splits.parquet",
    }  # fmt: skip
    loaded = load(tmp_path)
    assert loaded == manifest
    loaded.check(tmp_path)
    for name in ("split", "dimension", "level", "stream", "label"):
        assert sum(manifest.counts[name].values()) == manifest.rows
    readme = (tmp_path / "README.md").read_text()
    assert readme.startswith("---\n") and options.command in readme and "train-*.parquet" in readme
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.width > 500
    (tmp_path / "val-00000-of-00001.parquet").write_bytes(b"x")
    with pytest.raises(InputError, match="differs from the manifest"):
        manifest.check(tmp_path)


def test_the_same_call_gives_the_same_bytes_and_does_nothing_twice(tmp_path: Path) -> None:
    one = convert("synthetic", None, tmp_path / "a", SMALL)
    two = convert("synthetic", None, tmp_path / "b", replace(SMALL, workers=2))
    assert {n: f["sha256"] for n, f in one.files.items()} == {n: f["sha256"] for n, f in two.files.items()}
    before = (tmp_path / "a/manifest.json").stat().st_mtime_ns
    convert("synthetic", None, tmp_path / "a", SMALL)
    assert (tmp_path / "a/manifest.json").stat().st_mtime_ns == before


def test_another_conversion_replaces_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK", 10)
    convert("synthetic", None, tmp_path, SMALL)
    assert (tmp_path / "train-00003-of-00004.parquet").exists()
    monkeypatch.undo()
    manifest = convert("synthetic", None, tmp_path, replace(SMALL, seed=4))
    assert {name for name in files(tmp_path) if "-of-" in name} == set(manifest.files)


def test_many_shards_hold_what_one_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert("synthetic", None, tmp_path / "one", SMALL)
    monkeypatch.setattr(staging, "CHUNK", 7)
    monkeypatch.setattr(shards, "ROW_GROUP", 16)
    convert("synthetic", None, tmp_path / "many", SMALL)
    for split in ("train", "val", "test"):
        assert rows(tmp_path / "one", f"{split}-*") == rows(tmp_path / "many", f"{split}-*")


def test_a_crash_leaves_nothing_a_loader_takes_and_a_rerun_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 8)
    whole = convert("synthetic", None, tmp_path / "whole", SMALL)
    real, calls = shards.write_chunk, []

    def crash(job: shards.Job, chunk: int) -> dict:
        calls.append(chunk)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(job, chunk)

    monkeypatch.setattr("verl_wafersage.data_prep.pool.write_chunk", crash)
    with pytest.raises(KeyboardInterrupt):
        convert("synthetic", None, tmp_path / "out", SMALL)
    assert not list((tmp_path / "out").glob("*.parquet")) and not (tmp_path / "out/manifest.json").exists()
    done = {file: file.stat().st_mtime_ns for file in (tmp_path / "out/.work").glob("rl-*.parquet")}
    assert done
    monkeypatch.setattr("verl_wafersage.data_prep.pool.write_chunk", real)
    again = convert("synthetic", None, tmp_path / "out", SMALL)
    assert again.files == whole.files
    kept = {file.stat().st_mtime_ns for file in (tmp_path / "out").glob("*-of-*.parquet")}
    assert kept & set(done.values())
    assert not (tmp_path / "out/.work").exists()


def test_a_kill_at_any_moment(tmp_path: Path) -> None:
    """SIGKILL after ever longer waits: what lies in the folder is always whole, and the last run ends."""
    script = (
        "from pathlib import Path; from verl_wafersage.data_prep import staging; staging.CHUNK = 20\n"
        "from verl_wafersage.data_prep.convert import ConvertOptions, convert\n"
        f"convert('synthetic', None, Path({str(tmp_path / 'out')!r}), ConvertOptions(count=400))"
    )
    for wait in (0.9, 1.3, 1.7, 2.2, 2.8):
        process = subprocess.Popen([sys.executable, "-c", script])
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for file in (tmp_path / "out").glob("**/*-of-*.parquet"):
            pq.read_table(file)
        manifest = load(tmp_path / "out")
        if manifest is not None:
            manifest.check(tmp_path / "out")
    subprocess.run([sys.executable, "-c", script], check=True)
    manifest = load(tmp_path / "out")
    assert manifest is not None and manifest.wafers == 400
    manifest.check(tmp_path / "out")
    assert {name for name in files(tmp_path / "out") if "-of-" in name} == set(manifest.files)


def garbage(folder: Path) -> Path:
    path = folder / "x.npz"
    path.write_bytes(b"PK\x03\x04 broken")
    return path


def truncated(folder: Path, npz: Callable[..., Path]) -> Path:
    path = npz()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


BAD_NPZ: dict[str, tuple[dict[str, object], str]] = {
    "no maps key": ({"arr_0": None, "other": np.zeros(3)}, "field arr_0: no such key"),
    "no labels key": ({"arr_1": None}, "field arr_1: no such key"),
    "maps of two dimensions": ({"arr_0": np.ones((12, 52), int)}, "field arr_0: expected maps of shape"),
    "too few labels": ({"arr_1": np.zeros((11, 8), int)}, "field arr_1: expected labels of shape"),
    "value out of range": ({"arr_0": np.full((12, 9, 9), 7)}, "row 0, field arr_0: value 7 is outside 0..3"),
    "negative value": ({"arr_0": np.full((12, 9, 9), -1)}, "row 0, field arr_0: value -1 is outside 0..3"),
    "floats": ({"arr_0": np.ones((12, 9, 9))}, "field arr_0: expected whole numbers"),
    "objects": ({"arr_0": np.array([None] * 12)}, "cannot be read"),
    "no dies": ({"arr_0": np.zeros((12, 9, 9), int)}, "row 0, field arr_0: the map has no dies"),
    "label of two": ({"arr_1": np.full((12, 8), 2)}, "row 0, field arr_1: labels must be 0 or 1"),
    "empty": ({"arr_0": np.zeros((0, 9, 9), int), "arr_1": np.zeros((0, 8), int)}, "holds no maps"),
}


@pytest.mark.parametrize("name", BAD_NPZ)
def test_a_bad_npz_gives_one_line_and_leaves_nothing(
    name: str, npz: Callable[..., Path], tmp_path: Path
) -> None:
    replaced, problem = BAD_NPZ[name]
    path = npz(**replaced)
    refused("mixedwm38", path, tmp_path / "out", problem)


BAD_PARQUET: dict[str, tuple[dict[str, object], str]] = {
    "no label column": ({"failureType": None}, "field failureType: no such column"),
    "labels as numbers": ({"failureType": list(range(9))}, "field failureType: unexpected column type"),
    "unknown label": ({"failureType": ["Loc"] * 4 + ["Smiley"] * 5}, "row 4, field failureType: unknown"),
    "ragged map": ({"rows": [30] * 3 + [31] + [30] * 5}, "row 3, field waferMap: the map is ragged"),
    "value out of range": ({"map": [b"\x05" * 810] * 9}, "row 0, field waferMap: value 5 is outside 0..2"),
    "a stripe": ({"rows": [3] * 9, "cols": [270] * 9}, "row 0, field waferMap: a map of shape (3, 270)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PARQUET)
def test_a_bad_parquet_gives_one_line_and_leaves_nothing(
    name: str, parquet: Callable[..., Path], tmp_path: Path
) -> None:
    replaced, problem = BAD_PARQUET[name]
    refused("wm811k", parquet(**replaced), tmp_path / "out", problem)


def refused(source: str, path: Path | None, out: Path, problem: str) -> None:
    """The verb exits with 2 and one line that names the file; the output folder stays clean."""
    arguments = ["convert", source, *([str(path)] if path else []), str(out), "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError), result.exception
    line = str(result.exception)
    assert problem in line and "\n" not in line
    if path is not None:
        assert str(path) in line
    assert not out.exists() or not files(out)


def test_other_bad_input(npz: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused("mixedwm38", tmp_path / "missing.npz", out, "no such file")
    refused("mixedwm38", garbage(tmp_path), out, "not an npz file, or cut short")
    refused("mixedwm38", truncated(tmp_path, npz), out, "not an npz file, or cut short")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused("mixedwm38", empty, out, "expected one .npz in the folder, found 0")
    refused("wm811k", empty, out, "expected one .pkl or .parquet")
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 nothing PAR1")
    refused("wm811k", bad, out, "not a readable parquet file")
    evil = tmp_path / "evil.pkl"
    evil.write_bytes(pickle.dumps(os.system))
    refused("wm811k", evil, out, "asks for posix.system")


def test_the_command_line_exits_with_two_and_one_line(tmp_path: Path) -> None:
    for arguments, words in (
        (["convert", "mixedwm38", str(tmp_path / "x.npz"), str(tmp_path / "o")], "no such file"),
        (["convert", "moon", str(tmp_path), str(tmp_path / "o")], "unknown source 'moon'"),
        (["convert", "synthetic", str(tmp_path / "o"), "--image-size", "100"], "multiple of 32"),
    ):
        script = "from verl_wafersage.cli import main; main()"
        result = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
        assert result.returncode == 2
        assert words in result.stderr and len(result.stderr.strip().splitlines()) == 1
        assert "Traceback" not in result.stderr and result.stdout == ""


def test_the_verb_prints_its_manifest_as_json(npz: Callable[..., Path], tmp_path: Path) -> None:
    arguments = [
        "convert",
        "mixedwm38",
        str(npz()),
        str(tmp_path / "out"),
        "--json",
        "--concise",
        "--per-wafer",
        "3",
    ]
    result = CliRunner().invoke(app, [*arguments, "--answer-style", "tags", "--image-size", "64"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["wafers"] == 12 and told["rows"] <= 36 and told["source"] == "mixedwm38"
    assert told["options"]["image_size"] == 64 and told["options"]["ask"]["concise"] is True


def test_bad_rows_can_be_skipped_and_are_listed(npz: Callable[..., Path], tmp_path: Path) -> None:
    path = npz(30)
    with np.load(path) as arrays:
        maps, flags = arrays["arr_0"].copy(), arrays["arr_1"].copy()
    maps[4, 0, 0], flags[9, 0] = 9, 3
    np.savez(path, arr_0=maps, arr_1=flags)
    manifest = convert("mixedwm38", path, tmp_path / "out", ConvertOptions(skip_bad=True))
    assert (manifest.wafers, manifest.bad) == (28, 2)
    listed = [json.loads(line) for line in (tmp_path / "out/quarantine.jsonl").read_text().splitlines()]
    assert [(entry["row"], entry["field"]) for entry in listed] == [(4, "arr_0"), (9, "arr_1")]
    assert all(str(path) == entry["file"] and entry["problem"] for entry in listed)


def test_overlong_prompts_are_found_here(tmp_path: Path) -> None:
    options = replace(SMALL, max_prompt_tokens=60)
    with pytest.raises(
        InputError, match=r"row s3-000000, field prompt: a prompt of about \d+ tokens exceeds 60"
    ):
        convert("synthetic", None, tmp_path / "a", options)
    assert not list((tmp_path / "a").glob("*.parquet"))
    convert("synthetic", None, tmp_path / "b", replace(SMALL, max_prompt_tokens=None, system="word " * 2000))
    manifest = convert("synthetic", None, tmp_path / "c", replace(SMALL, max_prompt_tokens=74, skip_bad=True))
    assert manifest.bad and manifest.rows and manifest.bad + manifest.rows == 400


def test_unlabelled_wafers_are_counted_or_measured(tmp_path: Path, parquet: Callable[..., Path]) -> None:
    labels = [*DEFECT_TYPES, "None"]
    path = parquet(9, failureType=["" if k in (0, 3) else labels[k] for k in range(9)])
    manifest = convert("wm811k", path, tmp_path / "a", ConvertOptions())
    assert manifest.counts["skipped"] == {"unlabelled": 2} and manifest.wafers == 7
    manifest = convert("wm811k", path, tmp_path / "b", ConvertOptions(unlabelled=True))
    assert manifest.wafers == 9
    told = {tuple(row["extra_info"]["labels"]) for row in rows(tmp_path / "b")}
    assert ("Center",) in told and ("Edge-Ring",) in told


def test_value_three_counts_as_fail(npz: Callable[..., Path]) -> None:
    from verl_wafersage.data_prep.readers import read

    path = npz()
    with np.load(path) as arrays:
        maps, flags = arrays["arr_0"].copy(), arrays["arr_1"]
    maps[0][maps[0] == 2] = 3
    np.savez(path, arr_0=maps, arr_1=flags)
    first = next(iter(read("mixedwm38", path, ReadOptions())))
    assert isinstance(first, WaferMap) and set(np.unique(first.grid)) == {0, 1, 2}


def test_answers_without_a_rubric_all_go_to_fine_tuning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verl_wafersage.data_prep import readers
    from verl_wafersage.data_prep.records import Question

    picture = io.BytesIO()
    Image.new("RGB", (52, 52)).save(picture, "PNG")
    made = [
        Question(picture.getvalue() + b"%d" % k, f"What is {k}?", None, "A ring.", "morphology", "shape",
                 "easy", ("Donut",), f"w{k}", "test")
        for k in range(50)
    ]  # fmt: skip
    monkeypatch.setattr(readers, "read", lambda source, path, options: iter(made))
    manifest = convert("rows", tmp_path, tmp_path / "out", ConvertOptions())
    assert manifest.rows == 0 and manifest.counts["view"] == {"sft": 50}
    assert {name.split("/")[0] for name in manifest.files} == {"sft"}
    assert len(rows(tmp_path / "out/sft")) == 50


def test_verl_loads_every_file(tmp_path: Path) -> None:
    """verl's own dataset classes read both views, shards and pictures included."""
    pytest.importorskip("verl")
    omegaconf = pytest.importorskip("omegaconf")
    from verl.utils.dataset.rl_dataset import RLHFDataset

    from verl_wafersage.cpu.tiny_model import make_tiny_model

    manifest = convert("synthetic", None, tmp_path / "data", replace(SMALL, ask=AskOptions(concise=True)))
    corpus = [row["extra_info"]["question"] for row in rows(tmp_path / "data")]
    make_tiny_model(tmp_path / "tiny", corpus)
    from transformers import AutoProcessor, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "tiny")
    processor = AutoProcessor.from_pretrained(tmp_path / "tiny")
    config = omegaconf.OmegaConf.create(
        {"max_prompt_length": 512, "filter_overlong_prompts": True, "filter_overlong_prompts_workers": None,
         "image_patch_size": 16, "cache_dir": str(tmp_path / "cache")}
    )  # fmt: skip
    for split in ("train", "val", "test"):
        names = [name for name in manifest.files if name.startswith(split)]
        dataset = RLHFDataset([str(tmp_path / "data" / name) for name in names], tokenizer, config, processor)
        assert len(dataset) == manifest.counts["split"][split]
        row = dataset[0]
        kinds = [part["type"] for part in row["raw_prompt"][1]["content"]]
        assert kinds.count("image") == 1 and row["reward_model"]["style"] == "rubric"
