"""The book's functions (chapters 3 and 4, appendix A), each computed by a C kernel."""

from pynn import _core


def matmul(a, b):
    """Matrix product, as ``a @ b``.

    Parameters
    ----------
    a : array_like, shape (..., m, k) or (k,)
    b : array_like, shape (..., k, n) or (k,)
        Any strides: transposed and sliced operands are read where they lie.

    Returns
    -------
    ndarray, shape (..., m, n)
        The axes before the last two broadcast; an operand with one axis loses it, as in NumPy.

    Raises
    ------
    ValueError
        If the columns of `a` and the rows of `b` differ in number.
    """
    return _core.matmul(a, b)
