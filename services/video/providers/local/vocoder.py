"""The part of Kokoro that takes nearly all of its time, put so that a processor multiplies bytes at full speed.

The published graph convolves unsigned bytes with unsigned bytes (ConvInteger), for which onnxruntime has no kernel
that uses the byte products of today's processors: 118 ms where 25 would do. Here the residual blocks of the vocoder are
written anew with the same weights: channels last, the neighbours of each step gathered side by side, and one product
of bytes a convolution, unsigned by signed ones where the processor multiplies them exactly, else unsigned ones. The
result is that of the published graph but for the rounding of floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

from services.media.onnx import load_runtime

BLOCKS: Final = ("noise_res.0", "noise_res.1", *(f"resblocks.{number}" for number in range(6)))
CONVOLUTIONS: Final = ("/decoder/decoder/encode/", "/decoder/decoder/decode.")  # the larger ones outside of the blocks
DILATIONS: Final = (1, 3, 5)  # of the three layers of a block
PLACE: Final = "/decoder/decoder/generator/"
WEIGHTS: Final = "decoder.decoder.generator."
# Pieces that a tensor of so many channels is cut in along its steps: what is done to one piece stays in the processor's
# cache, while a whole tensor would go to memory and back at every step.
PIECES: Final = {256: 8, 128: 24}
STEADY: Final = 1e-5  # added to a variance before it divides
MICROSOFT: Final = "com.microsoft"  # the domain of onnxruntime's own operators

FLOAT, UNSIGNED, SIGNED, LONG = 1, 2, 3, 7  # TensorProto.DataType
TYPES: Final[dict[int, type[np.generic]]] = {
    FLOAT: np.float32,
    UNSIGNED: np.uint8,
    SIGNED: np.int8,
    6: np.int32,
    LONG: np.int64,
}
INTEGERS, FLOATS, INTEGER = 7, 6, 2  # AttributeProto.AttributeType

# What is used of onnx.proto: (message, ((field, number, type, repeated), ...)). Other fields are kept as they came.
SCHEMA: Final = (
    ("Attribute", (("name", 1, "string", False), ("i", 3, "int64", False), ("ints", 8, "int64", True),
                   ("type", 20, "int32", False))),
    ("Tensor", (("dims", 1, "int64", True), ("data_type", 2, "int32", False), ("float_data", 4, "float", True),
                ("int32_data", 5, "int32", True), ("int64_data", 7, "int64", True), ("name", 8, "string", False),
                ("raw_data", 9, "bytes", False))),
    ("Node", (("input", 1, "string", True), ("output", 2, "string", True), ("name", 3, "string", False),
              ("op_type", 4, "string", False), ("attribute", 5, "Attribute", True), ("domain", 7, "string", False))),
    ("Tensors", (("elem_type", 1, "int32", False),)),
    ("Type", (("tensor_type", 1, "Tensors", False),)),
    ("Value", (("name", 1, "string", False), ("type", 2, "Type", False))),
    ("Graph", (("node", 1, "Node", True), ("initializer", 5, "Tensor", True), ("input", 11, "Value", True),
               ("output", 12, "Value", True))),
    ("Operators", (("domain", 1, "string", False), ("version", 2, "int64", False))),
    ("Model", (("ir_version", 1, "int64", False), ("graph", 7, "Graph", False),
               ("opset_import", 8, "Operators", True))),
)  # fmt: skip


def prepared(model: bytes, *, outputs: Iterable[str] = (), quick: bool = True, signed: bool = True) -> bytes:
    """The model with `outputs`, tensors inside of it, as further outputs; if `quick`, its vocoder written anew.

    signed: whether weights become signed bytes, see `multiplies_exactly`.
    Raises KeyError when it is not the graph that this was written for.
    """
    parsed = _message("Model").FromString(model)
    graph = parsed.graph
    _expose(graph, outputs)
    if quick:
        writer = _Writer(graph, signed=signed)
        for block in BLOCKS:
            writer.write_block(block)
        for node in graph.node:
            if node.op_type == "ConvInteger" and node.name.startswith(CONVOLUTIONS):
                writer.write_convolution(node)
        writer.put_in_place()
    return bytes(parsed.SerializeToString())


@lru_cache(maxsize=1)
def multiplies_exactly() -> bool:
    """Whether this machine's product of unsigned by signed bytes is right for the largest of them.

    Processors without instructions for it add pairs of products in 16 bits, which is too few. Products of unsigned
    bytes are made in 32 bits everywhere.
    """
    onnxruntime = load_runtime()
    left, right = np.full((4, 64), 255, np.uint8), np.full((64, 32), 127, np.int8)
    model = _message("Model")(ir_version=9)
    model.opset_import.add(domain="", version=20)
    graph = model.graph
    graph.initializer.append(_tensor("right", right))
    graph.node.append(_node("MatMulInteger", ["left", "right"], ["product"]))
    for values, name, kind in ((graph.input, "left", 2), (graph.output, "product", 6)):
        values.add(name=name).type.tensor_type.elem_type = kind
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (product,) = session.run(None, {"left": left})
    return bool(np.array_equal(product, left.astype(np.int32) @ right.astype(np.int32)))


class _Writer:
    """Writes blocks into a graph: inside of them tensors are (1, steps, channels), around them (1, channels, steps)."""

    def __init__(self, graph: Any, *, signed: bool) -> None:
        self._graph = graph
        self._signed = signed
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._nodes = {node.name: node for node in graph.node}
        self._maker = {name: node for node in graph.node for name in node.output}
        self._written: dict[str, list[Any]] = {}  # by the name of the node they come in the place of
        self._new: list[Any] = []
        self._turned: dict[str, list[str]] = {}
        self._spreads: dict[str, tuple[list[str], str]] = {}
        self._cut: dict[str, list[str]] = {}  # the pieces of what is the same in several places
        self._known: dict[str, str] = {}
        self._constants: list[Any] = []
        self._count = 0

    def write_block(self, block: str) -> None:
        """x = x + conv(snake(norm(conv(snake(norm(x)))))), three times."""
        self._new = []
        first = self._nodes[f"{PLACE}{block}/Add_2"]
        entry = next(name for name in first.input if name != f"{PLACE}{block}/convs2.0/Conv_output_0")
        last = self._nodes[f"{PLACE}{block}/Add_8"]
        steps = self._steps(entry)
        count = PIECES[self._values(f"{WEIGHTS}{block}.alpha1.0").size]
        x = self._pieces(entry, steps, count)
        for layer, dilation in enumerate(DILATIONS):
            inner = x
            for half, spread in ((1, dilation), (2, 1)):
                inner = self._normed(inner, block, half, layer, steps)
                name = f"convs{half}.{layer}"
                published = self._nodes[f"{PLACE}{block}/{name}/Conv_quant"]
                inner = self._convolved(inner, published, f"{WEIGHTS}{block}.{name}", spread, steps)
            x = [self._operate("Add", [added, piece]) for added, piece in zip(inner, x, strict=True)]
        whole = self._operate("Concat", x, axis=1)
        self._new.append(_node("Transpose", [whole], [last.output[0]], perm=[0, 2, 1]))
        self._written[last.name] = self._new

    def put_in_place(self) -> None:
        """Changes the graph's nodes, and takes out what nothing needs any longer."""
        nodes = [new for node in self._graph.node for new in self._written.get(node.name, [node])]
        maker = {name: node for node in nodes for name in node.output}
        needed: set[str] = set()
        waiting = [value.name for value in self._graph.output]
        while waiting:
            name = waiting.pop()
            if name and name not in needed:
                needed.add(name)
                if name in maker:
                    waiting.extend(maker[name].input)
        fresh = _message("Graph")()  # nodes of the list that is emptied must be copies, which extend() makes
        fresh.node.extend(node for node in nodes if any(name in needed for name in node.output))
        del self._graph.node[:]
        self._graph.node.extend(fresh.node)
        for place in reversed(range(len(self._graph.initializer))):
            if self._graph.initializer[place].name not in needed:
                del self._graph.initializer[place]
        self._graph.initializer.extend(self._constants)

    def _steps(self, entry: str) -> str:
        """The number of steps of a tensor that has its channels first."""
        if f"{entry} steps" not in self._known:
            shape = self._operate("Shape", [entry])
            self._known[f"{entry} steps"] = self._operate("Slice", [shape, self._constant([2]), self._constant([3])])
        return self._known[f"{entry} steps"]

    def _pieces(self, entry: str, steps: str, count: int) -> list[str]:
        """A tensor with its channels last, in so many pieces of consecutive steps."""
        if entry not in self._turned:
            self._turned[entry] = self._split(self._operate("Transpose", [entry], perm=[0, 2, 1]), steps, count, axis=1)
        return self._turned[entry]

    def _split(self, tensor: str, steps: str, count: int, *, axis: int) -> list[str]:
        """A tensor cut along the steps in pieces of the same length; the last one has what is left over."""
        key = f"{steps} {count} lengths"
        if key not in self._known:
            each = self._operate("Div", [steps, self._constant([count])])
            equal = self._operate("Expand", [each, self._constant([count - 1])])
            rest = self._operate("Sub", [steps, self._operate("Mul", [each, self._constant([count - 1])])])
            self._known[key] = self._operate("Concat", [equal, rest], axis=0)
        return list(self._operate("Split", [tensor, self._known[key]], results=count, axis=axis))

    def _ones(self, steps: str, count: int) -> list[str]:
        """Rows of ones, as long as the pieces have steps."""
        key = f"{steps} {count} ones"
        if key not in self._cut:
            row = self._operate("Concat", [self._constant([1, 1]), steps], axis=0)
            ones = self._operate("Expand", [self._constant(np.ones((1, 1, 1), np.float32)), row])
            self._cut[key] = self._split(ones, steps, count, axis=2)
        return self._cut[key]

    def _normed(self, x: list[str], block: str, half: int, layer: int, steps: str) -> list[str]:
        """Instance normalisation with the style's gain and shift, then snake: y + sin(a y)^2 / a."""
        style = f"{PLACE}{block}/adain{half}.{layer}/"
        alpha = self._values(f"{WEIGHTS}{block}.alpha{half}.{layer}").reshape(1, 1, -1)
        row = self._constant([1, 1, alpha.size])
        gain, shift = (
            self._operate("Reshape", [self._nodes[f"{style}{name}"].output[place], row])
            for name, place in (("Add_1", 0), ("Slice_1/GatherSliceToSplitFusion/", 1))
        )
        from_mean, spread = self._spread(x, steps)
        factor = self._constant(alpha)
        scaled = self._operate("Div", [self._operate("Mul", [gain, factor]), spread])
        shifted = self._operate("Mul", [shift, factor])
        slower = self._constant((1 / alpha).astype(np.float32))
        made = []
        for piece in from_mean:
            angle = self._operate("Add", [self._operate("Mul", [piece, scaled]), shifted])
            sine = self._operate("Sin", [angle])
            snake = self._operate("Add", [angle, self._operate("Mul", [sine, sine])])
            made.append(self._operate("Mul", [snake, slower]))
        return made

    def _spread(self, x: list[str], steps: str) -> tuple[list[str], str]:
        """Distance of each value from its channel's mean, in pieces, and the channels' standard deviation.

        Sums over the steps are products with a row of ones: reducing along that axis is ten times slower.
        """
        if x[0] not in self._spreads:
            ones = self._ones(steps, len(x))
            count = self._operate("Cast", [steps], to=FLOAT)
            mean = self._operate("Div", [self._summed(x, ones), count])
            from_mean = [self._operate("Sub", [piece, mean]) for piece in x]
            squares = [self._operate("Mul", [piece, piece]) for piece in from_mean]
            variance = self._operate("Div", [self._summed(squares, ones), count])
            spread = self._operate("Sqrt", [self._operate("Add", [variance, self._constant(np.float32(STEADY))])])
            self._spreads[x[0]] = from_mean, spread
        return self._spreads[x[0]]

    def _summed(self, x: list[str], ones: list[str]) -> str:
        """The sum over all steps of all pieces."""
        sums = [self._operate("MatMul", [row, piece]) for row, piece in zip(ones, x, strict=True)]
        return str(self._operate("Sum", sums))

    def write_convolution(self, published: Any) -> None:
        """One convolution outside of the blocks, between tensors that keep their channels first."""
        place = published.name.removesuffix("/Conv_quant")
        last = self._nodes[f"{published.name}_output_scale_mul"]
        entry = self._maker[published.input[0]].input[0]
        self._new = []
        x = self._operate("Transpose", [entry], perm=[0, 2, 1])
        (made,) = self._convolved([x], published, place.replace("/", ".").strip("."), 1, self._steps(entry))
        self._new.append(_node("Transpose", [made], [last.output[0]], perm=[0, 2, 1]))
        self._written[last.name] = self._new

    def _convolved(self, x: list[str], published: Any, named: str, dilation: int, steps: str) -> list[str]:
        """The convolution that `published` makes, of a tensor with its channels last, in pieces."""
        weights, zero = self._values(published.input[1]), self._values(published.input[3])
        out, channels, taps = weights.shape
        scale_node = self._nodes.get(f"{named}.bias_scale_node") or self._nodes[f"{published.name}_scales_mul"]
        scale = self._values(scale_node.input[1])
        bias = f"{named}.bias"
        whole = self._operate("Concat", x, axis=1) if len(x) > 1 else x[0]
        bytes_, size, low = self._operate("DynamicQuantizeLinear", [whole], results=3)
        margin = dilation * (taps // 2)
        pieces = [bytes_]
        if taps > 1:
            padded = self._operate("Pad", [bytes_, self._constant([0, margin, 0, 0, margin, 0]), low])
            beside = (
                self._operate("Gather", [padded, places], axis=1)
                for places in self._neighbours(steps, taps, dilation, len(x))
            )
            row = self._constant([1, -1, taps * channels])
            pieces = [self._operate("Reshape", [each, row]) for each in beside]
        elif len(x) > 1:
            pieces = self._split(bytes_, steps, len(x), axis=1)
        inputs = [
            self._constant(np.ascontiguousarray(self._bytes(weights).transpose(2, 1, 0).reshape(taps * channels, out))),
            size,
            self._constant(scale.reshape(())),
            low,
            self._constant(self._bytes(zero).reshape(())),
        ]
        if bias in self._tensors:
            inputs.append(self._constant(self._values(bias)))
        return [self._operate("MatMulIntegerToFloat", [piece, *inputs], domain=MICROSOFT) for piece in pieces]

    def _bytes(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Unsigned bytes of the published graph as those that are multiplied here."""
        return (weights.astype(np.int16) - 128).astype(np.int8) if self._signed else weights

    def _neighbours(self, steps: str, taps: int, dilation: int, count: int) -> list[str]:
        """For each step, the places of its `taps` neighbours in the padded tensor, in so many pieces."""
        key = f"{steps} {taps} {dilation} {count}"
        if key not in self._cut:
            scalar = self._constant(np.array([], np.int64))
            end = self._operate("Reshape", [steps, scalar])
            places = self._operate("Range", [self._constant(np.int64(0)), end, self._constant(np.int64(1))])
            column = self._operate("Unsqueeze", [places, self._constant([1])])
            offsets = self._constant(np.arange(taps, dtype=np.int64) * dilation)
            whole = self._operate("Add", [column, offsets])
            self._cut[key] = self._split(whole, steps, count, axis=0) if count > 1 else [whole]
        return self._cut[key]

    def _operate(self, kind: str, inputs: list[str], *, results: int = 1, domain: str = "", **attributes: Any) -> Any:
        """A further node; the name of its output, or the names of its outputs."""
        self._count += 1
        names = [f"quick/{self._count}/{number}" for number in range(results)]
        self._new.append(_node(kind, inputs, names, domain=domain, **attributes))
        return names[0] if results == 1 else names

    def _constant(self, values: Any) -> str:
        array = np.asarray(values)
        key = f"quick/{array.dtype}{array.shape}{hash(array.tobytes())}"
        if key not in self._known:
            self._known[key] = key
            self._constants.append(_tensor(key, array))
        return key

    def _values(self, name: str) -> NDArray[Any]:
        tensor = self._tensors[name]
        kind = TYPES[tensor.data_type]
        if tensor.raw_data:
            return np.frombuffer(tensor.raw_data, kind).reshape(tuple(tensor.dims))
        held = tensor.float_data or tensor.int64_data or tensor.int32_data
        return np.array(held, kind).reshape(tuple(tensor.dims))


def _expose(graph: Any, names: Iterable[str]) -> None:
    for name in names:
        graph.output.add(name=name).type.tensor_type.elem_type = FLOAT


def _node(kind: str, inputs: list[str], outputs: list[str], *, domain: str = "", **attributes: Any) -> Any:
    node = _message("Node")(op_type=kind, input=inputs, output=outputs, name=f"quick/{outputs[0]}", domain=domain)
    for name, value in attributes.items():
        if isinstance(value, int):
            node.attribute.add(name=name, i=value, type=INTEGER)
        else:
            node.attribute.add(name=name, ints=value, type=INTEGERS)
    return node


def _tensor(name: str, array: NDArray[Any]) -> Any:
    kind = next(number for number, known in TYPES.items() if array.dtype == known)
    return _message("Tensor")(name=name, dims=array.shape, data_type=kind, raw_data=array.tobytes())


@lru_cache(maxsize=1)
def _pool() -> descriptor_pool.DescriptorPool:
    file = descriptor_pb2.FileDescriptorProto(name="graph.proto", package="graph", syntax="proto2")
    for message, fields in SCHEMA:
        described = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = described.field.add(name=name, number=number)
            label = "LABEL_REPEATED" if repeated else "LABEL_OPTIONAL"
            field.label = descriptor_pb2.FieldDescriptorProto.Label.Value(label)
            if kind[0].isupper():
                field.type, field.type_name = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, f".graph.{kind}"
            else:
                field.type = descriptor_pb2.FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
            if repeated and kind in ("int32", "int64", "float"):
                field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


@lru_cache(maxsize=len(SCHEMA))
def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"graph.{name}"))
