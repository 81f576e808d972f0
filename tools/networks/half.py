"""A float32 graph as a float16 graph."""
import numpy as np
import onnx
from onnx import TensorProto, numpy_helper


def half_graph(source, target):
    """Writes a graph in float16 but for the sinusoids of the time; an input that only they use stays in single precision."""
    model = onnx.load(str(source))
    graph = model.graph
    makers = {o: n for n in graph.node for o in n.output}
    first = next(n for n in graph.node if n.op_type in ("Gemm", "MatMul"))
    single, stack = set(), [first.input[0]]
    while stack:
        name = stack.pop()
        single.add(name)
        node = makers.get(name)
        if node is not None:
            single.update(node.output)
            stack += [i for i in node.input if i not in single]
    single.update(n.input[2] for n in graph.node if n.op_type == "Resize")
    for initializer in graph.initializer:
        if initializer.data_type == TensorProto.FLOAT and initializer.name not in single:
            initializer.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(initializer).astype(np.float16), initializer.name))
    nodes = []
    for node in graph.node:
        if node is first:
            nodes.append(onnx.helper.make_node("Cast", [node.input[0]], ["time_half"], name="/time_half/Cast", to=TensorProto.FLOAT16))
            node.input[0] = "time_half"
        if not set(node.output) & single:
            for attribute in node.attribute:
                if node.op_type == "Constant" and attribute.t.data_type == TensorProto.FLOAT:
                    attribute.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(attribute.t).astype(np.float16)))
                if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.FLOAT16
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT and value.name not in single:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(model, strict_mode=True))
    onnx.save(model, str(target))
