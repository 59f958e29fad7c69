"""One HTML file that tells a result to somebody who did not compute it."""
