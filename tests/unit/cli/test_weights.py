"""The weights on the command line: fetched when asked for; on a terminal a scan that would use them asks."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from shared.context import Context
from shared.services import weights
from shared.store import scans as store
from tests import pictures
from tests.sources import OFFLINE, PIECES, Source


def test_weights_that_are_here_are_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vgg16.h5"
    file.touch()
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LOOKALIKE_WEIGHTS", str(file))
    result = CliRunner().invoke(main, ["weights", "download"])
    assert result.exit_code == 0
    assert str(file) in result.output


PROGRAM = """
import sys
from cli.weights import offer
from shared.context import connect
from shared.domain.errors import LookalikeError
from shared.domain.scan import Folder, Preset, ScanRequest
from shared.settings import Settings
url, preset, output = sys.argv[1:]
try:
    offer(connect(Settings.from_environment(), url), ScanRequest((Folder(""),), Preset(preset)), output or None)
except LookalikeError as error:
    print("refused:", error.message)
else:
    print("went on")
"""


@dataclass
class Terminal:
    """Runs what a scan does before it begins, with or without a terminal."""

    url: str
    data: Path
    others: dict[str, str] = field(default_factory=dict)

    def ask(self, preset: str, answer: str = "", output: str = "") -> str:
        """All that is said before a scan to someone who types ``answer``."""
        return self.type(self._command(preset, output), answer)

    def type(self, command: list[str], answer: str) -> str:
        """All that a command says on a terminal to someone who types ``answer``."""
        mine, theirs = pty.openpty()
        with subprocess.Popen(command, env=self._environment(), stdin=theirs, stdout=theirs, stderr=theirs) as program:
            os.close(theirs)
            os.write(mine, answer.encode() + b"\n")
            said = b""
            with contextlib.suppress(OSError):  # EIO: the other side was closed
                while piece := os.read(mine, 4096):
                    said += piece
            program.wait(60)
        os.close(mine)
        return said.decode().replace("\r\n", "\n")

    def pipe(self, preset: str) -> str:
        return subprocess.run(
            self._command(preset, ""), env=self._environment(), input="y\n", capture_output=True, text=True, check=True
        ).stdout

    def _command(self, preset: str, output: str) -> list[str]:
        return [sys.executable, "-c", PROGRAM, self.url, preset, output]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LOOKALIKE_")}
        modules = os.pathsep.join(filter(None, sys.path))
        return kept | {"LOOKALIKE_DATA": str(self.data), "PYTHONPATH": modules} | self.others


@pytest.fixture
def terminal(ctx: Context, redis_url: str) -> Terminal:
    return Terminal(redis_url, ctx.settings.data)


QUESTION = "weights (553 MB) are not here"


def test_a_thorough_scan_asks_once(terminal: Terminal) -> None:
    said = terminal.ask("thorough", "n")
    assert QUESTION in said
    assert "[y/N]" in said
    assert said.endswith("went on\n")
    assert QUESTION not in terminal.ask("thorough")


def test_a_deep_scan_asks_each_time_and_does_not_go_on_without(terminal: Terminal) -> None:
    for _ in range(2):
        said = terminal.ask("deep", "n")
        assert QUESTION in said
        assert "refused: The preset deep needs" in said


def test_nobody_is_asked_without_a_terminal_or_where_a_program_reads(terminal: Terminal, ctx: Context) -> None:
    assert terminal.pipe("thorough") == terminal.pipe("deep") == "went on\n"
    assert QUESTION not in terminal.ask("thorough", output="-")
    assert QUESTION not in terminal.ask("near")
    assert not weights.look(ctx).asked


def test_yes_downloads_and_says_how_far_that_is(terminal: Terminal, ctx: Context, tmp_path: Path) -> None:
    with Source(tmp_path / "source").serving() as source:
        source.allow(PIECES)
        terminal.others = source.environment
        said = terminal.ask("deep", "y")
    assert "Downloading the network's weights: " in said
    assert said.endswith(" MB of 553 MB.\nwent on\n")
    assert weights.here(ctx)


def test_where_there_is_no_network_a_thorough_scan_goes_on_and_a_deep_one_does_not(
    terminal: Terminal, ctx: Context
) -> None:
    terminal.others = OFFLINE
    said = terminal.ask("thorough", "y")
    assert "could not be downloaded" in said
    assert said.endswith("The scan goes on without.\nwent on\n")
    assert "refused: The trained weights of VGG16 are not here" in terminal.ask("deep", "y")
    assert not weights.here(ctx)


def test_both_commands_that_scan_ask_before_anything_is_begun(terminal: Terminal, ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    pictures.photo(1).save(tmp_path / "album" / "a.jpg")
    terminal.others = {"LOOKALIKE_REDIS_URL": terminal.url}
    for words in (["scan"], ["find", str(tmp_path / "album" / "a.jpg")]):
        command = [sys.executable, "-m", "cli.main", *words, str(tmp_path / "album"), "--preset", "deep"]
        said = terminal.type(command, "n")
        assert QUESTION in said
        assert said.endswith("Error: The preset deep needs the network's weights. Choose another one.\n")
    assert store.latest(ctx.redis, 10) == []
    assert not ctx.layout.uploads.exists()
