"""Tests of the revenue budget."""
