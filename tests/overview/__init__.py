"""Tests of the morning screen."""
