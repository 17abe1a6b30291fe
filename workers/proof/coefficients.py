"""Coefficients of the probability in workers.proof.verdict; benchmarks/quality_fit.py prints this file."""

BIAS = 4.543
WEIGHTS = (
    0.6471,
    -0.3394,
    31.04,
    -18.99,
    11.11,
    13.8,
    -120,
    -21.2,
    5.183,
    -0.9964,
    1.083,
    -11.46,
    1.827,
    -6.874,
    1.178,
    -1.252,
)
MARK_BIAS = -5.301
MARK_WEIGHTS = (
    1.147,
    13,
    -4.78,
    -27.03,
    -2.417,
    2.923,
    -20.43,
    0.1344,
    6.906,
    -1.916,
    0.5389,
    -0.06509,
    -7.08,
    0.7256,
    0.7956,
    33.98,
    0.4045,
    5.049,
)
