"""The commands of an operator, by subject: what ``python -m nestmap`` can do."""
