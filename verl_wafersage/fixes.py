"""Mends for faults of verl 0.9.1 and its neighbours that would otherwise end a user's run.

Each mend names the fault and how to see whether it is still needed; `tests/plugin/test_fixes.py` fails when a
new version no longer has the fault, so that the mend can go.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

_MROPE_AXES = 4
"""Rows of a multi-modal position id: text, time, height, width."""

_declared: list[Any] = []
"""Keeps operator libraries alive: their schemas vanish with the object."""


def keep_equal_length_position_ids_jagged() -> None:
    """Replace verl's repair of M-RoPE position ids by one that also knows batches of one length.

    TransferQueue packs the samples' `(4, length)` position ids with `as_nested_tensor`. When all lengths
    are equal, torch takes the axis of size 4 for the ragged one; verl then forces the ragged index to 2
    over values of shape `(batch * 4, length)`, and the run dies in `chunk_tensordict` ("size of tensor a
    (4) must match") or `index_select_tensor_dict` ("Expected cond to be True").

    verl's engines import the function by name after the plugins have run, so replacing it once suffices.
    """
    from verl.utils import tensordict_utils

    tensordict_utils.maybe_fix_3d_position_ids = repair_position_ids


def repair_position_ids(data: Any) -> None:
    """Make `data["position_ids"]` ragged along the sequence, in place.

    Args:
        data: A TensorDict; nothing happens unless it has nested position ids of three dimensions
            (batch, 4, ragged length).
    """
    from verl.utils.tensordict_utils import nested_tensor_from_tensor_list

    if "position_ids" not in data.keys():  # noqa: SIM118  (a TensorDict iterates over its batch)
        return
    position_ids = data["position_ids"]
    if not position_ids.is_nested or position_ids.dim() != 3:
        return
    values, offsets = position_ids.values(), position_ids.offsets()
    # Ambiguous only for one sample of length 4, where both readings agree.
    packed_along_axes = int(offsets[-1]) == values.shape[0] and bool((offsets.diff() == _MROPE_AXES).all())
    if packed_along_axes:
        samples = values.reshape(-1, _MROPE_AXES, values.shape[1]).unbind(0)
        data["position_ids"] = nested_tensor_from_tensor_list(list(samples), ragged_idx=2)
    else:
        position_ids._ragged_idx = 2


def declare_torchvision_operators() -> None:
    """Let torchvision's CUDA wheel be imported beside a CPU-only torch.

    Its import fails with "operator torchvision::nms does not exist", `AutoProcessor` then fails, and verl
    goes on without a processor: the vision-language model would silently be trained on text alone. The
    schemas are enough; nothing here calls the operators.
    """
    import torch

    if _declared or hasattr(torch.ops.torchvision, "nms") or _extension_loads():
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)


def _extension_loads() -> bool:
    """Load torchvision's compiled operators as its own import would; a wheel of another build fails here."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for extension in Path(folder).glob("_C*.so"):
            try:
                torch.ops.load_library(str(extension))
            except OSError:
                continue
            return True
    return False
