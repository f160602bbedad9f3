"""Registers the rollout `transformers` with verl; name this module as `actor_rollout_ref.model.external_lib`.

verl imports `external_lib` wherever it builds the model's configuration, in the trainer and in every
worker, before it looks up the rollout. So nothing needs to be imported in processes that do not roll out.
"""

from __future__ import annotations

from verl.workers.rollout.base import _ROLLOUT_REGISTRY
from verl.workers.rollout.replica import RolloutReplicaRegistry

from .rollout import NAME, TransformersReplica

RolloutReplicaRegistry.register(NAME, lambda: TransformersReplica)
# verl has no function for this half; the dictionary is what its own backends are listed in.
_ROLLOUT_REGISTRY[(NAME, "async")] = "verl_wafersage.cpu.rollout.ServerAdapter"
