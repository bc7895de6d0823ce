"""From the float graph to the integer program: which nodes become one operator, and what it computes."""
