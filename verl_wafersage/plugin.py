"""What verl loads through the entry point group `verl.plugins`, in every process that imports it.

It puts the recipes on Hydra's search path, refuses a command line whose recipe cannot take effect, and
mends what would otherwise bite in verl 0.9.1. It must stay light and must not raise: verl swallows
exceptions of plugins, so what has to stop a run does so with `SystemExit`.
"""

from __future__ import annotations

import os
import sys

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from . import fixes, guard

RECIPE_SEARCH_PATH = "pkg://verl_wafersage"
"""The package that contains the config group `recipe`."""

NO_TELEMETRY = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Set unless the user has set them: nothing reports home unasked."""


class WaferSageSearchPath(SearchPathPlugin):
    """Adds our recipes to every Hydra application that runs in a process where verl was imported."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append our package after the application's own paths, so that nothing of theirs is shadowed."""
        search_path.append(provider="verl-wafersage", path=RECIPE_SEARCH_PATH)


def activate() -> None:
    """Register everything; called once per process when this module is imported by verl."""
    guard.check_command_line(sys.orig_argv, os.environ)
    for variable, value in NO_TELEMETRY.items():
        os.environ.setdefault(variable, value)
    Plugins.instance().register(WaferSageSearchPath)
    fixes.keep_equal_length_position_ids_jagged()
    fixes.declare_torchvision_operators()
    if os.environ.get(guard.PLATFORM_VARIABLE, "").strip().lower() == "cpu":
        from .cpu.platform import activate_cpu_platform

        activate_cpu_platform()


activate()
