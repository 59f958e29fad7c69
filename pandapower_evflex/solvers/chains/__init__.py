"""An interior point over chains of slots."""
