"""The figures by which the engine is judged: each a number that can be made again with one command."""
