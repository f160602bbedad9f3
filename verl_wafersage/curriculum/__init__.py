"""A curriculum for verl: which prompt comes next, what was learnt from it, and how to resume exactly."""
