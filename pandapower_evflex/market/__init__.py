"""Offers against demand: who is shed, at what price."""
