"""The decoder pool: every file answered once, in shared memory, whatever files do to the processes that read them."""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from skimage import data as pictures

from shared.domain.errors import Unavailable
from shared.settings import Settings
from workers.vision.decode import decode
from workers.vision.pool import AHEAD, DecoderPool, Failure, Job, Reading
from workers.vision.reading import Decoded, PixelDigest, Thumbnails
from workers.vision.resize import NetworkInput
from workers.vision.room import make_room

INPUT = (64, 48)
folder = Path(os.environ.get("POOL_TEST_FOLDER", ""))
SETTINGS = replace(Settings(), decoders=2, decode_timeout_s=10.0)


def hostile(data: bytes, network_input: NetworkInput | None, max_pixels: int, locally: bool) -> Decoded:
    """Decodes pictures, and does what other files say."""
    match data:
        case b"exit":
            os._exit(3)
        case b"crash":
            ctypes.string_at(0)
        case b"hang":
            time.sleep(1000)
        case b"hang in a codec":  # holds the interpreter's lock
            ctypes.PyDLL(None).usleep(1_000_000_000)
        case b"eat":
            bytearray(1 << 40)
        case b"freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        case data if data.startswith(b"large"):
            make_room((10_000, 10_000))
            begun = time.monotonic()
            time.sleep(0.8)
            (folder / data.decode()).write_text(f"{begun} {time.monotonic()}")
            data = picture()
        case b"shoot once":
            marker = folder / "shot"
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            data = picture()
    return decode(data, network_input, max_pixels, locally)


def picture(seed: int = 0) -> bytes:
    stream = BytesIO()
    Image.fromarray(np.roll(pictures.astronaut()[::4, ::4], seed, axis=0)).save(stream, "JPEG")
    return stream.getvalue()


def jobs(folder: Path, contents: list[bytes]) -> list[Job]:
    made = []
    for number, content in enumerate(contents):
        name = f"{number}.jpg"
        (folder / name).write_bytes(content)
        made.append(Job(number, os.fsencode(folder), name.encode()))
    return made


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(SETTINGS) as pool:
        yield pool


def by_number(answers: Iterator[Reading | Failure]) -> dict[int, Reading | Failure]:
    found = list(answers)
    assert len({answer.number for answer in found}) == len(found)
    return {answer.number: answer for answer in found}


def test_what_comes_back_is_what_decoding_here_gives(pool: DecoderPool, tmp_path: Path) -> None:
    contents = [picture(seed) for seed in range(30)]
    wanted = jobs(tmp_path, contents)
    answers = by_number(pool.read(wanted, INPUT))
    assert sorted(answers) == list(range(30))
    for job, content in zip(wanted, contents, strict=True):
        reading, expected = answers[job.number], decode(content, INPUT, SETTINGS.max_pixels)
        assert isinstance(reading, Reading)
        assert reading.decoded is not None
        assert reading.decoded.phash == expected.phash
        assert np.array_equal(reading.decoded.grey, expected.grey)
        assert np.array_equal(reading.decoded.pixels, expected.pixels)  # type: ignore[arg-type]
        status = (tmp_path / os.fsdecode(job.path)).stat()
        assert reading.digest == hashlib.sha256(content).digest()
        assert (reading.size, reading.mtime_ns) == (status.st_size, status.st_mtime_ns)
        assert (reading.device, reading.inode) == (status.st_dev, status.st_ino)


def test_known_contents_are_read_but_not_decoded(pool: DecoderPool, tmp_path: Path) -> None:
    contents = [picture(0), picture(1), b"no image, but known"]
    digests = [hashlib.sha256(content).digest() for content in contents]
    known = tmp_path / "known.npy"
    prefixes = [int.from_bytes(digest[:8], "big") for digest in (digests[0], digests[2])]
    np.save(known, np.sort(np.array(prefixes, np.uint64)))
    answers = by_number(pool.read(jobs(tmp_path, contents), INPUT, known))
    decoded = {number: answer.decoded is not None for number, answer in answers.items() if isinstance(answer, Reading)}
    assert decoded == {0: False, 1: True, 2: False}


def test_what_cannot_be_read_is_a_failure_with_its_reason(pool: DecoderPool, tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    (tmp_path / "text").write_text("no image")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("text")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "cut").write_bytes(picture()[:2000])
    names = ["text", "empty", "link", "folder", "fifo", "cut", "gone", "../escape", "gone/too"]
    answers = by_number(pool.read(Job(n, root, name.encode()) for n, name in enumerate(names)))
    codes = [getattr(answers[number], "code", "read") for number in range(len(names))]
    assert codes == [
        *("not_an_image", "empty_file", "outside_library", "not_regular", "not_regular", "truncated"),
        *("vanished", "outside_library", "vanished"),
    ]
    assert all(isinstance(answer, Failure) and answer.reason.endswith(".") for answer in answers.values())


def test_files_over_the_size_limit_are_refused_unread(tmp_path: Path) -> None:
    with DecoderPool(replace(SETTINGS, max_file=1000)) as pool:
        (answer,) = pool.read(jobs(tmp_path, [picture()]))
    assert isinstance(answer, Failure)
    assert answer.code == "file_too_large"


def test_names_that_are_not_utf8_are_read(pool: DecoderPool, tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    name = b"caf\xe9\n.jpg"
    Path(os.fsdecode(root + b"/" + name)).write_bytes(picture())
    (answer,) = pool.read([Job(7, root, name)])
    assert isinstance(answer, Reading)
    assert answer.number == 7


def test_hostile_files_are_blamed_and_the_others_read(tmp_path: Path) -> None:
    evil = [b"exit", b"crash", b"eat", b"hang", b"hang in a codec", b"freeze"]
    contents = [picture(seed) for seed in range(12)]
    for place, content in enumerate(evil):
        contents.insert(2 * place + 1, content)
    with DecoderPool(replace(SETTINGS, decode_timeout_s=2.0), decode=hostile) as pool:
        answers = by_number(pool.read(jobs(tmp_path, contents)))
    codes = {contents[n]: a.code for n, a in answers.items() if isinstance(a, Failure)}
    assert codes == {
        b"exit": "decoder_crashed", b"crash": "decoder_crashed", b"eat": "out_of_memory",
        b"hang": "decode_timeout", b"hang in a codec": "decode_timeout", b"freeze": "decode_timeout",
    }  # fmt: skip
    assert len(answers) == len(contents)


def test_memory_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    large = BytesIO()
    Image.new("RGB", (12_000, 12_000)).save(large, "PNG", compress_level=1)
    with DecoderPool(replace(SETTINGS, decode_memory=700 << 20)) as pool:
        answers = by_number(pool.read(jobs(tmp_path, [large.getvalue(), picture()])))
    assert isinstance(answers[0], Failure)
    assert answers[0].code == "out_of_memory"
    assert isinstance(answers[1], Reading)


def test_a_file_is_not_blamed_for_a_decoder_that_was_killed_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOL_TEST_FOLDER", str(tmp_path))
    with DecoderPool(SETTINGS, decode=hostile) as pool:
        (answer,) = pool.read(jobs(tmp_path, [b"shoot once"]))
    assert (tmp_path / "shot").exists()
    assert isinstance(answer, Reading)


def test_large_pictures_pass_one_at_a_time_small_ones_beside_them_and_waiting_is_nobodys_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOL_TEST_FOLDER", str(tmp_path))
    budgeted = replace(SETTINGS, decoders=4, decode_budget=100 << 20, decode_timeout_s=2.0)
    contents = [*(b"large %d" % number for number in range(4)), *(picture(seed) for seed in range(6))]
    with DecoderPool(budgeted, decode=hostile) as pool:
        answers = list(pool.read(jobs(tmp_path, contents)))
    assert all(isinstance(answer, Reading) for answer in answers)
    times = sorted(tuple(map(float, path.read_text().split())) for path in tmp_path.glob("large*"))
    assert len(times) == 4
    assert all(end <= begun for (_, end), (begun, _) in pairwise(times))


def test_a_decoder_that_dies_with_a_large_picture_gives_its_share_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOL_TEST_FOLDER", str(tmp_path / "missing"))  # so that writing there fails, after the grant
    budgeted = replace(SETTINGS, decode_budget=100 << 20)
    with DecoderPool(budgeted, decode=hostile) as pool:
        assert len(list(pool.read(jobs(tmp_path, [b"large 1", b"large 2", b"large 3"])))) == 3


def test_decoders_killed_while_idle_are_replaced(tmp_path: Path) -> None:
    wanted = jobs(tmp_path, [picture(seed) for seed in range(6)])
    with DecoderPool(SETTINGS) as pool:
        list(pool.read(wanted))
        for child in psutil.Process().children():
            child.kill()
        assert all(isinstance(answer, Reading) for answer in pool.read(wanted))


def test_a_time_limit_that_others_set_for_their_sockets_is_not_the_decoders(tmp_path: Path) -> None:
    socket.setdefaulttimeout(5)  # as kombu does, in a thread of its own, while it connects
    try:
        with DecoderPool(SETTINGS) as pool:
            assert isinstance(next(pool.read(jobs(tmp_path, [picture()]))), Reading)
            socket.setdefaulttimeout(None)
            time.sleep(0.5)
            assert all(isinstance(one, Reading) for one in pool.read(jobs(tmp_path, [picture(n) for n in range(8)])))
    finally:
        socket.setdefaulttimeout(None)


def test_work_goes_on_while_the_caller_is_busy_but_not_without_bound(tmp_path: Path) -> None:
    taken: list[int] = []

    def given() -> Iterator[Job]:
        for job in jobs(tmp_path, [picture(seed) for seed in range(200)]):
            taken.append(job.number)
            yield job

    with DecoderPool(SETTINGS) as pool:
        answers = pool.read(given())
        next(answers)
        bound = AHEAD + 2 * SETTINGS.decoders
        time.sleep(3)  # as long as a network may take
        begun = time.perf_counter()
        assert len(list(islice(answers, bound - 1))) == bound - 1
        assert time.perf_counter() - begun < 0.5  # they were ready
        assert len(taken) <= 2 * bound
        assert len(list(answers)) == 200 - bound


def test_an_abandoned_reading_leaves_the_pool_usable(pool: DecoderPool, tmp_path: Path) -> None:
    wanted = jobs(tmp_path, [picture(seed) for seed in range(20)])
    abandoned = pool.read(wanted)
    next(abandoned)
    abandoned.close()  # type: ignore[attr-defined]
    assert len(list(pool.read(wanted))) == 20


def test_digests_of_pixels_and_thumbnails_come_from_the_same_processes(pool: DecoderPool, tmp_path: Path) -> None:
    content = picture()
    wanted = jobs(tmp_path, [content, content, b"no image"])
    digests = {answer.number: answer for answer in pool.pixel_digests(wanted)}
    first, second = digests[0], digests[1]
    assert isinstance(first, PixelDigest)
    assert isinstance(second, PixelDigest)
    assert first.pixels == second.pixels is not None
    assert first.digest == hashlib.sha256(content).digest()
    assert isinstance(digests[2], Failure)
    (thumbnails,) = pool.thumbnails(wanted[:1], (32, 64))
    assert isinstance(thumbnails, Thumbnails)
    assert [max(Image.open(BytesIO(image)).size) for image in thumbnails.images] == [32, 64]


def test_a_closed_pool_leaves_no_process_and_refuses_work(tmp_path: Path) -> None:
    here = psutil.Process()
    before, descriptors = set(here.children()), here.num_fds()
    pool = DecoderPool(SETTINGS)
    wanted = jobs(tmp_path, [picture()])
    list(pool.read(wanted))
    assert set(here.children()) > before
    pool.close()
    assert set(here.children()) == before
    assert here.num_fds() == descriptors
    with pytest.raises((Unavailable, RuntimeError)):
        list(pool.read(wanted))


def test_too_little_memory_to_start_a_decoder_is_said_at_once(tmp_path: Path) -> None:
    with DecoderPool(replace(SETTINGS, decode_memory=1 << 20)) as pool, pytest.raises(Unavailable) as caught:
        list(pool.read(jobs(tmp_path, [picture()])))
    assert caught.value.code == "decoder_unavailable"
    assert "LOOKALIKE_DECODE_MEMORY" in caught.value.message


PARENT = """
import sys, time
from dataclasses import replace
from pathlib import Path
import tests.unit.workers.vision.test_pool as here
pool = here.DecoderPool(replace(here.SETTINGS, decode_timeout_s=3.0), decode=here.hostile)
answers = pool.read(here.jobs(Path(sys.argv[1]), [here.picture(), b"hang", here.picture(1), b"hang in a codec"]))
next(answers)
import psutil
print(*[child.pid for child in psutil.Process().children()], flush=True)
time.sleep(60)
"""


def test_decoders_die_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in children if psutil.pid_exists(pid)]


IN_PREFORK = """
import sys
from pathlib import Path
import billiard
import tests.unit.workers.vision.test_pool as here

def work(folder):
    with here.DecoderPool(here.SETTINGS) as pool:
        print(len([a for a in pool.read(here.jobs(Path(folder), [here.picture()] * 5)) if isinstance(a, here.Reading)]))

child = billiard.Process(target=work, args=(sys.argv[1],), daemon=True)
child.start()
child.join(60)
"""


def test_the_pool_works_in_a_daemonic_child_of_billiard(tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    command = [sys.executable, "-W", "ignore", "-c", IN_PREFORK, str(tmp_path)]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=90, check=False)
    assert said.stdout.strip() == "5", said.stderr
