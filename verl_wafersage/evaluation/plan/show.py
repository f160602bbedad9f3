"""An estimate as tables for people and as plain types for programs."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from .estimate import GIB, PHASES, Estimate

NOTE = (
    "An estimate from the formulas shown, not a measurement: sizes are bounds for the configured lengths, "
    "and allocators differ. GB = 2^30 bytes. P weights, p of them trained, w bytes each, shared by N GPUs, "
    "T tokens a pass, L layers, h hidden size, V vocabulary, kv heads of size d, TP GPUs an engine."
)


def tables(result: Estimate) -> list[Table]:
    """Memory per GPU by phase, and the work."""
    built = []
    for phase in PHASES:
        items = [item for item in result.items if item.phase == phase]
        if not items:
            continue
        table = Table(title=f"One GPU while in {phase}", title_justify="left")
        table.add_column("part")
        table.add_column("GB", justify="right")
        table.add_column("formula", style="dim")
        for item in items:
            table.add_row(item.name, f"{item.size / GIB:.1f}", item.formula)
        total, capacity = result.total(phase) / GIB, result.capacity / GIB
        table.add_section()
        style = "bold red" if total > capacity else "bold"
        table.add_row("total", f"{total:.1f}", f"of {capacity:.0f} GB", style=style)
        built.append(table)
    work = Table(title="Work", title_justify="left")
    work.add_column("what")
    work.add_column("count", justify="right")
    for name, value in result.work.items():
        work.add_row(name, f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}")
    return [*built, work]


def headline(result: Estimate) -> str:
    """The model and the machine, in one line."""
    setup, sizes = result.setup, result.sizes
    adapters = f", adapters of rank {setup.lora_rank}" if setup.lora_rank else ""
    return (
        f"{setup.recipe}: {sizes.name} ({sizes.parameters / 1e9:.2f}e9 weights{adapters}) "
        f"on {setup.gpus} GPU(s) of {result.capacity / GIB:.0f} GB"
    )


def as_json(result: Estimate) -> dict[str, Any]:
    """Plain JSON types; sizes in bytes."""
    return {
        "version": 1,
        "recipe": result.setup.recipe,
        "model": result.setup.model,
        "parameters": result.sizes.parameters,
        "gpus": result.setup.gpus,
        "capacity": result.capacity,
        "fits": result.fits,
        "warnings": list(result.warnings),
        "memory": [
            {"phase": item.phase, "name": item.name, "bytes": item.size, "formula": item.formula}
            for item in result.items
        ],
        "totals": {phase: result.total(phase) for phase in PHASES},
        "work": result.work,
        "note": NOTE,
    }
