"""verl-wafersage: rubric rewards, a curriculum and wafer data for verl.

Importing this package imports neither verl nor torch nor Ray.
"""

__version__ = "0.1.0"
