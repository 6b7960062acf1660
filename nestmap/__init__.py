"""NestMap: a session layer for Tornado on PostgreSQL, and a travel site that uses it."""

__version__ = "0.1.0"
