"""Candidates: pairs that may show one picture, found without looking at every pair. Wide on purpose: proof comes
after."""
