"""Development scripts: the host, the databases and the test runs around the addon."""
