"""The digits demo end to end: what it learns, what it writes, what it answers to wrong options."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from chainrule.compiler.errors import ChainruleError
from chainrule.compiler.pipeline import DEFAULT_PASSES
from chainrule.frontend.cli import main
from chainrule.frontend.demos import comparison, digits, numpy_step
from chainrule.frontend.demos.digits import Settings

matplotlib_image = pytest.importorskip("matplotlib.image")

FILES = {
    "graph.dot",
    "graph.json",
    "learning_curve.png",
    "metrics.jsonl",
    "parameters.safetensors",
    "summary.json",
}


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["demo", "digits", *map(str, arguments)])


def read_digits(folder, activation) -> float:
    """Accuracy of the saved parameters on the test split, by plain NumPy."""
    images, labels = load_digits(return_X_y=True)
    _, images, _, labels = train_test_split(
        images, labels, test_size=0.2, stratify=labels, random_state=0
    )
    arrays = load_file(folder / "parameters.safetensors")
    layers = len(arrays) // 2
    x = images / 16
    for i in range(layers):
        x = x @ arrays[f"layers[{i}].weight"] + arrays[f"layers[{i}].bias"]
        x = activation(x) if i < layers - 1 else x
    return np.mean(x.argmax(axis=1) == labels)


def test_the_demo_reads_97_percent_of_the_test_digits(tmp_path) -> None:
    result = invoke("--out", tmp_path)
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["test_accuracy"] >= 0.97
    assert summary["test_accuracy"] == pytest.approx(read_digits(tmp_path, np.tanh), abs=1e-12)
    assert f"test accuracy {summary['test_accuracy']:.2%}" in result.output


@pytest.mark.parametrize(
    "options",
    [
        {"backend": "reference"},
        {"optimizer": "adam", "activation": "relu", "hidden": "24", "seed": 0},
        {"activation": "sigmoid", "momentum": 0, "hidden": "12,12,12", "threads": 1},
    ],
)
def test_every_file_is_written_and_agrees_with_the_others(tmp_path, options) -> None:
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    result = invoke("--epochs", 2, "--out", tmp_path, *flags)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES
    summary = json.loads((tmp_path / "summary.json").read_text())
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[-1]["validation_accuracy"] == summary["test_accuracy"]
    assert rows[-1]["step"] == 2 * (1437 // 32)
    activations = {"relu": lambda z: z * (z > 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
    activation = activations.get(options.get("activation"), np.tanh)
    assert summary["test_accuracy"] == pytest.approx(read_digits(tmp_path, activation), abs=3 / 360)
    for name in ("seconds", "step_us", "numpy_step_us", "compile_seconds", "units_traced"):
        assert summary[name] > 0
    arrays = load_file(tmp_path / "parameters.safetensors")
    assert summary["parameters"] == sum(array.size for array in arrays.values())
    graph = json.loads((tmp_path / "graph.json").read_text())
    assert len(graph["graphs"][-1]["units"]) == summary["units_optimised"]
    assert (tmp_path / "graph.dot").read_text().startswith("digraph")
    picture = matplotlib_image.imread(tmp_path / "learning_curve.png")
    assert picture.std() > 0.01


def test_the_report_names_passes_and_both_times(tmp_path) -> None:
    result = invoke("--epochs", 1, "--hidden", 8, "--backend", "reference", "--out", tmp_path)
    table = result.output.partition("rules applied\n")[2].splitlines()
    for entry in DEFAULT_PASSES:
        (line,) = [line for line in table if line.startswith(f"{entry.name:<20}")]
        assert "->" in line
    assert "NumPy" in result.output


def test_help_explains_every_option_with_its_default() -> None:
    text = " ".join(invoke("--help").output.translate({40: None, 41: None}).split())
    defaults = {
        "epochs": "40",
        "batch": "32",
        "hidden": "128,64",
        "activation": "tanh",
        "optimizer": "sgd",
        "learning-rate": "0.1 for sgd, 0.002 for adam",
        "momentum": "0.9",
        "seed": "0",
        "threads": "CHAINRULE_THREADS, else as many as CPUs",
        "backend": "native",
        "out": "runs/digits",
    }
    for name, default in defaults.items():
        explanation = text.partition(f" --{name} ")[2].partition(" --")[0]
        assert f"default: {default}" in explanation


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--epochs", "0"], "0 is not in the range x>=1."),
        (["--hidden", "64,x"], "'64,x' is no list of positive whole numbers like 128,64."),
        (["--hidden", "0"], "'0' is no list of positive whole numbers like 128,64."),
        (["--optimizer", "sdg"], "'sdg' is not one of 'sgd', 'adam'."),
        (["--momentum", "1"], "1.0 is not in the range 0<=x<1."),
        (["--learning-rate", "0"], "0.0 is not in the range x>0."),
        (["--batch", "1438"], "a batch of 1438 is larger than the data: 1437 examples"),
        (["--out", __file__], f"Directory {__file__!r} is a file."),
        (["--epoch-count", "3"], "No such option '--epoch-count'"),
    ],
)
def test_wrong_options_end_in_one_sentence(tmp_path, arguments, sentence) -> None:
    result = invoke("--out", tmp_path, *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("chainrule demo digits: ")
    assert sentence in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_wrong_option(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = invoke("--out", tmp_path / "file" / "folder")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("chainrule demo digits: Invalid value for --out: cannot write to ")


def test_a_learning_rate_that_diverges_is_said_so(tmp_path) -> None:
    result = invoke("--learning-rate", 1e30, "--activation", "relu", "--out", tmp_path)
    assert result.exit_code == 2
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith("chainrule demo digits: Invalid value for --learning-rate: the loss")
    assert sentence.endswith("in epoch 1: try a smaller one")
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("module", ["sklearn", "matplotlib"])
def test_a_missing_library_names_the_extra(tmp_path, monkeypatch, module) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    result = invoke("--out", tmp_path)
    assert result.exit_code == 1
    name = {"sklearn": "scikit-learn"}.get(module, module)
    wanted = f"the digits demo needs {name}: pip install 'chainrule[examples]'"
    assert result.output == f"chainrule: {wanted}\n"


def test_the_comparison_refuses_steps_that_differ(monkeypatch) -> None:
    settings = Settings(epochs=1, hidden=(8,), backend="reference")
    data = digits.load(0)
    fitted = digits.train(settings, data)
    wrong = (numpy_step.ACTIVATIONS["tanh"][0], numpy_step.ACTIVATIONS["sigmoid"][1])
    monkeypatch.setitem(numpy_step.ACTIVATIONS, "tanh", wrong)
    with pytest.raises(ChainruleError, match="the compiled step and NumPy's differ in their"):
        comparison.compare(fitted.step, settings, data)


def test_the_split_keeps_the_share_of_each_digit() -> None:
    data = digits.load(0)
    assert (len(data.train[1]), len(data.test[1])) == (1437, 360)
    whole = np.bincount(np.concatenate([data.train[1], data.test[1]]))
    np.testing.assert_allclose(np.bincount(data.test[1]), whole / 5, atol=1)
    assert data.train[0].dtype == np.float32
    assert data.train[0].min() == 0
    assert data.train[0].max() == 1
