"""The commands of ``python -m nestmap``, by subject."""
