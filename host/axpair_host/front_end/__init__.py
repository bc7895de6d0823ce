"""What a configuration makes of a picture before the float model sees it, and what else it might have made.

Of F, Q, J and B all carry a wrong configuration alike. Only the training code's own tensors, or decisions, show it.
"""
