"""A customer's own picture as presenter: finding the face, moving it, and what to do when there is none."""
