"""What no schedule can cure, found before a solver runs."""
