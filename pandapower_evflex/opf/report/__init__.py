"""From schedules to results, and back to the net."""
