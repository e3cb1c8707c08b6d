"""Stepping through a recorded computation: forward, backward and update, in the terminal, the notebook and the browser."""
