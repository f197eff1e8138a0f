"""The same ONNX graph under the same names: what makes a conversion repeatable bit for bit."""

from __future__ import annotations

import onnx


def named_by_place(graph: onnx.GraphProto, given: str, told: str) -> onnx.GraphProto:
    """The same graph with nodes in order and tensors named by their way to the output.

    The exporter numbers names from where its process stands, repeats them in remarks and walks
    unordered sets, so without this the same model would never give the same bytes.

    Args:
        given: Name of the input, which is kept.
        told: New name of the output, of which there is one.
    """
    maker = {name: node for node in graph.node for name in node.output}
    names = {given: given, "": ""}  # the empty name is an input left out
    nodes, waiting = [], [graph.output[0].name]
    while waiting:
        node = maker.get(waiting[-1])
        unnamed = [name for name in node.input if name not in names] if node else []
        if unnamed:
            waiting.append(unnamed[0])
            continue
        names[waiting.pop()] = f"tensor_{len(names)}"
        if node:
            nodes.append(node)
    names[graph.output[0].name] = graph.output[0].name = told
    constants = {one.name: one for one in graph.initializer}
    kept = [constants[name] for name in names if name in constants]
    for constant in kept:
        constant.name = names[constant.name]
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type}_{index}"
        node.ClearField("doc_string")
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    return onnx.helper.make_graph(nodes, "expression", graph.input, graph.output, kept)
