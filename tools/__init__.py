"""Commands that make files of the repository: the outline of the world, lists of towns, pictures."""
