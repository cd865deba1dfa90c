"""Tests of moved rates."""
