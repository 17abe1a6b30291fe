"""Settings: read from the environment, refused where they make no sense, and all of them documented."""

from __future__ import annotations

import os
from dataclasses import Field, fields
from pathlib import Path

import pytest

from shared.domain.errors import InvalidRequest
from shared.settings import PREFIX, Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"
SIZES = {1 << 30: "1 GiB", 4 << 30: "4 GiB", 2 << 30: "2 GiB", 50 << 20: "50 MiB"}
DEPENDS = {"data": "the platform's place for application data", "decoders": "one a core"}


def shown_default(field: Field[object]) -> str:
    """A default as the table gives it."""
    if field.name in DEPENDS:
        return DEPENDS[field.name]
    if field.default is None or field.default == ():
        return "unset"
    if isinstance(field.default, bool):
        return f"`{int(field.default)}`"
    if isinstance(field.default, int) and field.default in SIZES:
        return f"`{field.default}` ({SIZES[field.default]})"
    return f"`{field.default}`"


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    documented = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(f"| `{PREFIX}")]
    assert documented == [
        f"| `{PREFIX}{field.name.upper()}` | {shown_default(field)} | {field.metadata['about']} |"
        for field in fields(Settings)
    ]


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"LOOKALIKE_PORT": ""}) == Settings()


def test_values_are_read_with_their_types() -> None:
    settings = Settings.from_environment(
        {
            "LOOKALIKE_DATA": "somewhere",
            "LOOKALIKE_LIBRARIES": os.pathsep.join(["/a", "~/b", ""]),
            "LOOKALIKE_ALLOWED_HOSTS": "photos.example, nas",
            "LOOKALIKE_ADD_LIBRARIES": "0",
            "LOOKALIKE_CHUNK_SIZE": "7",
            "LOOKALIKE_LEASE_S": "2.5",
        }
    )
    assert settings.data == Path("somewhere").absolute()
    assert settings.libraries == (Path("/a"), Path("~/b").expanduser())
    assert settings.allowed_hosts == ("photos.example", "nas")
    assert settings.add_libraries is False
    assert settings.chunk_size == 7
    assert settings.lease_s == 2.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOOKALIKE_PORT", "many"),
        ("LOOKALIKE_PORT", "0"),
        ("LOOKALIKE_CHUNK_SIZE", "-1"),
        ("LOOKALIKE_LEASE_S", "0"),
        ("LOOKALIKE_PRECISION", "double"),
        ("LOOKALIKE_READ_ONLY", "yes"),
        ("LOOKALIKE_ADD_LIBRARIES", "true"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=name) as refused:
        Settings.from_environment({name: value})
    assert refused.value.code == "invalid_setting"


SECRETS = ["LOOKALIKE_PASSWORD", "LOOKALIKE_FLOWER_PASSWORD", "LOOKALIKE_REDIS_URL"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_can_lie_in_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    field = name.removeprefix(PREFIX).lower()
    for written, read in (("open sésame\n", "open sésame"), ("a b \r\n", "a b "), ("x\n\n", "x\n"), ("", None)):
        file.write_bytes(written.encode())
        assert getattr(Settings.from_environment({f"{name}_FILE": str(file)}), field) == read


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_cannot_be_read_is_refused_by_the_name_of_its_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "no text").write_bytes(b"\xff")
    for file in ("missing", "no text", "."):
        with pytest.raises(InvalidRequest, match=f"{name}_FILE"):
            Settings.from_environment({f"{name}_FILE": str(tmp_path / file)})


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Both"):
        Settings.from_environment({"LOOKALIKE_PASSWORD": "a", "LOOKALIKE_PASSWORD_FILE": str(tmp_path)})


def test_only_secrets_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("80")
    assert Settings.from_environment({"LOOKALIKE_PORT_FILE": str(tmp_path / "port")}) == Settings()


def test_secrets_are_not_shown_with_the_settings() -> None:
    shown = repr(Settings(password="hidden-1", flower_password="hidden-2", redis_url="redis://:hidden-3@redis"))
    assert "hidden" not in shown
