"""Lattices of outlets, and the peak that they can shave."""
