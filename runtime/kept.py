"""Object code out of the disk cache: what was compiled once on this machine is not again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .cache import pack, store, unpack
from .errors import NativeCodeError
from .llvm import NativeCode, NativeModule, compile_code, host, load_code, versions


def kept_module(name: str, llvm_ir: str, *, opt: int) -> NativeModule:
    """`compile_module`, with the object code out of the cache or into it."""
    code = kept_code(name, llvm_ir, opt=opt)
    try:
        return load_code(code)
    except NativeCodeError as error:
        kept = store()
        if kept is None or code.bitcode:
            raise
        kept.discard(_key(name, llvm_ir, opt, None), f"{type(error).__name__}: {error}")
        return load_code(kept_code(name, llvm_ir, opt=opt))


def kept_code(
    name: str, llvm_ir: str, *, opt: int, passes: Sequence[str] | None = None
) -> NativeCode:
    """`compile_code`, with the object code out of the cache or into it.

    For modules whose LLVM text is at hand without work; code out of the cache has no bitcode.
    The file's name begins with `name`.
    """
    kept = store()
    if kept is None:
        return compile_code(llvm_ir, opt=opt, passes=passes)
    key = _key(name, llvm_ir, opt, passes)
    content = kept.get(key)
    if content is not None:
        try:
            header, (object_code,) = unpack(content)
            return NativeCode(object_code, b"", tuple(header["exports"]), opt)
        except (LookupError, TypeError, ValueError) as error:
            kept.discard(key, f"{type(error).__name__}: {error}")
    code = compile_code(llvm_ir, opt=opt, passes=passes)
    kept.put(key, pack({"exports": code.names}, [code.object_code]))
    return code


def _key(name: str, llvm_ir: str, opt: int, passes: Sequence[str] | None) -> str:
    decisive = repr((llvm_ir, opt, passes, host(), versions()))
    return f"{name}-{hashlib.blake2b(decisive.encode(), digest_size=20).hexdigest()}"
