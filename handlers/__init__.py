"""HTTP: routes, the base handler, one subject per file, templates and static files."""
