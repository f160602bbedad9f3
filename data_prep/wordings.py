"""How each question may be asked. No wording names or hints at a class; each serves every class alike."""

from __future__ import annotations

WORDINGS: dict[str, tuple[str, ...]] = {
    "type": (
        "Which defect pattern type or types does this wafer map show?",
        "What kind of defect pattern is present on this wafer?",
        "Name every defect pattern type you can recognise on the map.",
        "How would you classify the failure pattern of this wafer?",
        "Looking at the failing dies, which pattern class or classes apply?",
        "Identify the systematic failure pattern, or say that there is none.",
    ),
    "several": (
        "Does the wafer show more than one systematic pattern?",
        "Are two or more different systematic patterns present at the same time?",
        "Is this a mixed-type map, with several patterns on one wafer?",
        "Would you say that more than one systematic pattern overlaps here?",
    ),
    "zone": (
        "In which radial zone or zones of the wafer are the failing dies concentrated?",
        "Where on the wafer do the failures accumulate, seen from the center outwards?",
        "Which parts of the wafer radius are affected most?",
        "Between wafer center and wafer edge, where is the failure density raised?",
        "Describe the radial location of the failures.",
    ),
    "clock": (
        "At which clock position do the failures concentrate, if any?",
        "Taking 12 o'clock as the top of the map, in which direction do the failures lie?",
        "Give the clock position of the failures, or say that there is no preferred direction.",
        "Is there a preferred direction on the clock face, and which one?",
        "Where around the clock is the failure density raised?",
    ),
    "center_clear": (
        "Is the center of the wafer free of any systematic pattern?",
        "Is the wafer center clear, apart from scattered background failures?",
        "Would you call the central zone unaffected?",
        "Setting background failures aside, is the central area clean?",
    ),
    "edge_clear": (
        "Is the edge of the wafer free of any systematic pattern?",
        "Setting background failures aside, is the rim unaffected?",
        "Would you call the outermost zone clean, apart from background failures?",
        "Is the periphery clear of systematic failures?",
    ),
    "shape": (
        "Which geometric shape do the failing dies form?",
        "Describe the shape of the failure pattern.",
        "What structure do the failures build, if any?",
        "How would you characterise the morphology of the failing dies?",
        "What does the pattern look like geometrically?",
    ),
    "density": (
        "How dense is the failure pattern?",
        "Is the failing area densely filled or only thinly?",
        "Describe the density of the failing dies inside the affected area.",
        "How tightly packed are the failing dies where they accumulate?",
    ),
    "random": (
        "Are the failing dies distributed at random over the wafer?",
        "Is the distribution of failures free of any spatial structure?",
        "Would you say the failures follow no spatial pattern at all?",
        "Is this a purely random distribution of failures?",
    ),
    "symmetry": (
        "Is the failure pattern radially symmetric?",
        "Does the pattern look the same in every direction from the center?",
        "Does the distribution of failures show radial symmetry?",
        "Seen from the wafer center, are all directions affected alike?",
    ),
    "cause": (
        "Which process step or equipment could have caused this pattern?",
        "What are possible root causes of what you see?",
        "Which root-cause hypotheses would you check first?",
        "What may have gone wrong in processing this wafer?",
        "Suggest plausible causes of this map and what to check.",
        "Where in the fab would you look for the cause?",
    ),
    "contact": (
        "Could a single mechanical contact alone explain what this map shows?",
        "Is one mechanical contact event a sufficient explanation of this map?",
        "Would a single touch by equipment alone account for the failures?",
        "Can the whole picture be explained by one mechanical contact?",
    ),
    "full": (
        "Give a full analysis of this wafer map: spatial distribution, morphology and root cause hypotheses.",
        "Analyse this wafer map in three parts: spatial distribution, morphology, possible root causes.",
        "Please describe where the failures lie, what they look like, and what may have caused them.",
        "Write a complete assessment with the parts spatial distribution, morphology and root cause.",
    ),
}

CONCISE: dict[str, tuple[str, ...]] = {
    "type": ("Which defect type?", "What pattern is this?", "Name the pattern.", "Which pattern types?"),
    "several": ("More than one pattern?", "Is it a mixed map?", "Do several patterns overlap?"),
    "zone": ("Which zone fails?", "Where are the failures?", "Name the affected zone."),
    "clock": ("Which clock position?", "At what o'clock?", "In which direction?", "Where on the clock?"),
    "center_clear": ("Is the center clear?", "Is the center clean?", "Is the middle unaffected?"),
    "edge_clear": ("Is the edge clear?", "Is the rim clean?", "Is the outermost zone unaffected?"),
    "shape": ("Which shape?", "What shape do the failures form?", "Describe the shape."),
    "density": ("How dense?", "Dense or sparse?", "How dense is the pattern?"),
    "random": ("Are the failures random?", "Is it random?", "No spatial structure?"),
    "symmetry": ("Is it radially symmetric?", "All directions alike?", "Is it symmetric?"),
    "cause": ("Which cause?", "What may be the cause?", "Likely root cause?"),
    "contact": ("One contact enough?", "Would one touch explain it?", "Could one contact do this?"),
    "full": ("Describe place, shape, cause.", "Full analysis, please.", "Where, what shape, which cause?"),
}

ROLE = "You are an expert in semiconductor wafer defects."
COLOURS = "Green dies pass, red dies fail."
TAGS = "Provide your reasoning in <REASONING> tags and your final answer in <SOLUTION> tags."


def system_prompt(
    answer_style: str, *, wafers: bool = True, colours: bool = True, concise: bool = False
) -> str:
    """System message of a row.

    Args:
        answer_style: `plain`, or `tags` as the WaferSAGE models were trained.
        wafers: Whether the pictures are wafer maps.
        colours: Whether they use this package's colours.
        concise: Whether answers should be a few words.
    """
    parts = [ROLE] if wafers else ["You answer questions about pictures."]
    if wafers and colours:
        parts.append(COLOURS)
    if concise:
        parts = [COLOURS] if wafers and colours else []
        parts.append("Answer briefly.")
    if answer_style == "tags":
        parts.append(TAGS)
    return " ".join(parts)
