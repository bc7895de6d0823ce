"""Layer by layer: where a model loses accuracy, and from which layer on a board computes something else.

`scoring` and `causes` turn streams of tensors into rows, `costs` says what the rows mean. `prefixes` says where a
graph can be cut, `bisection` which cut to try next; `trials` runs them on simulator and board and keeps a log.
"""
