"""Linking an account, changing, resting and ending a link, and taking over what was linked elsewhere."""
