"""Object code out of the disk cache: what was compiled once on this machine is not again."""

from __future__ import annotations

import hashlib

from .cache import pack, store, unpack
from .errors import NativeCodeError
from .llvm import NativeCode, NativeModule, compile_code, host, load_code, versions


def kept_module(name: str, llvm_ir: str, *, opt: int) -> NativeModule:
    """`compile_module`, with the object code out of the cache or into it.

    For modules whose LLVM text is at hand without work; a module out of the cache shows no IR.
    The file's name begins with `name`.
    """
    kept = store()
    if kept is None:
        return load_code(compile_code(llvm_ir, opt=opt))
    decisive = repr((llvm_ir, opt, host(), versions()))
    key = f"{name}-{hashlib.blake2b(decisive.encode(), digest_size=20).hexdigest()}"
    content = kept.get(key)
    if content is not None:
        try:
            header, (object_code,) = unpack(content)
            return load_code(NativeCode(object_code, b"", tuple(header["exports"]), opt))
        except (NativeCodeError, LookupError, TypeError, ValueError) as error:
            kept.discard(key, f"{type(error).__name__}: {error}")
    code = compile_code(llvm_ir, opt=opt)
    kept.put(key, pack({"exports": code.names}, [code.object_code]))
    return load_code(code)
