"""LLVM IR text to machine code in memory, by llvmlite, for the CPU that runs this process.

Vector width. The target machine prefers 512-bit vectors wherever the CPU has AVX-512 (LLVM's
own choice for some of these CPUs is 256). A function that fares better with another width says
so itself: ``attributes #0 = { "prefer-vector-width"="256" }``. `host().vector_bits` tells an
emitter which width to write by hand.

Arithmetic. Nothing here permits LLVM to change results: the target machine fuses a product and
a sum only where both carry the flag ``contract`` (or are an ``llvm.fmuladd``), and reassociates
only under ``reassoc``, which the emitters never write.

Symbols. Code may call what the process exports: the C library with libm (``expf``, ``tanhf``,
``erff``, ...; intrinsics such as ``llvm.exp.f32`` become such calls). Everything else comes
through the import table of `chainrule.runtime.executable`, so that object code holds no address.

Loading. Each module has an ORC engine of its own, linked by JITLink. JITLink lays all sections
of a module into one block, so that the small code model is always in reach (MCJIT, and ORC's
older linker, map sections one by one and need the large model, which loads each constant's
address in two instructions). An engine of its own, 0.7 ms each, gives all its memory back when
the module goes; modules that shared one left 10 kB behind each.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from .errors import NativeCodeError

# llvmlite locks single calls; a target machine is used by a whole compilation.
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Host:
    """A CPU, in LLVM's words.

    Attributes
    ----------
    triple, cpu, features : str
        What a target machine is made from; together they say where object code may run.
    vector_bits : int
        Width of the widest vector registers.
    """

    triple: str
    cpu: str
    features: str
    vector_bits: int

    def has(self, feature: str) -> bool:
        """True if the CPU has a feature, which goes by LLVM's name for it."""
        return f"+{feature}" in self.features.split(",")


# Another CPU than this process's, to compile for.
_CPU: ContextVar[Host | None] = ContextVar("cpu", default=None)


@dataclass(frozen=True)
class NativeCode:
    """A compiled module as bytes: all that is needed to load it in another process.

    Attributes
    ----------
    object_code : bytes
        An object file without any address in it.
    bitcode : bytes
        The optimised module, for display.
    names : tuple of str
        The functions that it exports.
    opt : int
        The optimisation level, 0 to 3.
    libraries : tuple of bytes
        Object files with what it calls besides, to be linked with it.
    """

    object_code: bytes
    bitcode: bytes
    names: tuple[str, ...]
    opt: int
    libraries: tuple[bytes, ...] = ()


class NativeModule:
    """Machine code in memory; it is freed when this object is collected.

    Parameters
    ----------
    code : NativeCode
        What was loaded.
    engine, library : object
        llvmlite's owners of the memory.
    """

    def __init__(self, code: NativeCode, engine: Any, library: Any) -> None:
        self.code = code
        self._engine = engine
        self._library = library

    def address(self, name: str) -> int:
        """The address of an exported function, valid as long as this object lives."""
        if name not in self.code.names:
            exported = ", ".join(self.code.names) or "nothing"
            raise NativeCodeError(f"The module exports no function `{name}` (only {exported}).")
        address: int = self._library[name]
        return address

    def optimised_ir(self) -> str:
        """The module as LLVM IR after all passes."""
        with self._optimised() as module:
            return str(module)

    def assembly(self) -> str:
        """The module as assembly text."""
        with self._optimised() as module:
            text: str = _target_machine(self.code.opt).emit_assembly(module)
            return text

    @contextmanager
    def _optimised(self) -> Iterator[Any]:
        llvm = _llvm()
        with (
            _LOCK,
            llvm.create_context() as context,
            llvm.parse_bitcode(self.code.bitcode, context) as module,
        ):
            yield module


def compile_module(llvm_ir: str, *, opt: int = 3) -> NativeModule:
    """Compile LLVM IR text and load it.

    Parameters
    ----------
    llvm_ir : str
        One module; triple and data layout may be left out, they are set here.
    opt : int
        The optimisation level, 0 to 3; loops and straight-line code are vectorised from 2 on.

    Raises
    ------
    NativeCodeError
        If LLVM cannot read or verify the text, or a function it calls is not in the process.

    Examples
    --------
    >>> import ctypes
    >>> module = compile_module("define i64 @f(i64 %x) { %y = add i64 %x, 2  ret i64 %y }")
    >>> ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(module.address("f"))(40)
    42
    """
    return load_code(compile_code(llvm_ir, opt=opt))


def compile_code(llvm_ir: str, *, opt: int = 3, passes: Sequence[str] | None = None) -> NativeCode:
    """Compile as `compile_module` does, without loading.

    Parameters
    ----------
    passes : sequence of str, optional
        LLVM's passes to run, by llvmlite's names for them, in the place of the whole pipeline of
        the level `opt`, which costs more than code generation.
    """
    llvm = _llvm()
    # A context per module: what is interned in LLVM's global one is never freed.
    with _LOCK, llvm.create_context() as context:
        machine = _target_machine(opt)
        with _parse(llvm_ir, context) as module:
            module.triple = machine.triple
            module.data_layout = str(machine.target_data)
            if passes is None:
                _optimise(module, machine, opt)
            else:
                _run_passes(module, machine, passes)
            # Before code generation, which rewrites the module.
            bitcode = module.as_bitcode()
            return NativeCode(machine.emit_object(module), bitcode, _exported(module), opt)


def load_code(code: NativeCode) -> NativeModule:
    """Bring compiled code into memory; raises `NativeCodeError` if it does not link."""
    llvm = _llvm()
    builder = llvm.JITLibraryBuilder().add_object_img(code.object_code).add_current_process()
    for library in code.libraries:
        builder.add_object_img(library)
    for name in code.names:
        builder.export_symbol(name)
    with _LOCK:
        engine = llvm.create_lljit_compiler(
            _target_machine(code.opt), use_jit_link=True, suppress_errors=True
        )
        try:
            library = builder.link(engine, "module")
        except RuntimeError as error:
            raise NativeCodeError(f"The native module does not link: {error}") from error
    return NativeModule(code, engine, library)


def host() -> Host:
    """The CPU that code is for: the one that this process runs on, but within `compiling_for`."""
    return _CPU.get() or _own_cpu()


@contextmanager
def compiling_for(cpu: Host) -> Iterator[None]:
    """Code that is compiled inside is for `cpu`: to look at, and to run if this one can."""
    llvm = _llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    before = _CPU.set(cpu)
    try:
        yield
    finally:
        _CPU.reset(before)


@cache
def _own_cpu() -> Host:
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    bits = 512 if features.get("avx512f") else 256 if features.get("avx") else 128
    wanted = features.flatten() + (",-prefer-256-bit" if bits == 512 else "")
    # JITLink reads COFF only in part; functions keep the platform's calling convention in ELF.
    object_format = "-elf" if os.name == "nt" else ""
    return Host(llvm.get_process_triple() + object_format, llvm.get_host_cpu_name(), wanted, bits)


def versions() -> tuple[str, tuple[int, ...]]:
    """Those of llvmlite and LLVM: others may make other code."""
    import llvmlite

    return str(llvmlite.__version__), tuple(_llvm().llvm_version_info)


@cache
def _llvm() -> Any:
    """llvmlite's binding, imported at the first use: running a cached program needs no parser."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _target_machine(opt: int) -> Any:
    """What makes code for `host()`."""
    return _target_machine_of(host(), opt)


@cache
def _target_machine_of(cpu: Host, opt: int) -> Any:
    """Position-independent code in the small code model: fit for any place in memory."""
    target = _llvm().Target.from_triple(cpu.triple)
    return target.create_target_machine(
        cpu=cpu.cpu,
        features=cpu.features,
        opt=opt,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


@contextmanager
def _parse(llvm_ir: str, context: Any) -> Iterator[Any]:
    """The verified module of a text, closed at the end: before its context is, at all events."""
    try:
        module = _llvm().parse_assembly(llvm_ir, context)
    except RuntimeError as error:
        raise NativeCodeError(f"LLVM cannot read the module: {error}") from error
    with module:
        try:
            module.verify()
        except RuntimeError as error:
            raise NativeCodeError(f"LLVM refuses the module: {error}") from error
        yield module


def _optimise(module: Any, machine: Any, opt: int) -> None:
    """Run LLVM's default pipeline, with both vectorisers (SLP is off unless asked for)."""
    llvm = _llvm()
    with llvm.create_pipeline_tuning_options(speed_level=opt) as tuning:
        tuning.loop_vectorization = tuning.slp_vectorization = opt >= 2
        with (
            llvm.create_pass_builder(machine, tuning) as builder,
            builder.getModulePassManager() as passes,
        ):
            passes.run(module, builder)


def _run_passes(module: Any, machine: Any, names: Sequence[str]) -> None:
    """Run single passes in order."""
    llvm = _llvm()
    with (
        llvm.create_pipeline_tuning_options() as tuning,
        llvm.create_pass_builder(machine, tuning) as builder,
        llvm.create_new_module_pass_manager() as passes,
    ):
        for name in names:
            getattr(passes, f"add_{name}_pass")()
        passes.run(module, builder)


def _exported(module: Any) -> tuple[str, ...]:
    """The names of the functions that the module defines and does not keep to itself."""
    own = {"internal", "private"}
    return tuple(
        function.name
        for function in module.functions
        if not function.is_declaration and function.linkage.name not in own
    )
