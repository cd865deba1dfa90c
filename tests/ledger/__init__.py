"""Tests of ledgers and reports."""
