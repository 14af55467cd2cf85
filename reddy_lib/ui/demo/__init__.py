"""A demo with invented calls: a story to follow, faults to switch on, and a reset that touches nothing else."""
