"""Forward through tanh layers, one example at a time, the weights being arguments."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..runner.contestants import thread_count
from ..runner.workload import Goal, Limit, Skip, Step, Workload
from . import mlp

small = Workload(
    "infer-1",
    "forward through tanh layers, weights as arguments",
    sizes={"batch": 1, "widths": (64, 64, 32, 10)},
    goals=[Goal(0.35)],
)
mnist = small.at("infer-1-mnist", batch=1, widths=(784, 512, 256, 10), goals=[Goal(0.8)])


@small.inputs
def inputs(rng: np.random.Generator, batch: int, widths: Sequence[int]) -> tuple[Any, ...]:
    """Parameters (weights and biases in turn) and examples."""
    return mlp.inputs(rng, batch, widths)[:2]


@small.limit
def limit(batch: int, widths: Sequence[int]) -> Limit:
    """A product a layer."""
    return Limit(flop=sum(2 * batch * n * m for n, m in itertools.pairwise(widths)))


@small.contestant("chainrule")
def by_chainrule(params: Any, x: Any) -> Step:
    """Plain NumPy."""
    import chainrule as cr

    @cr.compile
    def forward(params: Any, x: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = np.tanh(x @ w + b)
        return x @ params[-2] + params[-1]

    return lambda: forward(params, x)


@small.contestant("numpy")
def by_numpy(params: Any, x: Any) -> Step:
    """In place where a temporary can be used again."""
    layers = list(zip(params[0::2], params[1::2], strict=True))

    def step() -> Any:
        hidden = x
        for w, b in layers[:-1]:
            hidden = hidden @ w
            hidden += b
            np.tanh(hidden, out=hidden)
        w, b = layers[-1]
        return hidden @ w + b

    return step


@small.torch
def by_torch(wrap: Any, params: Any, x: Any) -> Step:
    """Bias and product in one call, in inference mode."""
    import torch

    tensors, example = [torch.tensor(p) for p in params], torch.tensor(x)

    @wrap
    def forward(tensors: Any, hidden: Any) -> Any:
        for w, b in zip(tensors[0:-2:2], tensors[1:-2:2], strict=True):
            hidden = torch.tanh(torch.addmm(b, hidden, w))
        return torch.addmm(tensors[-1], hidden, tensors[-2])

    @torch.inference_mode()
    def step() -> Any:
        return forward(tensors, example)

    return step


@small.contestant("jax")
def by_jax(params: Any, x: Any) -> Step:
    """One jitted function."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def forward(params: Any, x: Any) -> Any:
        for w, b in zip(params[0:-2:2], params[1:-2:2], strict=True):
            x = jnp.tanh(x @ w + b)
        return x @ params[-2] + params[-1]

    arrays, example = [jnp.array(p) for p in params], jnp.array(x)
    return lambda: forward(arrays, example).block_until_ready()


@small.contestant("pytensor")
def by_pytensor(params: Any, x: Any) -> Step:
    """One function compiled by Numba."""
    import pytensor
    import pytensor.tensor as pt

    symbols = [pt.tensor(dtype="float32", shape=(None,) * p.ndim) for p in params]
    example = hidden = pt.matrix(dtype="float32")
    for w, b in zip(symbols[0:-2:2], symbols[1:-2:2], strict=True):
        hidden = pt.tanh(hidden @ w + b)
    forward = pytensor.function(
        [*symbols, example], hidden @ symbols[-2] + symbols[-1], mode="NUMBA"
    )
    forward.trust_input = True
    return lambda: forward(*params, x)


@small.contestant("onnxruntime")
def by_onnxruntime(params: Any, x: Any) -> Step:
    """A graph of Gemm and Tanh; the weights are initialisers, as models are shipped."""
    import onnxruntime

    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise Skip("onnx, which writes the model, is not installed") from None

    nodes, name = [], "x"
    for layer in range(len(params) // 2):
        operands = [name, f"p{2 * layer}", f"p{2 * layer + 1}"]
        nodes.append(helper.make_node("Gemm", operands, [f"s{layer}"]))
        nodes.append(helper.make_node("Tanh", [f"s{layer}"], [f"h{layer}"]))
        name = f"h{layer}"
    del nodes[-1]  # the last layer is linear
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, None)
        for end in ("x", nodes[-1].output[0])
    ]
    stored = [numpy_helper.from_array(p, f"p{n}") for n, p in enumerate(params)]
    graph = helper.make_graph(nodes, "forward", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given = {"x": x}
    return lambda: session.run(None, given)[0]
