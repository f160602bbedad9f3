"""The report in a real browser: it runs its own script, no other, and its table can be searched."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from made_run import HOSTILE, MadeRun
from PIL import Image

from verl_wafersage.evaluation.report import write_report

pytest.importorskip("jinja2")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]


def browse(page: Path, tmp_path: Path, *options: str) -> str:
    """Open a page in headless Chromium and return what it prints."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=4000",
        f"--user-data-dir={tmp_path / 'profile'}",
        *options,
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module")
def run(made: Callable[..., MadeRun]) -> MadeRun:
    run = made(hacked=True, steps=50)
    file = run.folder / "validation" / "50.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines[::3]:
        line["output"] = HOSTILE
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


@pytest.fixture(scope="module")
def page(run: MadeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(
        run.folder, tmp_path_factory.mktemp("page") / "report.html", data_dir=run.data, title="Run"
    )


def test_it_opens_and_runs_only_its_own_script(page: Path, tmp_path: Path) -> None:
    dom = browse(page, tmp_path, "--dump-dom")
    assert "<title>Run · training report</title>" in dom
    # The page's own script ran: it pages the table and counts the answers.
    shown = re.search(r'<span id="count">(\d+) of (\d+) answers</span>', dom)
    assert shown and int(shown[1]) == int(shown[2]) > 100
    assert len(re.findall(r'<article class="answer"(?![^>]*hidden)', dom)) == 25
    assert "owned" in dom and "<title>owned" not in dom


def test_injected_script_is_refused_by_the_policy(page: Path, tmp_path: Path) -> None:
    text = page.read_text().replace("</body>", "<script>document.title = 'owned'</script></body>")
    bad = tmp_path / "bad.html"
    bad.write_text(text)
    assert "<title>owned" not in browse(bad, tmp_path, "--dump-dom")


def test_filters(page: Path, tmp_path: Path) -> None:
    # A test cannot click in a page it dumps: a script plays the reader, in a copy without the policy.
    script = """<script>
      const form = document.getElementById("filters"), told = {};
      const look = (name) => {
        form.dispatchEvent(new Event("input"));
        const rows = [...document.querySelectorAll("article.answer")].filter((row) => !row.hidden);
        told[name] = {count: document.getElementById("count").textContent,
                      rows: rows.map(({dataset, textContent}) =>
                        [dataset.split, dataset.step, Number(dataset.score), textContent])};
      };
      form.elements.split.value = "train"; look("train");
      form.elements.split.value = ""; form.elements.step.value = "50"; look("step");
      form.elements.step.value = ""; form.elements.text.value = "O'CLOCK scratch"; look("words");
      form.elements.text.value = "no such words at all"; look("none");
      form.elements.text.value = ""; form.elements.order.value = "up"; look("up");
      form.elements.order.value = ""; form.elements.kind.value = "gap"; look("gap");
      form.elements.kind.value = ""; look("all");
      document.getElementById("more").click();
      told.more = document.querySelectorAll("article.answer:not([hidden])").length;
      document.getElementById("theme").click();
      told.theme = document.documentElement.dataset.theme;
      const chart = document.querySelector("svg[data-chart]:not([data-chart=''])");
      const box = chart.getBoundingClientRect();
      chart.dispatchEvent(new PointerEvent("pointermove", {clientX: box.right - 20, clientY: box.top + 20}));
      told.tip = document.getElementById("tip").textContent;
      const pre = document.createElement("pre");
      pre.id = "told";
      pre.textContent = JSON.stringify(told);
      document.body.replaceChildren(pre);
    </script></body>"""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    played = tmp_path / "played.html"
    played.write_text(text.replace("</body>", script))
    dom = browse(played, tmp_path, "--dump-dom")
    found = re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[-2000:]
    told = json.loads(html.unescape(found[1]))
    assert {row[0] for row in told["train"]["rows"]} == {"train"}
    assert {row[1] for row in told["step"]["rows"]} == {"50"}
    assert told["words"]["rows"]
    assert all("scratch" in row[3].lower() and "o'clock" in row[3].lower() for row in told["words"]["rows"])
    assert told["none"]["count"].startswith("0 of ") and told["none"]["rows"] == []
    scores = [row[2] for row in told["up"]["rows"]]
    assert scores == sorted(scores)
    assert told["gap"]["rows"] and all(row[0] == "validation" for row in told["gap"]["rows"])
    assert told["more"] == 50
    assert told["theme"] == "dark"
    assert told["tip"].startswith("step 50")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (420, False), (1280, True)])
def test_it_is_drawn(page: Path, tmp_path: Path, width: int, dark: bool) -> None:
    shot = tmp_path / "page.png"
    options = [f"--screenshot={shot}", f"--window-size={width},1600", "--hide-scrollbars"]
    if dark:
        options.append("--blink-settings=preferredColorScheme=0")
    browse(page, tmp_path, *options)
    with Image.open(shot) as image:
        assert image.width == width
        colours = image.convert("RGB").getcolors(image.width * image.height)
        assert colours is not None and len(colours) > 200, "an empty page has a handful of colours"
        corner = image.convert("L").getpixel((3, 3))
        assert isinstance(corner, int) and (corner < 80) == dark
