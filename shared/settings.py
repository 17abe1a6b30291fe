"""Every setting, read once from the environment, typed, and refused loudly where it makes no sense.

``Settings.FIELDS`` in docs/settings.md is held against this class by a test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from shared.domain.errors import InvalidRequest

PREFIX = "LOOKALIKE_"


class InvalidSetting(InvalidRequest):
    """A setting has a value that cannot be used."""

    code = "invalid_setting"


def _positive_int(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _positive_float(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError("must be above 0")
    return number


def _fraction(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("must lie between 0 and 1")
    return number


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part).expanduser() for part in text.split(os.pathsep) if part)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _precision(text: str) -> str:
    if text not in ("auto", "float32", "bfloat16"):
        raise ValueError("must be auto, float32 or bfloat16")
    return text


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _setting(read: Callable[[str], Any], default: Any, about: str) -> Any:
    return field(default=default, metadata={"read": read, "about": about})


def _secret(about: str) -> Any:
    """A setting that is never shown, and that a file can hold: its variable's name with ``_FILE`` names the file."""
    return field(default=None, repr=False, metadata={"read": str, "about": about, "secret": True})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. The environment variable of ``chunk_size`` is ``LOOKALIKE_CHUNK_SIZE``, and so on.

    Sizes are in bytes unless the name says otherwise; names that end in ``_s`` are in seconds.
    """

    data: Path = field(
        default=Path(platformdirs.user_data_dir("lookalike")),
        metadata={"read": _path, "about": "Folder for everything that is kept: features, results, journals, Redis."},
    )
    redis_url: str | None = _secret(
        "Redis to use as broker and store. Unset: an embedded redis-server in the data folder."
    )
    libraries: tuple[Path, ...] = _setting(
        _paths, (), "Folders that may be scanned, separated like PATH (a colon; on Windows a semicolon)."
    )
    host: str = _setting(str, "127.0.0.1", "Address the web page listens on.")
    port: int = _setting(_positive_int, 5000, "Port of the web page.")
    flower_port: int = _setting(_positive_int, 5555, "Port of Flower.")
    flower_password: str | None = _secret("Flower's password (user lookalike). Unset: made up at each start.")
    password: str | None = _secret(
        "Password of the web page. Unset: none is asked for, and the page is reached from this machine alone."
    )
    plain_http: bool = _setting(
        _flag, False, "1: browsers stay signed in over plain HTTP too, where others on the network may listen in."
    )
    read_only: bool = _setting(
        _flag, False, "1: nothing can be changed: no scan is started, nothing is deleted, restored or purged."
    )
    allowed_hosts: tuple[str, ...] = _setting(
        _names, (), "Host names the page answers to beside loopback, separated by commas."
    )
    add_libraries: bool = _setting(
        _flag, True, "1: on loopback, the page may add any folder its user may read as a library."
    )
    metrics_port: int | None = _setting(_positive_int, None, "Port for Prometheus to scrape. Unset: no metrics.")
    metrics_host: str = _setting(str, "127.0.0.1", "Address that metrics are served on.")
    chunk_size: int = _setting(_positive_int, 64, "Files in one extraction task.")
    block_size: int | None = _setting(
        _positive_int,
        None,
        "Most images in one block; a task compares two. Unset: found by a trial, once a data folder.",
    )
    floor: float = _setting(
        _fraction, 0.80, "Matches are kept down to this cosine, so that groups can be formed anew at another threshold."
    )
    matches_per_image: int = _setting(_positive_int, 100, "Matches kept for one image; the rest is counted.")
    candidates_per_image: int = _setting(_positive_int, 25, "thorough: pairs of one image that are proven, at most.")
    neighbours: int = _setting(_positive_int, 10, "thorough: nearest images by the network that become candidates.")
    votes_up_to: int = _setting(
        _positive_int, 50_000, "thorough: in larger libraries, shared parts alone nominate no candidates."
    )
    weights: Path | None = _setting(_path, None, "File with the network's weights, instead of the download.")
    precision: str = _setting(_precision, "auto", "auto, float32 or bfloat16; auto takes bfloat16 where it is fast.")
    batch_size: int | None = _setting(
        _positive_int, None, "Images the network sees at once. Unset: found by a trial, once for each network."
    )
    decoders: int = _setting(_positive_int, os.cpu_count() or 1, "Decoder processes of one worker.")
    decode_timeout_s: float = _setting(_positive_float, 20.0, "Longest time one file may take to decode.")
    decode_budget: int = _setting(
        _positive_int, 1 << 30, "Memory of pictures being decoded by one worker at once; a larger one passes alone."
    )
    decode_memory: int = _setting(_positive_int, 4 << 30, "Address space of one decoder process.")
    max_pixels: int = _setting(_positive_int, 200_000_000, "Images with more pixels are listed as too large.")
    max_file: int = _setting(_positive_int, 2 << 30, "Larger files are listed as too large.")
    max_upload: int = _setting(_positive_int, 50 << 20, "Largest upload.")
    lease_s: float = _setting(_positive_float, 15.0, "A task not heard of for so long is given to another worker.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read ``LOOKALIKE_*``.

        Raises:
            InvalidSetting: a value cannot be used; the message names the variable.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for f in fields(cls):
            text = _text(environment, PREFIX + f.name.upper(), "secret" in f.metadata)
            if text == "":
                continue
            try:
                values[f.name] = f.metadata["read"](text)
            except ValueError as error:
                raise InvalidSetting(f"{PREFIX}{f.name.upper()}={text!r}: {error}.") from None
        return cls(**values)


def _text(environment: Mapping[str, str], name: str, secret: bool) -> str:
    """A variable's value; a secret's from the file that ``<name>_FILE`` names, its last line break left out."""
    text, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if not secret or file == "":
        return text
    if text != "":
        raise InvalidSetting(f"Both {name} and {name}_FILE are set. Set one of them.")
    try:
        return Path(file).expanduser().read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidSetting(f"{name}_FILE={file!r} cannot be read: {why}.") from None
