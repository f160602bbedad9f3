"""`verl-wafersage demo --study`: does it learn, from what, and by which reward; measured on held-out maps."""
