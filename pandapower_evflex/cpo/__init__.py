"""What a charging site can shave: rates, Markov chains, lattices, peaks."""
