"""A file becomes tables of cells, with where each cell came from."""
