"""NestMap: a travel site whose visitors' places live in PostgreSQL-backed sessions."""
