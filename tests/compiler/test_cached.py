"""Programs out of the disk cache: the same bits, today's lines, and nothing taken for another."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.compiler import pipeline, sources
from chainrule.compiler import program as program_module
from chainrule.compiler.native.cached import LoadedProgram
from chainrule.compiler.pipeline import DEFAULT_PASSES, Pass
from chainrule.runtime.cache import store
from chainrule.runtime.errors import CacheWarning


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, that is read: a check of the passes would pass it by."""
    monkeypatch.delenv("CHAINRULE_VERIFY", raising=False)
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "programs"))
    return tmp_path / "programs"


def files(folder: Path) -> list[Path]:
    """Those of programs, without what all programs share."""
    return sorted(path for path in folder.glob("*.program") if "-" not in path.name)


def mlp(params: Any, x: Any) -> Any:
    (w, b), (v, c) = params
    return np.tanh(x @ w + b) @ v + c


def loss(params: Any, x: Any, y: Any) -> Any:
    return np.mean(np.square(mlp(params, x) - y))


def step(params: Any, x: Any, y: Any) -> Any:
    value, grads = cr.value_and_grad(loss)(params, x, y)
    (w, b), (v, c) = params
    (dw, db), (dv, dc) = grads
    return [(w - 0.1 * dw, b - 0.1 * db), (v - 0.1 * dv, c - 0.1 * dc)], value


def problem(rng: np.random.Generator, width: int = 7) -> tuple[Any, Any, Any]:
    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    params = [(normal(5, width), normal(width)), (normal(width, 3), normal(3))]
    return params, normal(11, 5), normal(11, 3)


def flat(tree: Any) -> list[np.ndarray]:
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in flat(part)]
    return [np.asarray(tree)]


def assert_same_bits(one: Any, other: Any) -> None:
    for a, b in zip(flat(one), flat(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_second_program_is_loaded_and_gives_the_same_bits(
    rng: np.random.Generator, folder: Path
) -> None:
    given = problem(rng)
    first, second = cr.compile(step), cr.compile(step)
    expected = first(*given)
    assert first.program(*given).cache == "stored"
    assert_same_bits(second(*given), expected)
    assert second.program(*given).cache == "loaded"
    assert len(files(folder)) == 1


def test_a_loaded_program_runs_no_pass_and_builds_nothing(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = problem(rng)
    expected = cr.compile(step)(*given)
    calls: list[str] = []
    for module, name in ((pipeline, "optimise"), (program_module, "_built")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, n=name, r=real, **k: calls.append(n) or r(*a, **k)
        )
    again = cr.compile(step)
    assert_same_bits(again(*given), expected)
    assert calls == []
    again.program(*given).explain()
    assert sorted(calls) == ["_built", "optimise"]


def test_a_loaded_program_tells_all_that_a_built_one_tells(rng: np.random.Generator) -> None:
    given = problem(rng)
    built = cr.compile(step).program(*given)
    loaded = cr.compile(step).program(*given)
    assert loaded.cache == "loaded"
    assert loaded.source() == built.source()
    assert loaded.llvm() == built.llvm()
    assert loaded.asm() == built.asm()
    assert loaded.graph.fingerprint == built.graph.fingerprint
    assert [str(k.summary()) for k in loaded.kernels] == [str(k.summary()) for k in built.kernels]
    assert loaded.memory.summary() == built.memory.summary()
    assert loaded.explain().splitlines()[-1].split() == ["cache", "loaded"]


def test_what_is_shown_is_the_code_that_runs(rng: np.random.Generator, folder: Path) -> None:
    """Building the program again gives the object code that is in the cache, byte by byte."""
    given = problem(rng)
    cr.compile(step).program(*given)
    loaded = cr.compile(step).program(*given)
    assert isinstance(loaded.run, LoadedProgram)
    code = loaded.run.built.code.object_code
    assert code in files(folder)[0].read_bytes()


@pytest.mark.parametrize("shape", [(3, 4), (0, 4), (130, 70)])
def test_products_and_transposes_are_loaded(shape: tuple[int, int]) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)

    def gram(x: Any) -> Any:
        return x.T @ x, x @ x.T

    expected = cr.compile(gram)(x)
    again = cr.compile(gram)
    assert_same_bits(again(x), expected)
    assert again.program(x).cache == "loaded"
    np.testing.assert_allclose(expected[0], x.T @ x)


def test_threads_of_blas_are_kept_by_a_loaded_program(rng: np.random.Generator) -> None:
    x = rng.normal(size=(300, 300))
    expected = cr.compile(lambda x: x @ x, threads=1)(x)
    again = cr.compile(lambda x: x @ x, threads=1)
    np.testing.assert_array_equal(again(x), expected)
    assert again.program(x).cache == "loaded"


def test_donated_memory_is_reused_by_a_loaded_program() -> None:
    def double(x: Any) -> Any:
        return x * 2

    cr.compile(double, donate_argnames="x")(np.arange(4.0))
    again = cr.compile(double, donate_argnames="x")
    given = np.arange(4.0)
    assert again(given) is given
    assert again.program(given).cache == "loaded"
    np.testing.assert_array_equal(given, [0, 2, 4, 6])
    kept = np.arange(4.0)
    other = cr.compile(double)
    assert other(kept) is not kept
    assert other.program(kept).cache == "stored"
    np.testing.assert_array_equal(kept, np.arange(4.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(100.0), np.arange(100.0) + (np.arange(100) == 57)),
        (np.zeros(100), np.copysign(np.zeros(100), -1)),
        (np.arange(100.0), np.arange(100.0, dtype=np.float32)),
        (np.ones((50, 2)), np.ones((2, 50))),
        (1.0, 2.0),
        (0.0, -0.0),
    ],
)
def test_other_constants_are_other_programs(one: Any, other: Any, folder: Path) -> None:
    results = []
    for constant in (one, other, one):
        compiled = cr.compile(lambda x, c=constant: 1 / (x + c))
        with np.errstate(divide="ignore"):
            x = np.full(1, -0.0)
            results.append(compiled(x))
            np.testing.assert_array_equal(results[-1], 1 / (x + constant))
    assert len(files(folder)) == 2


def test_constants_of_the_compiler_s_making_are_restored(folder: Path) -> None:
    def function(x: Any) -> Any:
        table = ops.exp(np.linspace(0, 1, 1000))  # folded by a pass
        return x * table, x + np.linspace(0, 1, 1000)

    x = np.linspace(-1, 1, 1000)
    expected = cr.compile(function)(x)
    again = cr.compile(function)
    assert_same_bits(again(x), expected)
    assert again.program(x).cache == "loaded"
    # One of the two tables is in the user's program: only the other needs the disk.
    assert 8_000 < files(folder)[0].stat().st_size < 16_000


def test_an_index_out_of_bounds_names_today_s_line() -> None:
    def pick(x: Any, i: Any) -> Any:
        return x[i]  # the first one

    def pick_again(x: Any, i: Any) -> Any:
        return x[i]  # the second one

    x, i = np.arange(5.0), np.array([1, 9])
    messages = []
    for function, outcome in ((pick, "stored"), (pick_again, "loaded")):
        compiled = cr.compile(function)
        compiled(x, np.array([1, 4]))
        with pytest.raises(cr.OutOfBoundsError) as caught:
            compiled(x, i)
        assert compiled.program(x, i).cache == outcome
        messages.append(str(caught.value))
    assert "the first one" in messages[0]
    assert messages[1].replace("pick_again", "pick").split(":")[0] == messages[0].split(":")[0]
    assert "the second one" in messages[1]


@pytest.mark.parametrize("seed", range(5))
def test_damage_costs_a_warning_and_never_the_result(
    seed: int, rng: np.random.Generator, folder: Path
) -> None:
    given = problem(rng)
    expected = cr.compile(step)(*given)
    cr.compile(lambda x: ops.exp(x))(given[1])
    dice = np.random.default_rng(seed)
    for path in files(folder):
        broken = bytearray(path.read_bytes())
        for place in dice.integers(len(broken), size=dice.integers(1, 20)):
            broken[place] ^= int(dice.integers(1, 256))
        path.write_bytes(broken)
    with pytest.warns(CacheWarning, match="is damaged") as caught:
        assert_same_bits(cr.compile(step)(*given), expected)
    (warning,) = caught
    assert any(str(path) in str(warning.message) for path in files(folder))
    again = cr.compile(step)
    assert_same_bits(again(*given), expected)
    assert again.program(*given).cache == "loaded"


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"[]\n", b"\x80\x04.", b'{"sizes": [4]}\nabcd', b'{"sizes": [9]}\nabcd'],
)
def test_a_whole_file_with_other_content_is_damage_too(content: bytes, folder: Path) -> None:
    """Somebody may write files with a right checksum: what they say is not believed either."""
    compiled = cr.compile(lambda x: x + 1)
    compiled(np.ones(3))
    (path,) = files(folder)
    kept = store()
    assert kept is not None
    kept.put(path.stem, content)
    with pytest.warns(CacheWarning, match=r"is damaged \(\w+Error: "):
        np.testing.assert_array_equal(cr.compile(lambda x: x + 1)(np.ones(3)), [2, 2, 2])


def test_without_a_usable_folder_work_goes_on_with_one_warning(folder: Path) -> None:
    folder.write_text("no folder")
    compiled = [cr.compile(lambda x, n=number: x + n) for number in range(3)]
    with pytest.warns(CacheWarning, match="programs are compiled anew") as caught:
        results = [each(np.ones(3)) for each in compiled]
    assert len(caught) == 1
    np.testing.assert_array_equal(results, [np.ones(3), np.ones(3) + 1, np.ones(3) + 2])
    for each in compiled:
        outcome = each.program(np.ones(3)).cache
        assert outcome == "not used: the folder cannot be written"


def test_switched_off_it_touches_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", "off")
    compiled = cr.compile(lambda x: x + 1)
    compiled(np.ones(3))
    assert compiled.program(np.ones(3)).cache == "switched off"
    assert not folder.exists()


def test_other_passes_are_another_program(folder: Path) -> None:
    programs = [
        cr.compile(lambda x: x * 1, passes=passes).program(np.ones(3))
        for passes in (DEFAULT_PASSES, DEFAULT_PASSES[:-1], DEFAULT_PASSES)
    ]
    assert [each.cache for each in programs] == ["stored", "stored", "loaded"]


def test_a_pass_is_known_by_its_code_not_by_its_name(folder: Path) -> None:
    def program(run: Any) -> Any:
        passes = [*DEFAULT_PASSES, Pass("mine", run, "nothing")]
        return cr.compile(lambda x: x + 1, passes=passes).program(np.ones(3))

    for bias in (1, 2):  # a closure over a number
        assert program(lambda graph, notes, b=bias: graph if b else None).cache == "stored"
    assert len(files(folder)) == 2


def test_a_pass_that_cannot_be_read_is_not_cached(folder: Path) -> None:
    handle = iter([])

    def run(graph: Any, notes: Any) -> Any:
        return graph if handle is not None else None

    passes = [*DEFAULT_PASSES, Pass("mine", run, "nothing")]
    compiled = cr.compile(lambda x: x + 1, passes=passes)
    np.testing.assert_array_equal(compiled(np.ones(2)), [2, 2])
    assert compiled.program(np.ones(2)).cache.startswith("not used: <list_iterator")
    assert files(folder) == []


def test_a_check_of_the_passes_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    function = cr.compile(lambda x: x + 1)
    function(np.ones(3))
    monkeypatch.setenv("CHAINRULE_VERIFY", "1")
    again = cr.compile(lambda x: x + 1)
    again(np.ones(3))
    assert again.program(np.ones(3)).cache == "stored"


def test_sources_that_changed_after_the_import_switch_it_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.own_digest.cache_clear()
    monkeypatch.setattr(sources, "LOADED_AT", 0)
    compiled = cr.compile(lambda x: x + 1)
    np.testing.assert_array_equal(compiled(np.ones(2)), [2, 2])
    assert "changed after chainrule was imported" in compiled.program(np.ones(2)).cache
    assert not folder.exists()


def test_nothing_warns_where_all_is_well(rng: np.random.Generator) -> None:
    given = problem(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.compile(step)(*given)
        cr.compile(step)(*given)
