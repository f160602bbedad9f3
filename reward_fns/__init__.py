"""Reward functions for verl; imports neither verl nor torch."""
