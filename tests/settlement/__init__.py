"""Tests of deposits taken back and undone."""
