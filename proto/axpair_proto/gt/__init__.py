"""The gt folder: names, layout, reading and writing.

    GT/input/<name>.bin|.npy, filename.txt     what every leg was fed with, and the file it came from
    GT/onnx/, lava_joint/, joint/, board/      outputs of each leg, <name>.bin and <name>.npy
    GT/golden/                                 the user's own float result
    GT/runs/probe|2|3.../{input,joint,board}/  further rounds whose bytes matter to a finding
    GT/pair.json                               everything else that was gathered, and the verdict

Names are escaped by `axpair_proto.names.gt_file_stem`. Tensors are in the joint's shape, dtype and layout.
The folder's layout is `pulsar run`'s (0.6.1.x), with lava_joint, board, golden, runs and pair.json added.
"""
