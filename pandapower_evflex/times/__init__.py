"""Times as tables, files and arguments have them: read in one way, or refused."""
