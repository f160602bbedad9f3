#!/usr/bin/env bash
# Needs DATA (output of `verl-wafersage convert`) and MODEL (a Qwen3-VL).
set -euo pipefail
python3 -m verl.trainer.main_ppo \
    --config-path "$(cd "$(dirname "$0")" && pwd)/config" --config-name wafersage \
    wafersage.data_dir="${DATA:?}" wafersage.model="${MODEL:?}" "$@"
