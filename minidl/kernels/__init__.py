"""Speed, outside the files that students read: fast forms of ops that attach to them, and the ladder from seven loops to one product."""
