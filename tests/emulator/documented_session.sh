#!/bin/sh
# The session of the toolchain's documentation, from float model to the board's outputs. Names of files apart,
# the three commands stand as they do there; `pulsar` and `run_joint` are whatever the PATH finds.
set -e
mkdir -p out
pulsar build --input model/m.onnx --output model/m.joint --config config/c.prototxt --output_config config/oc.prototxt
pulsar run model/m.onnx model/m.joint --input images/x.jpg --config config/oc.prototxt --output_gt gt/
run_joint model/m.joint --data gt/input/data.bin --bin-out-dir out/ --repeat 100
