"""Bulk writes of contacts that a program asks for: its rows taken in, understood and judged; the rest is an import's.

A job of kind `bulk` goes the way of an import (`syncjobs.imports`) from the planning on. Before that stand its own
stages: `naming` finds what rows name, `translating` and `comparing` make rows of wishes, `judging` says whether
anything is sent at all, `making` creates what is missing; and `singly` writes whom no bulk call may carry.
"""
