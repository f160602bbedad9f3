"""`verl-wafersage demo`: the whole loop on one machine without a GPU, ending with a trained tiny model."""
