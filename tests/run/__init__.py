"""Tests of runs, the scheduled job and projects."""
