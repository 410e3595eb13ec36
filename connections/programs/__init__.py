"""What a vendor's programs meet: their tokens, limits, request log, and calls that go through 1-to-1."""
