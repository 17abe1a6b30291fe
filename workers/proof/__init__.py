"""Proof: whether two pictures show the same, by laying one on the other; and what was done to it."""
