"""`minuet demo`: scenario orders on a fast clock, told as they happen, checked at the end."""
