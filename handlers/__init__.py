"""HTTP: routes, the base handler, one action per file, templates and static files."""
