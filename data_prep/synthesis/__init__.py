"""Questions and rubrics written by models: describe the picture, write the rubric, write the questions."""

from .run import SynthesisOptions, synthesize

__all__ = ["SynthesisOptions", "synthesize"]
