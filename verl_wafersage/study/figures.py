"""The study's learning curves."""

from __future__ import annotations

from pathlib import Path

from .measured import ABOUT, Curves
from .measures import MEASURES

SHOWN = ("exact", "near", "invents", "score", "acc", "published")


def plot_curves(curves: Curves, out: Path) -> None:
    """Draw truth and both rewards over steps: a colour for each arm, a line for each seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    panels = figure.subplots(2, 3).flatten()
    shown = [measure for measure in MEASURES if measure.name in SHOWN]
    for panel, measure in zip(panels, shown, strict=True):
        for colour, (arm, seeds) in enumerate(curves.items()):
            for number, steps in enumerate(seeds.values()):
                ordered = sorted(steps)
                panel.plot(
                    ordered,
                    [steps[step][measure.name] for step in ordered],
                    "o-",
                    color=f"C{colour}",
                    markersize=3,
                    linewidth=1,
                    label=None if number else ABOUT[arm],
                )
        panel.set(title=measure.title, xlabel="RL step")
        panel.grid(alpha=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    figure.savefig(out, dpi=110)
