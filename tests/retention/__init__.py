"""Tests of planned lines."""
