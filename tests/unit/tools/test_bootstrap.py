"""Setting a machine up: what it is configured to do is what is done."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tools import bootstrap
from tools.bootstrap import BootstrapError, Index


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".cache").mkdir()
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_machine_wide_pip_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    real = bootstrap.pip_config_files
    monkeypatch.setattr(
        bootstrap,
        "pip_config_files",
        lambda env: [path for path in real(env) if not path.is_relative_to("/etc")],
    )


def test_without_settings_the_public_index_is_used(home: Path) -> None:
    assert bootstrap.configured_index({"HOME": str(home)}) == bootstrap.PUBLIC_INDEX


def test_the_index_of_the_environment_goes_before_that_of_pip(home: Path) -> None:
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://in.file/simple/\n")
    env = {"HOME": str(home)}
    assert bootstrap.configured_index(env) == "https://in.file/simple"
    env["PIP_INDEX_URL"] = "https://pip.env/simple"
    assert bootstrap.configured_index(env) == "https://pip.env/simple"
    env["UV_DEFAULT_INDEX"] = "https://uv.env/simple"
    assert bootstrap.configured_index(env) == "https://uv.env/simple"


def test_an_install_section_and_a_named_file_are_read_as_pip_reads_them(home: Path) -> None:
    named = write(
        home / "own.conf",
        "[global]\nindex-url = https://a/simple\n[install]\nindex-url = https://b/simple\n",
    )
    env = {"HOME": str(home), "PIP_CONFIG_FILE": str(named)}
    assert bootstrap.configured_index(env) == "https://b/simple"


def test_an_own_certificate_authority_is_taken_wherever_it_is_named(home: Path) -> None:
    write(home / ".pip/pip.conf", "[global]\ncert = /from/pip.conf\n")
    env = {"HOME": str(home)}
    assert bootstrap.ca_file(env) == "/from/pip.conf"
    env["REQUESTS_CA_BUNDLE"] = "/from/requests"
    assert bootstrap.ca_file(env) == "/from/requests"
    env["SSL_CERT_FILE"] = "/from/ssl"
    assert bootstrap.ca_file(env) == "/from/ssl"


def test_credentials_leave_the_address_and_go_into_the_header() -> None:
    index = Index.parse("https://me:s%40crt@index.example:8443/simple/")
    assert index.url == "https://index.example:8443/simple"
    assert index.authorization == "Basic bWU6c0BjcnQ="
    assert Index.parse("https://index.example/simple").authorization is None


def test_the_cache_goes_into_the_project_when_there_is_no_home_to_write_to(home: Path) -> None:
    assert bootstrap.cache_dir({"HOME": str(home)}) == home / ".cache/uv"
    assert bootstrap.cache_dir({}) == bootstrap.ROOT / "var/cache/uv"
    assert bootstrap.cache_dir({"HOME": "/nonexistent"}) == bootstrap.ROOT / "var/cache/uv"


def test_uv_never_fetches_a_python_and_never_leaves_the_project(home: Path) -> None:
    env = {"HOME": str(home), "VIRTUAL_ENV": "/other", "PYTHONPATH": "/other"}
    settings = bootstrap.uv_environment(env)
    assert settings["UV_PYTHON_DOWNLOADS"] == "never"
    assert settings["UV_PROJECT_ENVIRONMENT"] == str(bootstrap.ROOT / ".venv")
    assert not {"VIRTUAL_ENV", "PYTHONPATH"} & settings.keys()


def test_only_uv_is_taken_out_of_its_wheel(tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"uv-{bootstrap.UV_VERSION}.data/scripts/uv", b"program")
        archive.writestr("../outside", b"no")
    target = tmp_path / "tools/uv"
    bootstrap.unpack_uv(wheel.getvalue(), target)
    assert target.read_bytes() == b"program"
    assert target.stat().st_mode & 0o111
    assert [path.name for path in target.parent.iterdir()] == ["uv"]


def test_a_machine_we_have_no_uv_for_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "mips")
    with pytest.raises(BootstrapError, match=r"x86_64 or aarch64; this is linux mips"):
        bootstrap.ensure_uv({})


def test_both_machines_have_a_pinned_wheel_of_the_same_version() -> None:
    assert set(bootstrap.UV_WHEELS) == {"x86_64", "aarch64"}
    for wheel, sha256 in bootstrap.UV_WHEELS.values():
        assert wheel.startswith(f"uv-{bootstrap.UV_VERSION}-py3-none-manylinux")
        assert len(sha256) == 64
