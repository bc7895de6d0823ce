"""The words that flags of `pulsar build` take (0.6.1.x)."""

COLORS = ("auto", "rgb", "bgr", "gray", "nv12", "nv21")
STANDARDS = ("studio", "full")
LAYOUTS = ("native", "nchw", "nhwc")
BATCH_OPTIONS = ("BSO_AUTO", "BSO_STATIC", "BSO_DYNAMIC")
HARDWARE = ("AX630", "AX620", "AX170")
VIRTUAL_NPUS = ("0", "311", "312", "221", "222", "111", "112")
