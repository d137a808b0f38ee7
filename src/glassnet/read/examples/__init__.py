"""Worked examples by name, W01 to W58: computed here by the engine, beside what the lectures print.

`facts.json` holds what the lectures print for each value, and how that relates to the exact one. Every example is one
function; a user's own numbers go the same way, through `explain` and expressions.
"""
