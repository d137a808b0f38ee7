"""Readers of the tape: what a network computed, told in words, symbols and numbers."""
