"""Commands that make files of the repository: the outline of the world, the list of towns, pictures."""
