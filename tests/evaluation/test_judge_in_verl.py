"""verl itself loads, awaits and averages the judge's reward."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import pytest
from evaluation_data import rubric
from servers import FaultyServer

pytest.importorskip("verl")

from omegaconf import OmegaConf


def reward_function(**options: Any) -> Any:
    from verl.trainer.ppo.reward import get_custom_reward_fn

    path = "pkg://verl_wafersage.reward_fns.judge"
    function = {"path": path, "name": "compute_score", "reward_kwargs": options}
    return get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": function}}))


def overall(grade: int) -> Any:
    return lambda body: json.dumps({"spatial": grade, "faithful": grade, "overall": grade})


def test_verl_awaits_it_with_options_out_of_the_configuration() -> None:
    options = {
        "judge_model": "any",
        "judge_weight": 0.0,
        "judge_splits": ["val", "test"],
        "judge_cache": None,
    }
    with FaultyServer(answer=overall(2)) as server:
        score = reward_function(judge_url=server.url, **options)
        assert inspect.iscoroutinefunction(score)

        async def rows() -> list[dict[str, float]]:
            fixed = {"data_source": "", "solution_str": "Along the edge.", "ground_truth": rubric()}
            extras = [{"split": split, "question": "Where?"} for split in ("train", "val", "test", "val")]
            calls = [score(**fixed, extra_info=extra) for extra in extras]
            return await asyncio.gather(*calls)

        train, *held = asyncio.run(rows())
        assert len(server.bodies) == 3
    assert train["judged"] == 0 and train["score"] == train["rule"]
    assert all(row["judged"] == 1 and row["judge"] == 0.2 and row["score"] == row["rule"] for row in held)


def test_the_recipes_part_for_the_alarm_makes_it_watch_validation_rows() -> None:
    from hydra import compose, initialize_config_module
    from verl.trainer.ppo.reward import get_custom_reward_fn

    with FaultyServer(answer=overall(3)) as server:
        judge = [f"wafersage.judge.url={server.url}", "wafersage.judge.model=any"]
        with initialize_config_module("verl.trainer.config", version_base=None):
            config = compose("ppo_trainer", overrides=["+recipe=[wafersage,parts/judge]", *judge])
        score = get_custom_reward_fn(config)
        row = {"data_source": "", "solution_str": "Along the edge.", "ground_truth": rubric()}
        val, train = (
            asyncio.run(score(**row, extra_info={"split": split, "question": "Where?"}))
            for split in ("val", "train")
        )
        assert len(server.bodies) == 1
    assert (val["judge"], val["judged"], train["judged"]) == (0.3, 1.0, 0.0)
    assert val["score"] == val["rule"] == train["score"]


def test_the_gap_reaches_verls_validation_metrics() -> None:
    from verl.trainer.ppo.metric_utils import process_validation_metrics

    with FaultyServer(["ok", "400", "ok"], answer=overall(4)) as server:
        score = reward_function(
            judge_url=server.url, judge_model="any", judge_weight=0.0, judge_splits=["val"]
        )

        async def rows() -> list[dict[str, float]]:
            found = []
            for number in range(3):
                row = {"split": "val", "question": f"Where, {number}?"}
                text = f"Along the edge, {number}."
                found.append(
                    await score(data_source="", solution_str=text, ground_truth=rubric(), extra_info=row)
                )
            return found

        found = asyncio.run(rows())
    infos = {key: [row[key] for row in found] for key in found[0]}
    source = "wafersage/x/spatial"
    metrics = process_validation_metrics([source] * 3, ["a", "b", "c"], infos)[source]
    judged, gap = metrics["judged"]["mean@1"], metrics["judge_gap"]["mean@1"]
    assert judged == pytest.approx(2 / 3)
    assert metrics["judge_failed"]["mean@1"] == pytest.approx(1 / 3)
    assert gap / judged == pytest.approx(found[0]["rule"] - 0.4)
