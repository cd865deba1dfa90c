"""Tests of plain arithmetic."""
