"""The audit finds each planted defect, and only that, and repairs what can be repaired."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from audit_sets import RUBRIC, grid_of, row, write_set
from typer.testing import CliRunner

from verl_wafersage.cli import app
from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.audit import AuditOptions, audit
from verl_wafersage.data_prep.audit.checks import RowOptions
from verl_wafersage.data_prep.audit.findings import CHECKS, Report
from verl_wafersage.data_prep.audit.fix import fix
from verl_wafersage.data_prep.audit.mend import conflicts, mend
from verl_wafersage.data_prep.convert import ConvertOptions, convert
from verl_wafersage.errors import InputError

QUIET = AuditOptions(noise=False)
LONG = [f"term number {word}" for word in ("one", "two", "six", "ten") for _ in range(300)]


def found(report: Report) -> dict[str, int]:
    return {check: count for check, count in report.counts.items() if count}


def test_a_good_set_passes(tmp_path: Path) -> None:
    data = write_set(tmp_path / "set", [row(n, ("train", "train", "val", "test")[n % 4]) for n in range(12)])
    report = audit(data, tmp_path / "out", QUIET)
    assert report.passed and found(report) == {}
    assert (report.rows, report.wafers, report.scored) == (12, 12, 12)
    assert report.splits == {"train": 6, "val": 3, "test": 3}
    assert sum(report.reference_scores[7:]) == 12


DEFECTS = [
    ({"ground_truth": "{"}, "rubric", "not valid JSON"),
    ({"ground_truth": "[]"}, "rubric", "object"),
    ({"ground_truth": json.dumps(RUBRIC | {"version": 7})}, "rubric", "unknown rubric version 7"),
    ({"must_hit": []}, "rubric", "nothing to score"),
    ({"reference_answer": ""}, "reference", "there is no reference answer"),
    ({"reference_answer": "A robot scratch, certainly."}, "reference", "A robot scratch"),
    ({"must_avoid": ["robot scratch", "Edge bead removal"]}, "conflict", "demands the same term"),
    (
        {"must_avoid": ["robot scratch", "EBR"]},
        "conflict",
        "'EBR' (hit term 'edge bead removal' says the same)",
    ),
    ({"must_avoid": ["bead"]}, "contained", "'edge bead removal' contains avoid term 'bead'"),
    ({"must_hit": ["edge bead removal (EBR", "coat track)"]}, "torn", "split inside parentheses"),
    ({"must_hit": ["edge bead removal", "not specified"]}, "filler", "'not specified' (a filler"),
    ({"must_hit": ["edge bead removal", "Edge bead removal"]}, "runaway", "said twice"),
    ({"must_avoid": LONG}, "runaway", "said twice"),
    ({"must_avoid": [f"robot scratch {n}" for n in range(200)]}, "runaway", "generation loop"),
    ({"image": b"\x89PNG no picture"}, "picture", "does not decode"),
    ({"image": b""}, "picture", "has no bytes"),
    ({"prompt": "no placeholder"}, "placeholder", "0 placeholders for 1 pictures"),
    ({"prompt": "<image><image>two"}, "placeholder", "2 placeholders for 1 pictures"),
    ({"question": "Why is there an edge ring?"}, "reveals", "'edge ring' in"),
    ({"index": 1}, "index", "index 1 is that of test/w1/cause too"),
]


@pytest.mark.parametrize(("change", "check", "message"), DEFECTS)
def test_each_planted_defect_is_found_in_its_row(
    change: dict[str, Any], check: str, message: str, tmp_path: Path
) -> None:
    data = write_set(tmp_path / "set", [row(0), row(1), row(2, **change), row(3)])
    report = audit(data, tmp_path / "out", QUIET)
    assert report.counts[check] == 1, found(report)
    (finding,) = report.shown[check]
    assert message in finding.message and "\n" not in finding.message
    assert (finding.id, finding.row) == ("test/w2/cause", 2)
    assert report.passed == (CHECKS[check][0] == "warn")
    lines = (tmp_path / "out" / "findings.jsonl").read_text().splitlines()
    assert len(lines) == sum(report.counts.values())
    assert any(json.loads(line)["check"] == check for line in lines)


def test_an_empty_answer_that_earns_something_is_found(tmp_path: Path) -> None:
    # Under the published rule any rubric pays 0.4 for saying nothing.
    data = write_set(tmp_path / "set", [row(0)])
    report = audit(data, None, AuditOptions(RowOptions(reward="paper"), noise=False))
    assert report.counts["empty"] == 1 and not report.passed


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda grid: grid, "leak"),
        (lambda grid: np.rot90(grid), "leak"),
        (lambda grid: grid.T[::-1], "leak"),
        (lambda grid: np.where(np.arange(grid.size).reshape(grid.shape) == 300, 3 - grid, grid), "lookalike"),
    ],
)
def test_a_wafer_in_two_splits_is_found_however_it_is_turned(change: Any, check: str, tmp_path: Path) -> None:
    copy = np.ascontiguousarray(change(grid_of(1))).astype(np.uint8)
    rows = [row(0), row(1), row(2, "test", copy), row(3, "val"), row(4, "train", grid_of(1))]
    report = audit(write_set(tmp_path / "set", rows), None, QUIET)
    assert found(report) == {check: 2}
    assert {finding.wafer for finding in report.shown[check]} == {"test/w1", "test/w4"}
    assert "test/w2 in test" in report.shown[check][0].message


def test_look_alikes_within_one_split_are_no_leak(tmp_path: Path) -> None:
    rows = [row(0), row(1, "train", grid_of(0)), row(2, "test")]
    assert found(audit(write_set(tmp_path / "set", rows), None, QUIET)) == {}


def test_a_wafer_of_another_set_in_use_is_found_too(tmp_path: Path) -> None:
    here = write_set(tmp_path / "here", [row(0), row(1), row(2, "test")])
    there = write_set(tmp_path / "there", [row(7, "test", np.rot90(grid_of(1))), row(8, "train", grid_of(0)),
                                           row(9, "train", grid_of(2))])  # fmt: skip
    assert found(audit(here, None, QUIET)) == {}
    report = audit(here, None, AuditOptions(noise=False, against=(there,)))
    assert found(report) == {"leak": 2} and report.wafers == 3
    messages = {finding.wafer: finding.message for finding in report.shown["leak"]}
    assert messages == {
        "test/w1": "train: the same as there:test/w7 in test",
        "there:test/w9": "train: the same as test/w2 in test",
    }, "the same wafer in both training sets does no harm"


def test_planted_wrong_labels_are_among_the_suspects(tmp_path: Path) -> None:
    rows, wrong = [], set()
    for number, wafer in enumerate(synthetic.generate(400, 5)):
        if len(wafer.labels) != 1 or wafer.labels[0] not in (
            "None",
            "Near-full",
            "Edge-Ring",
            "Center",
            "Loc",
        ):
            continue
        labels = wafer.labels
        if number % 23 == 0:
            labels = ("Near-full",) if labels == ("None",) else ("None",)
            wrong.add(f"test/w{number}")
        rows.append(row(number, "train", wafer.grid, wafer_labels=labels))
    report = audit(write_set(tmp_path / "set", rows), None)
    suspects = {
        finding.wafer
        for check in ("label", "outlier", "neighbours")
        for finding in report.shown.get(check, ())
    }
    assert len(wrong) >= 5
    assert len(wrong & suspects) >= 0.8 * len(wrong), "most planted labels are found"
    assert len(suspects - wrong) <= 0.1 * len(rows), "and few others are accused"
    assert report.passed, "suspects are warnings"


def test_repair_mends_sets_aside_and_logs_every_change(tmp_path: Path) -> None:
    rows = [
        row(0),
        row(
            1, must_hit=["edge bead removal (EBR", "coat)", "n/a"], reference_answer="Poor edge bead removal."
        ),
        row(2, must_avoid=["robot scratch", "EBR"]),
        row(3, image=b"broken"),
        row(4, ground_truth="{"),
        row(5, index=0),
        row(6, "val"),
        row(7, "test", grid_of(6)),
    ]
    data = write_set(tmp_path / "set", rows)
    before = {file: file.read_bytes() for file in data.rglob("*.parquet")}
    fixed = fix(data, tmp_path / "fixed", QUIET)
    assert {file: file.read_bytes() for file in data.rglob("*.parquet")} == before, (
        "the original is untouched"
    )

    kept = pq.read_table(tmp_path / "fixed" / "train-00000-of-00001.parquet").to_pylist()
    truths = {line["extra_info"]["id"]: json.loads(line["reward_model"]["ground_truth"]) for line in kept}
    assert set(truths) == {f"test/w{number}/cause" for number in (0, 1, 2, 5)}
    assert truths["test/w1/cause"]["must_hit"] == ["edge bead removal (EBR, coat)"]
    assert truths["test/w2/cause"]["must_avoid"] == ["robot scratch"]
    assert len({line["extra_info"]["index"] for line in kept}) == 4

    aside = [
        line
        for file in sorted((tmp_path / "fixed" / "quarantine").glob("*.parquet"))
        for line in pq.read_table(file).to_pylist()
    ]
    reasons = {line["extra_info"]["id"]: " ".join(line["reasons"]) for line in aside}
    assert set(reasons) == {"test/w3/cause", "test/w4/cause", "test/w6/cause"}
    assert "picture: " in reasons["test/w3/cause"] and "rubric: " in reasons["test/w4/cause"]
    assert "leak: " in reasons["test/w6/cause"], "validation gives way to the test split"

    changes = [json.loads(line) for line in (tmp_path / "fixed" / "changes.jsonl").read_text().splitlines()]
    assert {(change["id"], change["kind"]) for change in changes} == {
        ("test/w1/cause", "joined"),
        ("test/w1/cause", "dropped"),
        ("test/w2/cause", "conflict"),
        ("test/w5/cause", "renumbered"),
    }
    assert all(change["reason"] and change["before"] for change in changes)
    assert (fixed.rows, fixed.quarantined, fixed.changes) == (5, 3, 4)
    assert fixed.rows + fixed.quarantined == len(rows), "every row is accounted for"

    tuned = [pq.read_table(file).num_rows for file in (tmp_path / "fixed" / "sft").glob("*.parquet")]
    assert sum(tuned) == 5 and fixed.fine_tuning == 3
    manifest = json.loads((tmp_path / "fixed" / "manifest.json").read_text())
    for name, entry in manifest["files"].items():
        assert (tmp_path / "fixed" / name).stat().st_size == entry["bytes"]
    assert manifest["repair"]["quarantined"] == 3
    assert audit(tmp_path / "fixed", None, QUIET).passed, "a repaired set passes"


def test_repairing_twice_changes_nothing_more(tmp_path: Path) -> None:
    data = write_set(tmp_path / "set", [row(0), row(1, must_avoid=["EBR"]), row(2, ground_truth="{")])
    fix(data, tmp_path / "once", QUIET)
    again = fix(tmp_path / "once", tmp_path / "twice", QUIET)
    assert (again.changes, again.quarantined) == (0, 0)


def test_a_folder_in_use_is_not_overwritten(tmp_path: Path) -> None:
    data = write_set(tmp_path / "set", [row(0)])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("")
    with pytest.raises(InputError, match="in use already"):
        fix(data, tmp_path / "out", QUIET)


def test_a_repair_that_is_killed_leaves_no_whole_looking_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_set(tmp_path / "set", [row(number) for number in range(6)])
    from verl_wafersage.data_prep.audit import fix as module

    seen = 0

    def stop(*args: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen > 3:
            raise KeyboardInterrupt
        return []

    monkeypatch.setattr(module, "check_pictures", stop)
    with pytest.raises(KeyboardInterrupt):
        fix(data, tmp_path / "out", QUIET)
    whole = [file.name for file in (tmp_path / "out").rglob("*.parquet")]
    assert whole == ["test-00000-of-00001.parquet"], "only what was finished before has its name"
    assert not (tmp_path / "out" / "manifest.json").exists()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        if tag == "img":
            self.images.append(values.get("src") or "")
            assert values.get("alt")
        self.ids.add(values.get("id") or "")
        self.links.add((values.get("href") or "").removeprefix("#"))
        self.outside += [
            value for name, value in attrs if name in ("src", "href") and value and "//" in value[:8]
        ]
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_self_contained_and_escapes_what_it_shows(tmp_path: Path) -> None:
    rows = [row(0), row(1, "test", grid_of(0)), row(2, reference_answer="<script>alert(1)</script> nothing")]
    report = audit(write_set(tmp_path / "set", rows), tmp_path / "out", QUIET)
    assert report.counts["leak"] == 1 and report.counts["reference"] == 1
    text = (tmp_path / "out" / "report.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.open == [] and page.outside == []
    assert page.links <= page.ids, "every link has its target"
    assert len(page.images) == 1 and page.images[0].startswith("data:image/png;base64,iVBOR")
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert json.loads((tmp_path / "out" / "report.json").read_text())["passed"] is False


def test_labels_of_other_trades_are_no_concern_of_the_wafer_checks(tmp_path: Path) -> None:
    rows = [row(number, wafer_labels=("crack",)) for number in range(40)]
    assert found(audit(write_set(tmp_path / "set", rows), None)) == {}


def test_several_processes_find_the_same_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verl_wafersage.data_prep.audit.run.FEW_ROWS", 0)
    rows = [row(number, must_hit=["edge bead removal", "n/a"][: 1 + number % 2]) for number in range(600)]
    data = write_set(tmp_path / "set", [*rows, row(600, "test", grid_of(3))])
    one = audit(data, tmp_path / "one", AuditOptions(noise=False))
    two = audit(data, tmp_path / "two", AuditOptions(noise=False, workers=2))
    assert found(one) == {"filler": 300, "leak": 1}
    assert one.to_json() == two.to_json()
    assert (tmp_path / "one" / "findings.jsonl").read_bytes() == (
        tmp_path / "two" / "findings.jsonl"
    ).read_bytes()


def test_sampling_is_stable_and_said(tmp_path: Path) -> None:
    data = write_set(tmp_path / "set", [row(number) for number in range(40)])
    first, second = (audit(data, None, AuditOptions(sample=0.5, noise=False)) for _ in range(2))
    assert 8 < first.scored < 32 and first.scored == second.scored
    assert "sample of 50%" in first.notes[0]


def test_what_conflicts_is_read_as_the_reward_reads_it() -> None:
    hits = ["rim", "center is clear", "upper left", "no gap"]
    rubric = {"version": 1, "dimension": "spatial", "must_hit": hits,
              "must_avoid": ["periphery", "center", "upper right", "lower left", "gap", "no"]}  # fmt: skip
    read = {("conflict", "spatial", "rim", "periphery"), ("contained", "spatial", "no gap", "gap")}
    assert set(conflicts(json.dumps(rubric))) == read
    searched = read | {("contained", "spatial", "center is clear", "center")}
    assert set(conflicts(json.dumps(rubric), plain=True)) == searched


def test_the_label_of_a_normal_wafer_is_no_filler_and_elsewhere_it_is() -> None:
    normal = {"version": 1, "dimension": "defect_type", "labels": ["None"],
              "must_hit": [{"any_of": ["None", "no pattern"]}], "must_avoid": ["Donut", "n/a"]}  # fmt: skip
    fixed, changes = mend(normal)
    assert fixed["must_hit"] == normal["must_hit"]
    assert [change.before for change in changes] == ["n/a"]
    fixed, _ = mend(normal | {"labels": ["Donut"]})
    assert fixed["must_hit"] == [{"any_of": ["no pattern"]}]


@pytest.mark.parametrize("source", ["synthetic", "mixedwm38", "wm811k"])
def test_what_convert_writes_passes(source: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = None
    if source != "synthetic":
        data = request.getfixturevalue("shared_data")
        name = (
            "MixedWM38_small_4_per_class.npz" if source == "mixedwm38" else "WM811K_small_8_per_class.parquet"
        )
        path = data / name
    convert(source, path, tmp_path / "set", ConvertOptions(count=40))
    report = audit(tmp_path / "set", tmp_path / "out")
    failing = {check: report.shown[check][:2] for check in found(report) if CHECKS[check][0] == "fail"}
    assert not failing


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "none", "no such file or folder"),
        (lambda folder: folder, r"no \*\.parquet files"),
        (lambda folder: (folder / "a.parquet").write_bytes(b"PAR1 no") and folder, "no readable parquet"),
        (
            lambda folder: pq.write_table(pa.table({"x": [1]}), folder / "a.parquet") or folder,
            "no column 'prompt'",
        ),
        (lambda folder: write_set(folder, []), "has no rows"),
    ],
)
def test_what_is_no_data_set_is_one_clear_line(make: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        audit(make(tmp_path), None, QUIET)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: AuditOptions(sample=0.0), "sample"),
        (lambda: AuditOptions(sample=2.0), "sample"),
        (lambda: RowOptions(threshold=1.5), "threshold"),
        (lambda: RowOptions(reward="best"), "reward"),
    ],
)
def test_bad_options_are_refused_by_name(make: Any, field: str) -> None:
    with pytest.raises(InputError, match=f"field {field}"):
        make()


def test_the_command_tells_by_its_exit_status(tmp_path: Path) -> None:
    good = write_set(tmp_path / "good", [row(0), row(1)])
    bad = write_set(tmp_path / "bad", [row(0), row(1, must_hit=["edge bead removal", "n/a"])])
    run = CliRunner().invoke
    passed = run(app, ["audit", str(good), "--no-noise", "--json"])
    assert passed.exit_code == 0, passed.output
    assert json.loads(passed.stdout)["passed"] is True
    assert (tmp_path / "good-audit" / "report.html").is_file()
    failed = run(app, ["audit", str(bad), "--no-noise", "--fix"])
    assert failed.exit_code == 1
    assert "2 rows kept" in failed.output and (tmp_path / "bad-repaired" / "manifest.json").is_file()
    assert run(app, ["audit", str(tmp_path / "bad-repaired"), "--no-noise"]).exit_code == 0
