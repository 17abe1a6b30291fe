"""The journal survives torn lines, strangers' lines and readers at any moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.deletion import BatchKind
from shared.layout import Layout
from shared.store import journal as journals
from shared.store.journal import History, Move

MOVE = Move(
    BatchKind.TRASH, "b.0", "b", "image", "library", b"/root", b"\xff/a.jpg", b".Trash-0", b"a.jpg", "d" * 64, 5, 7.5,
    (b"/other", b"\xfe.jpg"),
)  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_what_was_written_is_read_back(layout: Layout) -> None:
    with journals.opened(layout, "b") as journal:
        journal.intent(MOVE)
        assert journal.history().pending == {"b.0"}
        journal.done("b.0")
        journal.refused("b.1", "changed", "It has changed.")
    history = journals.histories(layout)["b"]
    assert history.moves == {"b.0": MOVE}
    assert history.pending == set()
    assert (history.outcomes["b.0"].done, history.outcomes["b.1"].code) == (True, "changed")
    assert [(e.id, e.batch, e.path, e.deleted) for e in journals.entries(layout)] == [("b.0", "b", b"\xff/a.jpg", 7.5)]


def test_every_line_carries_the_version_and_is_text(layout: Layout) -> None:
    with journals.opened(layout, "b") as journal:
        journal.intent(MOVE)
        journal.undone("b.0")
    lines = (layout.journal / "b.jsonl").read_text().splitlines()
    assert [json.loads(line)["v"] for line in lines] == [1, 1]


def test_what_was_restored_or_purged_is_in_the_trash_no_more(layout: Layout) -> None:
    for kind, entry in ((BatchKind.RESTORE, "b.0"), (BatchKind.PURGE, "b.1")):
        with journals.opened(layout, "b") as journal:
            journal.intent(_move("b", entry, BatchKind.TRASH))
            journal.done(entry)
        with journals.opened(layout, f"a-{kind}") as journal:
            journal.intent(_move(f"a-{kind}", entry, kind))
            assert entry in journals.in_trash(layout)  # not before it is done
            journal.done(entry)
        assert entry not in journals.in_trash(layout)
    assert journals.moved_away(layout) == {"image of b.1": "b"}


def _move(batch: str, entry: str, kind: BatchKind) -> Move:
    return Move(kind, entry, batch, f"image of {entry}", "l", b"/r", b"p", b".Trash-0", b"n", "d", 1, 1.0)


@pytest.mark.parametrize("torn", [b'{"v":1,"event":"done","entry":"b.0', b"{", b'{"v":1,"event":"done","entry":"b.0"}'])
def test_a_torn_last_line_is_passed_over_and_what_follows_is_read(layout: Layout, torn: bytes) -> None:
    with journals.opened(layout, "b") as journal:
        journal.intent(MOVE)
    with (layout.journal / "b.jsonl").open("ab") as file:
        file.write(torn)
    assert journals.histories(layout)["b"].pending == {"b.0"}
    with journals.opened(layout, "b") as journal:
        journal.refused("b.1", "changed", "It has changed.")
        assert journal.history().outcomes["b.1"].code == "changed"
    assert journals.histories(layout)["b"].outcomes["b.1"].code == "changed"


def test_a_line_of_another_version_changes_nothing(layout: Layout) -> None:
    history = History()
    history.add(b'{"v":2,"event":"done","entry":"b.0"}')
    assert (history.outcomes, history.pending) == ({}, set())


def test_two_who_append_to_one_journal_see_each_other(layout: Layout) -> None:
    with journals.opened(layout, "b") as first, journals.opened(layout, "b") as second:
        first.intent(MOVE)
        assert second.history().pending == {"b.0"}
        second.done("b.0")
        assert first.history().outcomes["b.0"].done


def test_the_lock_is_held_by_one_process_at_a_time_and_freed_by_its_death(layout: Layout) -> None:
    program = (
        "import sys, time; from pathlib import Path; from shared.layout import Layout\n"
        "from shared.store import journal\n"
        "with journal.locked(Layout(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(layout.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with subprocess.Popen(command, stdout=subprocess.PIPE) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(0.5)
            first.kill()
            assert second.stdout is not None
            assert second.stdout.readline() == b"held\n"
            second.kill()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(["v", "event", "entry", "kind", "root", "path", "can", "name", "size", "deleted", "survivor"])
_records = st.dictionaries(_names, _json | st.sampled_from(["intent", "done", "trash", "YQ==", 1]), max_size=11)


@given(
    st.lists(st.binary(max_size=60) | _json.map(json.dumps).map(str.encode) | _records.map(json.dumps).map(str.encode))
)
def test_any_bytes_at_all_can_be_read_as_a_journal(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        layout = Layout(Path(folder))
        layout.journal.mkdir(parents=True)
        (layout.journal / "b.jsonl").write_bytes(b"\n".join(lines))
        assert isinstance(journals.entries(layout), list)
        with journals.opened(layout, "b") as journal:
            journal.intent(MOVE)
            journal.done(MOVE.entry)
        assert MOVE.entry in journals.in_trash(layout)
        assert os.listdir(layout.journal) == ["b.jsonl"]  # noqa: PTH208  # the name alone is wanted
