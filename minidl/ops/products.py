"""The matrix product, for matrices, vectors and stacks of matrices; and the layer that is little else."""
from minidl.ops.shapes import reshape, transpose
from minidl.tensor import composite, op


@op
def matmul(xp, a, b):
    """y = a @ b          dL/da = g bᵀ          dL/db = aᵀ g

    Shapes are NumPy's: (…, n, k) @ (…, k, m) → (…, n, m); a vector counts as one row on the left, as one column on the right."""
    return xp.matmul(a, b)


def _swap(x):
    return transpose(x, axes=[*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


@matmul.vjp
def _(g, y, a, b):
    row, column = a.ndim == 1, b.ndim == 1
    rows = reshape(a, shape=(1, -1)) if row else a
    columns = reshape(b, shape=(-1, 1)) if column else b
    shape = list(y.shape)
    if column:
        shape.append(1)
    if row:
        shape.insert(len(shape) - 1, 1)
    g = reshape(g, shape=shape)

    def to_a():
        da = g @ _swap(columns)
        return reshape(da, shape=(*da.shape[:-2], a.shape[0])) if row else da

    def to_b():
        db = _swap(rows) @ g
        return reshape(db, shape=(*db.shape[:-2], b.shape[0])) if column else db

    return to_a, to_b


@composite
def dense_layer(x, kernel, bias, *, activation):
    """y = activation(x @ kernel + bias); ``bias`` is None for none."""
    y = x @ kernel
    return activation(y if bias is None else y + bias)
