"""The similarity join: every pair of rows above a cosine, every pair of hashes within a distance, exactly.

How a library is joined: :func:`~workers.pairs.spectrum.fit` a projection to a sample of its rows,
:func:`~workers.pairs.projection.project` each block once, :func:`~workers.pairs.join.hold` the blocks of a task and
:func:`~workers.pairs.join.join_blocks` them. Hashes: :func:`~workers.pairs.hamming.hamming_join`.
"""
