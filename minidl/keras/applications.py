"""Left out."""
raise ImportError(
    "minidl leaves keras.applications out: it has no nets that others have trained; train one with minidl, save it, and take its layers "
    "from load_model(…).layers"
)
