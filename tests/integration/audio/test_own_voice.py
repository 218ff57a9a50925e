"""A voice that the operator supplies, run as it would be: with a tiny model made here."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from audio_library.errors import LanguageNotSpokenError, SpeechFailedError
from audio_library.ingest import ingest
from audio_library.speech.engine import Voice
from audio_library.speech.own_voice import OwnVoiceEngine, packages_of_the_extra

TEXT = "bà con chú ý"
LETTERS = " .,abcdeghiklmnopqrstuvxyđàáảãạăâêôơưúýù"
FACTS = {
    "model_type": "vits",
    "comment": "coqui",
    "language": "Vietnamese",
    "voice": "vi",
    "has_espeak": "0",
    "n_speakers": "0",
    "sample_rate": "22050",
    "add_blank": "0",
    "frontend": "characters",
    "punctuation": ". ,",
    "use_eos_bos": "0",
    "blank_id": "0",
    "bos_id": "0",
    "eos_id": "0",
    "pad_id": "0",
}


def always() -> None:
    """Go on."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A voice with a hum for each letter, higher for later ones, 0.19 s each."""
    onnx = pytest.importorskip("onnx")
    if packages_of_the_extra() is None:
        pytest.skip("sherpa-onnx is not installed")
    helper, kinds = onnx.helper, onnx.TensorProto

    def fixed(name: str, value: object) -> object:
        tensor = onnx.numpy_helper.from_array(np.array(value))
        return helper.make_node("Constant", [], [name], value=tensor)

    nodes = [
        fixed("last", [2]),
        fixed("repeats", [1, 1, 4096]),
        fixed("flat", [1, 1, -1]),
        fixed("pitch", np.float32(0.02)),
        fixed("axis", 2),
        fixed("volume", np.float32(0.3)),
        helper.make_node("Cast", ["x"], ["letters"], to=kinds.FLOAT),
        helper.make_node("Unsqueeze", ["letters", "last"], ["column"]),
        helper.make_node("Tile", ["column", "repeats"], ["held"]),
        helper.make_node("Reshape", ["held", "flat"], ["line"]),
        helper.make_node("Mul", ["line", "pitch"], ["step"]),
        helper.make_node("CumSum", ["step", "axis"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["hum"]),
        helper.make_node("Mul", ["hum", "volume"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", kinds.INT64, [1, "letters"]),
        helper.make_tensor_value_info("x_length", kinds.INT64, [1]),
        helper.make_tensor_value_info("scales", kinds.FLOAT, [3]),
    ]
    output = helper.make_tensor_value_info("y", kinds.FLOAT, [1, 1, "samples"])
    graph = helper.make_graph(nodes, "hum", inputs, [output])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    helper.set_model_props(made, FACTS)
    folder = tmp_path_factory.mktemp("voice")
    onnx.save(made, str(folder / "model.onnx"))
    lines = "".join(f"{letter} {number}\n" for number, letter in enumerate(LETTERS, 1))
    (folder / "tokens.txt").write_text(lines, encoding="utf-8")
    return str(folder)


def test_a_text_is_spoken_with_the_voice_of_the_folder(model: str, tmp_path: Path) -> None:
    engine = OwnVoiceEngine(model, packages_of_the_extra())
    (voice,) = engine.voices
    recording = engine.synthesise(TEXT, voice, tmp_path / "spoken", go_on=always)
    asset = ingest(recording, workdir=tmp_path, chime=False).asset
    assert 1_500 < asset.duration_ms < 4_000
    assert "sherpa" not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_broken_voice_is_a_failure_that_leaves_nothing(model: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model.onnx").write_bytes(b"no model")
    (broken / "tokens.txt").write_text("a 1\n", encoding="utf-8")
    engine = OwnVoiceEngine(str(broken), packages_of_the_extra())
    with pytest.raises(SpeechFailedError):
        engine.synthesise(TEXT, engine.voices[0], tmp_path / "spoken", go_on=always)
    assert not (tmp_path / "spoken").exists()


@pytest.mark.parametrize("packages", [None, Path("/usr/lib")])
def test_a_voice_that_is_not_all_there_is_not_offered_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, packages: Path | None
) -> None:
    with caplog.at_level(logging.WARNING):
        engine = OwnVoiceEngine(str(tmp_path), packages)
    assert engine.voices == ()
    wanted = "model.onnx and no tokens.txt" if packages else "extra `voice`"
    assert wanted in caplog.text
    with pytest.raises(LanguageNotSpokenError):
        engine.synthesise(TEXT, Voice("own", "vi", "vi"), tmp_path / "spoken", go_on=always)


def test_no_voice_is_looked_for_where_none_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert OwnVoiceEngine("", None).voices == ()
    assert caplog.text == ""
