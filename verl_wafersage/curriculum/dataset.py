"""verl's data set, served in the order of a curriculum.

`data.custom_cls: {path: pkg://verl_wafersage.curriculum.dataset, name: CurriculumDataset}`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import ListConfig
from verl.utils.dataset.rl_dataset import RLHFDataset

from verl_wafersage.errors import InputError

from .catalog import build_catalog
from .checkpoint import saved_curriculum
from .clock import Clock
from .columns import read_columns
from .options import CurriculumOptions
from .run import current_run, plain
from .sampler import CurriculumSampler

POSITION = "curriculum_position"
"""Column that travels with each served row: its position in the data set."""


class CurriculumDataset(RLHFDataset):
    """`RLHFDataset` whose training rows come in the curriculum's order, whatever position is asked for.

    verl's loader asks for 0, 1, 2, ... (or a permutation); each request is answered with the sampler's next
    prompt. With `data.dataloader_num_workers=0` the loader also saves and restores `state_dict`, so the order
    survives a crash inside verl's own `data.pt`. A validation set of the same class is left alone.
    """

    def __init__(
        self, data_files: Any, tokenizer: Any, config: Any, processor: Any = None, max_samples: int = -1
    ) -> None:
        self.sampler: CurriculumSampler | None = None
        run = current_run()
        training = _serves_training(data_files, config, already=run.sampler is not None)
        options = _options(config, run.has_buffer) if training else None
        super().__init__(data_files, tokenizer, config, processor, max_samples)
        if options is None:
            return
        catalog = build_catalog(read_columns(self.dataframe, options), options)
        batch_size = int(config.get("train_batch_size", 1))
        clock = Clock(_total_steps(len(self), batch_size, options), batch_size, by_steps=run.has_buffer)
        self.sampler = run.sampler = CurriculumSampler(catalog, options, clock)
        run.decode = lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True))
        saved = saved_curriculum(options.checkpoint)
        problem = None if saved is None else self.sampler.mismatch(saved)
        if problem is not None and options.on_mismatch == "refuse":
            raise problem

    def __getitem__(self, item: int) -> dict[str, Any]:
        """The sampler's next row when training, row `item` otherwise."""
        if self.sampler is None:
            return dict(super().__getitem__(item))
        position = self.sampler.next_index()
        row = dict(super().__getitem__(position))
        row[POSITION] = position
        return row

    def state_dict(self) -> dict[str, Any]:
        """State of the curriculum, plain JSON types; empty for validation."""
        return {} if self.sampler is None else self.sampler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the state was taken; see `CurriculumSampler.load_state_dict`."""
        if self.sampler is not None and state:
            self.sampler.load_state_dict(state)


def _serves_training(data_files: Any, config: Any, already: bool) -> bool:
    """Whether this is the training set, which verl does not say: the first one with the training files."""
    train, validation = _files(config.get("train_files")), _files(config.get("val_files"))
    if _files(data_files) != train:
        return False
    return not (already and train == validation)


def _files(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(name) for name in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]


def _options(config: Any, has_buffer: bool) -> CurriculumOptions:
    options = CurriculumOptions.parse(plain(config.get("curriculum")) or {}, config.get("seed"))
    if int(config.get("dataloader_num_workers", 0)) > 0:
        raise InputError(
            "worker processes would each serve the whole order, ahead of what was learnt",
            field="data.dataloader_num_workers",
            remedy="set it to 0",
        )
    if options.strategy == "adaptive" and not has_buffer:
        raise InputError(
            "strategy=adaptive needs the rewards that only our replay buffer reports",
            field="trainer.v1.sampler.custom_sampler",
            remedy="set path=pkg://verl_wafersage.curriculum.replay_buffer name=CurriculumReplayBuffer",
        )
    return options


def _total_steps(prompts: int, batch_size: int, options: CurriculumOptions) -> int:
    """Training steps of the run, as verl counts them."""
    per_epoch = prompts // batch_size
    if per_epoch == 0:
        raise InputError(
            f"the training data has {prompts} prompts, fewer than one batch of {batch_size}",
            field="data.train_batch_size",
            remedy="lower it, or give more data",
        )
    steps = options.total_training_steps
    if options.total_epochs is None:
        return steps or per_epoch
    return min(per_epoch * options.total_epochs, steps or per_epoch * options.total_epochs)


__all__ = ["POSITION", "CurriculumDataset"]
