"""Nets and profiles from files, for commands and studies alike."""
