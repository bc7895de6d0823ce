"""The quantised model as floats: an ONNX graph with QuantizeLinear and DequantizeLinear, run by onnxruntime.

What `pulsar run` shows for model.lava_joint. It shares scales and integer weights with the program, and nothing of
the cmodel's arithmetic: every operator is onnxruntime's own float one.
"""
