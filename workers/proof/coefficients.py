"""Coefficients of the probability in workers.proof.verdict; benchmarks/quality_fit.py prints this file."""

BIAS = -4.879
WEIGHTS = (
    -0.5521,
    3.833,
    17.22,
    -9.546,
    5.647,
    -27.9,
    -4.878,
    -4.907,
    4.061,
    0.1446,
    0.4283,
    -2.891,
    35.59,
    2.354,
    -1.872,
    0.2149,
)
