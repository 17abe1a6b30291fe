from hypothesis import given
from hypothesis import strategies as st

from shared.domain.chunking import block_pair, chunk_count, chunk_range, chunk_size, pair_count


@given(st.integers(0, 60))
def test_every_unordered_pair_of_blocks_comes_exactly_once(blocks: int) -> None:
    pairs = [block_pair(number) for number in range(pair_count(blocks))]
    assert sorted(pairs) == [(i, j) for i in range(blocks) for j in range(i, blocks)]


@given(st.integers(0, 10**7))
def test_block_pairs_of_large_numbers_are_ordered_and_follow_each_other(number: int) -> None:
    i, j = block_pair(number)
    assert 0 <= i <= j
    assert block_pair(number + 1) == ((i + 1, j) if i < j else (0, j + 1))


@given(st.integers(0, 5000), st.integers(1, 700))
def test_chunks_hold_every_item_once(items: int, size: int) -> None:
    chunks = [chunk_range(number, items, size) for number in range(chunk_count(items, size))]
    assert [item for chunk in chunks for item in chunk] == list(range(items))
    assert all(len(chunk) > 0 for chunk in chunks)


def test_few_files_are_cut_finely_and_many_into_the_largest_chunks() -> None:
    assert chunk_size(40, largest=64) == 8
    assert chunk_size(100_000, largest=64) == 64
    assert chunk_size(40, largest=4) == 4
    assert chunk_size(0, largest=64) == 8


def test_chunks_hold_whole_batches() -> None:
    assert chunk_size(1000, largest=64, multiple=32) == 64
    assert chunk_size(40, largest=64, multiple=16) == 16
    assert chunk_size(100_000, largest=64, multiple=128) == 128
