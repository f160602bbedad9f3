"""verl without an accelerator: a platform, and a rollout that generates with transformers (on any device)."""
