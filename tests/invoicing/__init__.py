"""Tests of claims that become invoices."""
