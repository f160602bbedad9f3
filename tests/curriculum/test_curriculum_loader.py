"""verl's data set and torchdata's real loader around the sampler: order, resume, refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")
pytest.importorskip("torchdata")

import datasets
import torch
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from torchdata.stateful_dataloader import StatefulDataLoader
from verl.trainer.ppo.utils import create_rl_dataset, create_rl_sampler
from verl.utils.dataset.rl_dataset import collate_fn

from verl_wafersage.curriculum import run
from verl_wafersage.curriculum.dataset import POSITION, CurriculumDataset
from verl_wafersage.errors import InputError

PROMPTS, BATCH, EPOCHS = 22, 4, 3
STEPS = EPOCHS * (PROMPTS // BATCH)


def rows(count: int = PROMPTS) -> list[dict[str, Any]]:
    return [
        {
            "data_source": "test/x",
            "prompt": [{"role": "user", "content": f"question {k}"}],
            "extra_info": {
                "index": k,
                "id": f"row-{k}",
                "difficulty": (k * 7 % count) / count,
                "dimension": ["spatial", "full"][k % 2],
                "stream": ["review", "learning"][k % 2],
            },
        }
        for k in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    datasets.Dataset.from_list(rows()).to_parquet(tmp_path / "train.parquet")
    datasets.Dataset.from_list(rows(5)).to_parquet(tmp_path / "val.parquet")
    return tmp_path


@pytest.fixture(autouse=True)
def fresh_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(run, "_current", run.Run())
    yield


def config(folder: Path, curriculum: dict[str, Any] | None = None, **data: Any) -> DictConfig:
    """The keys of `config.data` that the trainer reads."""
    node = {"total_epochs": EPOCHS, "total_training_steps": None, **(curriculum or {})}
    return OmegaConf.create(
        {
            "custom_cls": {"path": "pkg://verl_wafersage.curriculum.dataset", "name": "CurriculumDataset"},
            "train_files": str(folder / "train.parquet"),
            "val_files": str(folder / "val.parquet"),
            "train_batch_size": BATCH,
            "dataloader_num_workers": 0,
            "filter_overlong_prompts": False,
            "shuffle": False,
            "cache_dir": str(folder / "cache"),
            "curriculum": node,
            **data,
        }
    )


def loader(data: DictConfig) -> StatefulDataLoader:
    """As verl's trainer builds it."""
    dataset = create_rl_dataset(data.train_files, data, None, None, is_train=True)
    return StatefulDataLoader(
        dataset=dataset,
        batch_size=data.get("gen_batch_size") or data.train_batch_size,
        num_workers=data.dataloader_num_workers,
        drop_last=True,
        collate_fn=collate_fn,
        sampler=create_rl_sampler(data, dataset),
    )


class Trainer:
    """Fetches batches as verl's trainer does: it begins a new epoch when the old one is over."""

    def __init__(self, data: DictConfig) -> None:
        self.loader = loader(data)
        self._batches: Iterator[Any] | None = None

    def fetch(self) -> list[int]:
        if self._batches is None:
            self._batches = iter(self.loader)
        try:
            batch = next(self._batches)
        except StopIteration:
            self._batches = iter(self.loader)
            batch = next(self._batches)
        return [int(position) for position in batch[POSITION]]

    def save(self, file: Path) -> None:
        torch.save(self.loader.state_dict(), file)

    def load(self, file: Path) -> None:
        self.loader.load_state_dict(torch.load(file, weights_only=False))


@pytest.mark.parametrize("strategy", ["shuffled", "staged", "interleaved"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_resume_at_any_step_and_again_equals_no_interruption(
    folder: Path, strategy: str, shuffle: bool
) -> None:
    data = config(folder, {"strategy": strategy}, shuffle=shuffle, seed=3)
    whole = Trainer(data)
    expected = [whole.fetch() for _ in range(STEPS)]
    for first in range(STEPS):
        once = Trainer(data)
        order = [once.fetch() for _ in range(first)]
        once.save(folder / "data.pt")
        twice = Trainer(data)
        twice.load(folder / "data.pt")
        second = min(STEPS, first + 2)  # within the same epoch, or over its end
        order += [twice.fetch() for _ in range(first, second)]
        twice.save(folder / "data.pt")
        last = Trainer(data)
        last.load(folder / "data.pt")
        order += [last.fetch() for _ in range(second, STEPS)]
        assert order == expected, f"interrupted after steps {first} and {second}"


def test_every_epoch_is_another_part_of_one_schedule(folder: Path) -> None:
    trainer = Trainer(config(folder, {"overlap": 0.0}))
    positions = [position for _ in range(STEPS) for position in trainer.fetch()]
    levels = trainer.loader.dataset.sampler.catalog.level[positions]
    assert levels[0] == 0 and levels[-1] == 2 and (levels[1:] >= levels[:-1]).all()


def test_rows_are_the_ones_their_position_says(folder: Path) -> None:
    dataset = loader(config(folder)).dataset
    for item in range(5):
        row = dataset[item]
        assert row["extra_info"]["index"] == row["index"] == row[POSITION]


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_curriculum_loader import Trainer, config
folder = Path(sys.argv[2])
trainer = Trainer(config(folder))
if (folder / "data.pt").exists():
    trainer.load(folder / "data.pt")
while True:
    batch = trainer.fetch()
    trainer.save(folder / "draft.pt")
    (folder / "draft.pt").rename(folder / "data.pt")
    print(*batch, flush=True)
"""


def test_order_survives_being_killed(folder: Path) -> None:
    uninterrupted = Trainer(config(folder))
    expected = [uninterrupted.fetch() for _ in range(9)]
    served: list[list[int]] = []
    for stop in (2, 7):  # the second life crosses the end of an epoch
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line[:1].isdigit():
                served.append([int(number) for number in line.split()])
                if len(served) >= stop:
                    break
        process.send_signal(signal.SIGKILL)
        process.wait()
        # It may have saved and died before we read the line.
        rest = [line for line in process.stdout if line[:1].isdigit() and line.endswith("\n")]
        served += [[int(number) for number in line.split()] for line in rest]
        saved = torch.load(folder / "data.pt", weights_only=True)["dataset_state"]["clock"]["served"]
        del served[saved // BATCH :]
        while len(served) < saved // BATCH:
            served.append(expected[len(served)])  # saved, never printed
    last = Trainer(config(folder))
    last.load(folder / "data.pt")
    while len(served) < 9:
        served.append(last.fetch())
    assert served[:9] == expected


def test_changed_data_is_refused_before_anything_is_loaded(folder: Path) -> None:
    checkpoint = folder / "checkpoints" / "global_step_2"
    checkpoint.mkdir(parents=True)
    (checkpoint.parent / "latest_checkpointed_iteration.txt").write_text("2")
    where = {"dir": str(checkpoint.parent), "mode": "auto", "path": None}
    trainer = Trainer(config(folder, {"checkpoint": where}))
    trainer.fetch(), trainer.fetch()
    trainer.save(checkpoint / "data.pt")
    Trainer(config(folder, {"checkpoint": where}))  # the same data pass
    datasets.Dataset.from_list(rows(24)).to_parquet(folder / "train.parquet")
    with pytest.raises(InputError, match=r"data\.train_files.*22 prompts then, 24 now.*on_mismatch=restart"):
        Trainer(config(folder, {"checkpoint": where}))
    by_path = {"dir": None, "mode": "resume_path", "path": str(checkpoint)}
    with pytest.raises(InputError, match="22 prompts then, 24 now"):
        Trainer(config(folder, {"checkpoint": by_path}))
    Trainer(config(folder, {"checkpoint": where | {"mode": "disable"}}))
    restarted = Trainer(config(folder, {"checkpoint": where, "on_mismatch": "restart"}))
    restarted.load(checkpoint / "data.pt")
    assert len(restarted.fetch()) == BATCH


def test_changed_data_is_refused_by_the_loader_too(folder: Path) -> None:
    trainer = Trainer(config(folder))
    trainer.fetch()
    trainer.save(folder / "data.pt")
    shuffled = rows()[::-1]
    datasets.Dataset.from_list(shuffled).to_parquet(folder / "train.parquet")
    other = Trainer(config(folder))
    other.load(folder / "data.pt")
    with pytest.raises(InputError, match="training data changed"):
        other.fetch()


def test_another_batch_size_goes_on_where_it_was(folder: Path) -> None:
    whole = Trainer(config(folder, {"strategy": "shuffled"}))
    expected = [position for _ in range(10) for position in whole.fetch()]
    before = Trainer(config(folder, {"strategy": "shuffled"}))
    served = [position for _ in range(3) for position in before.fetch()]
    before.save(folder / "data.pt")
    after = Trainer(config(folder, {"strategy": "shuffled"}, train_batch_size=6))
    after.load(folder / "data.pt")
    served += [position for _ in range(4) for position in after.fetch()]
    assert served == expected[:36]


@pytest.mark.parametrize("same_files", [False, True])
def test_validation_is_left_alone(folder: Path, same_files: bool) -> None:
    data = config(folder, {"strategy": "shuffled"})
    if same_files:
        data.val_files = data.train_files
    training = create_rl_dataset(data.train_files, data, None, None, is_train=True)
    validation = create_rl_dataset(data.val_files, data, None, None, is_train=False)
    assert isinstance(validation, CurriculumDataset)
    order = [validation[k]["extra_info"]["index"] for k in range(5)]
    assert order == list(range(5)) and POSITION not in validation[0]
    assert validation.state_dict() == {}
    assert {training[0][POSITION] for _ in range(PROMPTS)} == set(range(PROMPTS))


def test_difficulty_is_read_without_decoding_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictured = [{**row, "images": [Image.new("RGB", (32, 32))]} for row in rows()]
    features = datasets.Dataset.from_list(rows()).features | {"images": datasets.List(datasets.Image())}
    datasets.Dataset.from_list(pictured, features=datasets.Features(features)).to_parquet(
        folder / "train.parquet"
    )

    def decode(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(datasets.Image, "decode_example", decode)
    dataset = create_rl_dataset(str(folder / "train.parquet"), config(folder), None, None)
    assert len(dataset.sampler.catalog) == PROMPTS


def test_rows_filtered_out_do_not_shift_positions(folder: Path) -> None:
    class Few(CurriculumDataset):
        def maybe_filter_out_long_prompts(self, dataframe: Any = None) -> Any:
            return dataframe.filter(lambda row: row["extra_info"]["index"] % 3 == 0)

    data = config(folder)
    dataset = Few(data.train_files, None, data, None)
    for item in range(len(dataset)):
        row = dataset[item]
        catalog = dataset.sampler.catalog
        assert catalog.difficulty[row[POSITION]] == row["extra_info"]["difficulty"]


def test_a_measured_column_and_level_names_serve_as_difficulty(folder: Path) -> None:
    plain = [{**row, "measured": ["hard", "easy"][k % 2]} for k, row in enumerate(rows())]
    for row in plain:
        row["extra_info"] = {"index": row["extra_info"]["index"]}
    datasets.Dataset.from_list(plain).to_parquet(folder / "train.parquet")
    trainer = Trainer(config(folder, {"difficulty_key": "measured", "overlap": 0.0}))
    assert all(position % 2 == 1 for position in trainer.fetch())


@pytest.mark.parametrize(
    ("curriculum", "data", "message"),
    [
        ({"strategy": "easy"}, {}, r"data\.curriculum\.strategy: 'easy' is not possible; choose one of"),
        ({"strategy": "interleaved", "review_ratio": 2}, {}, r"data\.curriculum\.review_ratio"),
        ({"difficulty_key": "extra_info.hardness"}, {}, r"difficulty_key.*no column.*profile"),
        (
            {"strategy": "interleaved", "stream_key": "extra_info.x"},
            {},
            r"stream_key.*no column.*strategy=staged",
        ),
        ({"class_key": "labels", "class_weights": {"a": 1}}, {}, r"class_key.*no column 'labels'"),
        ({}, {"dataloader_num_workers": 2}, r"data\.dataloader_num_workers.*set it to 0"),
        ({"strategy": "adaptive"}, {}, r"custom_sampler.*pkg://verl_wafersage"),
        ({}, {"train_batch_size": 23}, r"data\.train_batch_size.*22 prompts"),
    ],
)
def test_bad_configuration_stops_while_the_data_is_loaded(
    folder: Path, curriculum: dict[str, Any], data: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Trainer(config(folder, curriculum, **data))


def test_shuffled_needs_no_difficulty(folder: Path) -> None:
    plain = [{key: row[key] for key in ("data_source", "prompt")} for row in rows()]
    datasets.Dataset.from_list(plain).to_parquet(folder / "train.parquet")
    trainer = Trainer(config(folder, {"strategy": "shuffled", "difficulty_key": "none"}))
    assert len({position for _ in range(5) for position in trainer.fetch()}) == 20


def test_the_recipe_declares_every_knob() -> None:
    from dataclasses import fields

    from verl_wafersage.curriculum.options import AdaptiveOptions, CurriculumOptions
    from verl_wafersage.curriculum.replay_buffer import BufferOptions

    part = OmegaConf.load(Path(__file__).parents[2] / "recipes" / "parts" / "curriculum.yaml")
    node = OmegaConf.to_container(part.data.curriculum, resolve=False)
    assert set(node) == {knob.name for knob in fields(CurriculumOptions)}
    assert set(node["adaptive"]) == {knob.name for knob in fields(AdaptiveOptions)}
    declared = OmegaConf.to_container(part.trainer.v1.sampler.sampler_kwargs, resolve=False)
    assert set(declared) == {knob.name for knob in fields(BufferOptions)}
    # What the recipe says is what the code does without a recipe.
    given = {name: value for name, value in node.items() if "${" not in str(value)}
    defaults = CurriculumOptions.parse({})
    assert CurriculumOptions.parse(given) == defaults
