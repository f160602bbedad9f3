"""The rollout server with verl's real configuration objects, without Ray around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("verl")
torch = pytest.importorskip("torch")

from hydra import compose, initialize_config_module  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from verl_wafersage.cpu.server import TransformersServer  # noqa: E402
from verl_wafersage.errors import InputError, WaferSageError  # noqa: E402

PROMPT = [1, 40, 41, 42, 43]


@pytest.fixture(scope="module")
def config(tiny_model: Path) -> Any:
    overrides = [f"wafersage.model={tiny_model}", "wafersage.data_dir=/data", "data.max_response_length=24"]
    with initialize_config_module("verl.trainer.config", version_base=None):
        whole = compose("ppo_trainer", overrides=["+recipe=wafersage_cpu", *overrides])
    return OmegaConf.create(OmegaConf.to_container(whole.actor_rollout_ref, resolve=True))


def serve(config: Any, use: Callable[[TransformersServer], Awaitable[Any]], **rollout: Any) -> Any:
    """Run `use` against a fresh server."""

    async def session() -> Any:
        settings = config.rollout.copy()
        settings.update(rollout)
        server = TransformersServer(settings, config.model, 0, "cpu")
        await server.launch()
        return await use(server)

    return asyncio.run(session())


def params(**changes: Any) -> dict[str, Any]:
    return {
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": -1,
        "repetition_penalty": 1.0,
        "logprobs": True,
        **changes,
    }


def test_concurrent_requests_share_batches(config: Any) -> None:
    batches: list[int] = []

    async def use(server: TransformersServer) -> Any:
        generate = server.generator.generate
        server.generator.generate = lambda requests, **k: (  # type: ignore[method-assign]
            batches.append(len(requests)) or generate(requests, **k)
        )
        calls = [server.generate([*PROMPT, 50 + i % 3], params(), str(i)) for i in range(20)]
        return await asyncio.gather(*calls)

    outputs = serve(config, use, max_num_seqs=16)
    assert batches == [16, 4]
    assert all(len(o.token_ids) == len(o.log_probs) > 0 for o in outputs)
    assert {o.stop_reason for o in outputs} == {"completed"}
    assert len({tuple(o.token_ids) for o in outputs}) > 15, "answers of a group differ"


def test_answers_repeat_with_the_seed_and_change_with_the_weights_version(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        first = await server.generate(PROMPT, params(), "a")
        await server.set_global_steps(1)
        return first, await server.generate(PROMPT, params(), "b")

    (one, later), (again, _) = serve(config, use), serve(config, use)
    assert one.token_ids == again.token_ids
    assert one.token_ids != later.token_ids
    assert (one.extra_fields["global_steps"], later.extra_fields["global_steps"]) == (None, 1)


def test_abort_returns_partial_answers_and_holds_new_ones_until_resume(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        running = asyncio.create_task(server.generate(PROMPT, params(ignore_eos=True, max_tokens=400), "a"))
        while not server._busy.locked():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await server.abort_all_requests()
        partial = await running
        held = asyncio.create_task(server.generate(PROMPT, params(), "b"))
        await asyncio.sleep(0.2)
        assert not held.done()
        await server.resume_generation()
        return partial, await held

    partial, held = serve(config, use, response_length=400)
    assert partial.stop_reason == "aborted"
    assert 0 < len(partial.token_ids) < 400
    assert held.stop_reason == "completed"


def test_a_server_that_leaves_rotation_rejects(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        await server.abort_all_requests(reject_request=True)
        return await server.generate(PROMPT, params(), "a")

    output = serve(config, use)
    assert (output.token_ids, output.stop_reason) == ([], "aborted")


def test_a_caller_who_gave_up_does_not_wedge_the_server(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        gone, waiting = (asyncio.create_task(server.generate(PROMPT, params(), name)) for name in "ab")
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        await server.abort_all_requests()
        await server.resume_generation()
        return await waiting, await server.generate(PROMPT, params(), "c")

    aborted, later = serve(config, use)
    assert (aborted.stop_reason, later.stop_reason) == ("aborted", "completed")


def test_weights_replace_the_model_and_none_may_be_missing(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        state = {
            name: torch.zeros_like(tensor) for name, tensor in server.generator.model.state_dict().items()
        }
        names = sorted(state)
        await server.update_weights({name: state[name] for name in names[:5]}, final=False)
        await server.update_weights({name: state[name] for name in names[5:]}, final=True)
        assert all(not tensor.any() for tensor in server.generator.model.state_dict().values())
        with pytest.raises(WaferSageError, match="did not send"):
            await server.update_weights({name: state[name] for name in names[1:]}, final=True)
        with pytest.raises(WaferSageError, match=r"lacks: \['nonsense'\]"):
            await server.update_weights({"nonsense": torch.zeros(1)}, final=True)

    serve(config, use)


@pytest.mark.parametrize(
    ("prompt", "changes", "field"),
    [
        (list(range(8, 600)), {}, "prompt"),
        (PROMPT, {"repetition_penalty": 1.2}, "repetition_penalty"),
        (PROMPT, {"top_p": 3.0}, "top_p"),
    ],
)
def test_impossible_requests_are_refused(config: Any, prompt: Any, changes: Any, field: str) -> None:
    async def use(server: TransformersServer) -> Any:
        with pytest.raises(InputError) as refused:
            await server.generate(prompt, params(**changes), "a")
        assert refused.value.field == field
        return await server.generate(PROMPT, params(), "b")

    assert serve(config, use).stop_reason == "completed"


def test_a_failing_batch_fails_its_callers_and_no_others(config: Any) -> None:
    async def use(server: TransformersServer) -> Any:
        generate = server.generator.generate
        server.generator.generate = lambda *_a, **_k: 1 / 0  # type: ignore[method-assign,assignment]
        with pytest.raises(ZeroDivisionError):
            await server.generate(PROMPT, params(), "a")
        server.generator.generate = generate  # type: ignore[method-assign]
        return await server.generate(PROMPT, params(), "b")

    assert serve(config, use).stop_reason == "completed"
