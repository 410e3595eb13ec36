"""Workspaces, the people in them, and how these sign in."""
