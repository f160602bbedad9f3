"""`verl-wafersage demo`: the whole loop on one machine without a GPU, from nothing to a trained tiny model."""
