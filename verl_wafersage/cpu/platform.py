"""The verl platform `cpu`, used only when `VERL_PLATFORM=cpu`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from verl.plugin.platform.platform_base import PlatformBase
from verl.plugin.platform.platform_manager import PlatformRegistry

_ENGINE_DEVICE_VARIABLE = "VERL_ENGINE_DEVICE"


def activate_cpu_platform() -> None:
    """Register the platform and open the two doors verl keeps shut for it.

    verl registers its FSDP engines for `cuda` and `npu` only, but looks them up by an official variable;
    and it asks torch for the process group `cpu:gloo,<device>:<backend>`, which on this platform names
    the CPU twice.
    """
    PlatformRegistry.register("cpu")(CpuPlatform)
    os.environ.setdefault(_ENGINE_DEVICE_VARIABLE, "cuda")
    # Where flash attention is installed verl would launch its GPU kernel on our tensors.
    os.environ.setdefault("VERL_DISABLE_FLASH_ATTN_CE", "1")
    _accept_repeated_backend()


def _accept_repeated_backend() -> None:
    original = torch.distributed.init_process_group
    if getattr(original, "accepts_repeated_backend", False):
        return

    def init_process_group(backend: str | None = None, *args: Any, **kwargs: Any) -> None:
        if backend is not None:
            backend = ",".join(dict.fromkeys(backend.split(",")))
        original(backend, *args, **kwargs)

    init_process_group.accepts_repeated_backend = True  # type: ignore[attr-defined]
    torch.distributed.init_process_group = init_process_group


class CpuPlatform(PlatformBase):
    """The processor as verl's only device; memory counters read 0."""

    @property
    def device_name(self) -> str:
        """The torch device type."""
        return "cpu"

    @property
    def vendor_name(self) -> str:
        """The vendor under which engines are looked up."""
        return "cpu"

    @property
    def device_module(self) -> ModuleType:
        """What stands in for `torch.cuda`."""
        return _DEVICE_MODULE

    def is_available(self) -> bool:
        """Always: this is the processor we run on."""
        return True

    def is_platform_available(self, use_smi_check: bool = False) -> bool:
        """Never detected by itself: only `VERL_PLATFORM=cpu` chooses it."""
        return False

    def current_device(self) -> torch.device:
        """A device rather than an index: verl passes it to `.to()`, where 0 would mean the first GPU."""
        return torch.device("cpu")

    def device_count(self) -> int:
        """One."""
        return 1

    def set_device(self, device_index: int) -> None:
        """Nothing to select."""

    def synchronize(self, device_index: int | None = None) -> None:
        """Nothing runs asynchronously."""

    def manual_seed(self, seed: int) -> None:
        """Seed torch's default generator."""
        torch.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        """Seed torch's default generator."""
        torch.manual_seed(seed)

    def set_allocator_settings(self, settings: str) -> None:
        """No allocator to configure."""

    def empty_cache(self) -> None:
        """No cache to empty."""

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        """No compute capability."""
        return None, None

    def communication_backend_name(self) -> str:
        """Gloo is the collective backend that runs on processors."""
        return "gloo"

    def visible_devices_envvar(self) -> str:
        """Name of the variable verl sets for its workers; harmless here."""
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        """No profiler range."""
        yield

    def profiler_start(self) -> None:
        """No profiler."""

    def profiler_stop(self) -> None:
        """No profiler."""

    def ray_resource_name(self) -> str:
        """A logical GPU: verl's resource pools count no other kind (start Ray with `num_gpus`)."""
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        """Variables that keep Ray from hiding devices."""
        return []

    def is_ipc_supported(self) -> bool:
        """Tensors are not shared between processes by handle."""
        return False

    def cudart(self) -> None:
        """No CUDA runtime."""


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    return None


def _zero(*_args: Any, **_kwargs: Any) -> int:
    return 0


def _device_module() -> ModuleType:
    """Build the namespace verl uses in place of `torch.cuda`: `torch.cpu` where it has an answer."""
    module = ModuleType("verl_wafersage.cpu.device")
    names: dict[str, Any] = {
        "Event": torch.cpu.Stream,
        "Stream": torch.cpu.Stream,
        "current_device": lambda: torch.device("cpu"),
        "current_stream": torch.cpu.current_stream,
        "device_count": lambda: 1,
        "get_device_name": lambda *_: "cpu",
        "get_device_properties": lambda *_: SimpleNamespace(name="cpu", total_memory=0),
        "get_rng_state": lambda *_: torch.get_rng_state(),
        "set_rng_state": lambda state, *_: torch.set_rng_state(state),
        "is_available": lambda: True,
        "manual_seed": torch.manual_seed,
        "manual_seed_all": torch.manual_seed,
        "mem_get_info": lambda *_: (0, 0),
        "memory_stats": lambda *_: {},
        "stream": torch.cpu.stream,
    }
    names |= dict.fromkeys(("empty_cache", "ipc_collect", "set_device", "synchronize"), _nothing)
    names |= dict.fromkeys(("reset_peak_memory_stats", "reset_max_memory_allocated"), _nothing)
    names |= dict.fromkeys(
        ("memory_allocated", "memory_reserved", "max_memory_allocated", "max_memory_reserved"), _zero
    )
    vars(module).update(names)
    return module


_DEVICE_MODULE = _device_module()
