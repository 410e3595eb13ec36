"""Settling open points on a linked account: few calls, each reading or on a scratch list of its own."""
