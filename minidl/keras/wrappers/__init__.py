"""The older home of the wrappers for scikit-learn."""
