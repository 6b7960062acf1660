"""NestMap: a travel site whose visitors' places live in PostgreSQL-backed sessions."""

__version__ = "0.1.0"
