"""Root-cause hypotheses per defect type, by cause group.

A bin map does not determine its cause: several groups are accepted for every type, answers are hedged,
and only an asserted implausible group counts as false. Groups follow the published hypothesis tables
(Grishin et al. 2019; wafermap documentation; practitioners' notes), ordered by how often they are named.
"""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """One hypothesis: its canonical group, its wording in a sentence, and a check that would tell."""

    group: str
    words: str
    check: str


ACCEPTED: dict[str, tuple[Cause, ...]] = {
    "Center": (
        Cause(
            "deposition",
            "a thin-film deposition problem such as an uneven showerhead gas flow",
            "film thickness maps",
        ),
        Cause("etch/plasma", "an abnormality of the plasma or its RF power during etch", "the RF power log"),
        Cause("CMP", "non-uniform CMP removal at high head pressure", "the removal profile of the polisher"),
        Cause("wet/clean", "an abnormal liquid flow or pressure in a wet process", "the nozzle flow"),
        Cause("thermal", "a temperature gradient during anneal", "the temperature uniformity"),
        Cause("litho/coat", "a spin-coating non-uniformity of the photoresist", "the resist thickness"),
    ),
    "Donut": (
        Cause(
            "litho/coat",
            "redeposition of dissolved photoresist during develop or uneven spin-coating",
            "the developer",
        ),
        Cause("thermal", "an uneven hot plate or anneal temperature", "the hot plate's temperature profile"),
        Cause("wet/clean", "a drying stain from the rinse of a wet process", "the rinse and spin-dry recipe"),
        Cause("CMP", "unbalanced head pressure zones in CMP", "the pressure zones of the polisher"),
        Cause("deposition", "a radial gradient in film deposition", "film thickness maps"),
    ),
    "Edge-Loc": (
        Cause("thermal", "uneven heating during diffusion", "the furnace temperature"),
        Cause(
            "handling",
            "mechanical handling contact such as a robot gripper or lift pin",
            "the robot's contact points",
        ),
        Cause("litho/coat", "incomplete edge bead removal in the coater", "the edge bead removal nozzle"),
        Cause("contamination", "local contamination by particles", "particle counts by location"),
        Cause("deposition", "an asymmetric gas flow during deposition", "the gas distribution"),
    ),
    "Edge-Ring": (
        Cause("thermal", "abnormal temperature control in RTP or anneal", "the temperature profile"),
        Cause(
            "etch/plasma",
            "an etch non-uniformity, for instance a worn focus part of the chamber",
            "the etch rate map",
        ),
        Cause("litho/coat", "misaligned edge bead removal in the coater", "the edge bead removal width"),
        Cause("CMP", "over-polish by the CMP retaining part", "the removal profile of the polisher"),
        Cause("deposition", "a film thickness roll-off in deposition", "film thickness maps"),
    ),
    "Loc": (
        Cause(
            "contamination",
            "local contamination by particles, for instance from a leak or a pump",
            "particle counts",
        ),
        Cause(
            "handling",
            "a handling problem such as robot vibration or chuck contact",
            "the robot and the chuck",
        ),
        Cause("litho/coat", "a photoresist bubble or a local reticle problem", "the resist coating"),
    ),
    "Near-full": (
        Cause(
            "gross",
            "a gross process excursion such as a recipe error or an equipment malfunction",
            "the recipe history",
        ),
        Cause("contamination", "wafer-wide contamination", "the chemistry of the bath"),
        Cause("etch/plasma", "an etch-stop failure", "the etch endpoint"),
        Cause("test", "a probe card or tester fault", "a retest with another probe card"),
    ),
    "Scratch": (
        Cause(
            "handling",
            "mechanical handling such as contact with a robot arm or a cassette",
            "the wafer transfer path",
        ),
        Cause("CMP", "CMP with agglomerated slurry or a worn polishing pad", "the slurry filter and the pad"),
    ),
    "Random": (
        Cause(
            "contamination", "particle contamination from the cleanroom or from pipes", "particle monitors"
        ),
        Cause("deposition", "flakes from an abnormal showerhead", "the showerhead"),
    ),
}

IMPLAUSIBLE: dict[str, tuple[str, ...]] = {
    "Center": ("edge bead removal", "robot arm"),
    "Donut": ("robot arm", "airborne particles"),
    "Edge-Loc": ("recipe error",),
    "Edge-Ring": ("robot arm", "airborne particles"),
    "Loc": ("recipe error", "retaining ring"),
    "Near-full": ("robot arm", "edge bead removal"),
    "Scratch": ("showerhead", "RTP", "plasma"),
    "Random": ("edge bead removal", "retaining ring", "robot arm"),
}
"""Claims that contradict a type when asserted of a wafer that shows this type alone."""

SPOKEN = {
    "CMP": "CMP",
    "etch/plasma": "plasma etch",
    "deposition": "deposition",
    "thermal": "thermal processing",
    "litho/coat": "lithography coating",
    "wet/clean": "wet clean",
    "handling": "handling",
    "contamination": "particle contamination",
    "test": "probe card or tester",
    "gross": "a process excursion",
}
"""How sentences call the cause groups."""


def accepted_groups(labels: tuple[str, ...]) -> list[str]:
    """Groups accepted for any of the labels, the likeliest first and each once."""
    return list(dict.fromkeys(cause.group for label in labels for cause in ACCEPTED.get(label, ())))


def implausible_terms(labels: tuple[str, ...]) -> list[str]:
    """Terms implausible for every one of the labels."""
    lists = [IMPLAUSIBLE.get(label, ()) for label in labels]
    return [
        term for term in dict.fromkeys(lists[0] if lists else ()) if all(term in terms for terms in lists)
    ]
