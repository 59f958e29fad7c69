"""The Markov chain of an outlet's day."""
