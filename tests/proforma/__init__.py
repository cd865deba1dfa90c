"""Tests of pro formas."""
