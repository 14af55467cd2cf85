"""What the columns of a table show: kinds of values, relations, layouts."""
