"""pulsar2's configuration: what it makes of each input (`subject`), and one kind of question in each other module.

The rules are pulsar2's: `src_*` is what a program feeds and `tensor_*` what the ONNX model wants, the reverse of
pulsar's words. `linting` asks them all.
"""
