"""verl's side of the transformers rollout: the replica that starts servers, the adapter that feeds them."""

from __future__ import annotations

import os
from typing import Any

import ray
import torch
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from verl.plugin.platform import get_platform
from verl.utils.device import get_device_name, get_resource_name
from verl.workers.rollout.base import BaseRollout
from verl.workers.rollout.replica import RolloutReplica
from verl.workers.rollout.utils import ensure_async_iterator

from ..errors import InputError
from .server import TransformersServer

NAME = "transformers"
"""Value of `actor_rollout_ref.rollout.name`."""


def _actor_name(replica_rank: int) -> str:
    return f"{NAME}_server_{replica_rank}_0"


class TransformersReplica(RolloutReplica):
    """One server for each group of rollout ranks (a single process: no tensor parallelism)."""

    async def launch_servers(self) -> None:
        """Start the server beside the first of this replica's workers."""
        if self.world_size != 1:
            raise InputError(
                f"{self.world_size} ranks a replica",
                field="actor_rollout_ref.rollout.tensor_model_parallel_size",
                remedy=f"the rollout {NAME!r} is one process: set tensor, data and pipeline size to 1",
            )
        resource = get_resource_name()
        node_id, devices = await self.workers[0].__ray_call__.remote(
            lambda _: (
                ray.get_runtime_context().get_node_id(),
                ray.get_runtime_context().get_accelerator_ids().get(resource, []),
            )
        )
        server = (
            ray.remote(TransformersServer)
            .options(
                name=_actor_name(self.replica_rank),
                num_cpus=0,
                max_concurrency=self.max_concurrency,
                runtime_env={"env_vars": _server_environment(devices)},
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node_id, soft=False),
            )
            .remote(self.config, self.model_config, self.replica_rank, get_device_name())
        )
        await server.launch.remote()
        self.servers = [server]
        self._server_handle = server
        self._server_address = _actor_name(self.replica_rank)


def _server_environment(devices: list[str]) -> dict[str, str]:
    """Let a server on an accelerator see its worker's device, though Ray reserves none for it."""
    platform = get_platform()
    if get_device_name() == "cpu" or not devices:
        return {}
    hidden = dict.fromkeys(platform.ray_noset_envvars(), "1")
    return {**hidden, platform.visible_devices_envvar(): ",".join(devices)}


class ServerAdapter(BaseRollout):
    """Lives in each trainer process and sends the trained weights to this rank's server."""

    def __init__(self, config: Any, model_config: Any, device_mesh: Any, replica_rank: int = -1) -> None:
        super().__init__(config, model_config, device_mesh)
        self.replica_rank = int(os.environ["RANK"]) if replica_rank == -1 else replica_rank
        self._server: Any = None

    def _handle(self) -> Any:
        # The server starts after this object.
        if self._server is None:
            self._server = ray.get_actor(_actor_name(self.replica_rank))
        return self._server

    async def resume(self, tags: list[str]) -> None:
        """Wake the server."""
        await self._handle().wake_up.remote(tags=tags)

    async def release(self) -> None:
        """Put the server to sleep."""
        await self._handle().sleep.remote()

    @torch.no_grad()
    async def update_weights(
        self,
        weights: Any,
        wire_format: str = "named_tensors",
        global_steps: int | None = None,
        peft_config: Any = None,
        **_: Any,
    ) -> None:
        """Send all weights in parts of bounded size.

        Args:
            weights: Yields (name, tensor) with Hugging Face names.
            wire_format: Only `named_tensors`.
            global_steps: Version of the weights.
            peft_config: Given when verl sends a LoRA adapter instead of merged weights.

        Raises:
            InputError: For a delta format or an unmerged adapter.
        """
        if wire_format != "named_tensors":
            raise InputError(f"{wire_format!r} is not supported", field="wire_format")
        if peft_config is not None:
            raise InputError(
                f"the rollout {NAME!r} takes merged weights, not an adapter",
                field="actor_rollout_ref.model.lora.merge",
                remedy="set it to true",
            )
        limit = self.config.checkpoint_engine.update_weights_bucket_megabytes << 20
        server = self._handle()
        part: dict[str, torch.Tensor] = {}
        size = 0
        async for name, tensor in ensure_async_iterator(weights):
            nbytes = tensor.numel() * tensor.element_size()
            if part and size + nbytes > limit:
                await server.update_weights.remote(part, final=False)
                part, size = {}, 0
            # A copy: the trainer may reuse the memory before Ray has serialised it.
            part[name] = tensor.detach().to("cpu", copy=True).contiguous()
            size += nbytes
        await server.update_weights.remote(part, final=True)
        await server.clear_kv_cache.remote()
        if global_steps is not None:
            await server.set_global_steps.remote(global_steps)
