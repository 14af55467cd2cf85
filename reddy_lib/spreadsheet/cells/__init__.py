"""What one cell, or the name of one column, says by itself."""
