/* Windows over images: pooling, im2col and col2im, and the checks that they share with convolution. */
#include "binding.h"
#include "memory.h"

/* A whole number, at least `least`. -1 with an exception set. */
static int
size_of(const char *func, const char *name, PyObject *x, npy_intp least, ptrdiff_t *out)
{
    const Py_ssize_t value = PyNumber_AsSsize_t(x, PyExc_OverflowError);
    if (value == -1 && PyErr_Occurred()) {
        PyErr_Format(PyExc_TypeError, "%s: %s is %R; it must be a whole number", func, name, x);
        return -1;
    }
    if (value < least) {
        PyErr_Format(PyExc_ValueError, "%s: %s is %zd; it must be at least %zd", func, name, value, (Py_ssize_t)least);
        return -1;
    }
    *out = value;
    return 0;
}

/* Whether the padded images and all their windows can be counted, in bytes and with room to spare. */
static int
can_be_counted(const struct windows *w)
{
    const double rows = (double)w->h + 2.0 * (double)w->pad, cols = (double)w->w + 2.0 * (double)w->pad;
    const double images = (double)(w->n + 1) * (double)(w->c + 1), window = (double)w->fh * (double)w->fw;
    return images * (rows + (double)w->fh) * (cols + (double)w->fw) * window < 1e15 && (double)w->stride < 1e9;
}

int
windows_of(const char *func, const npy_intp dims[4], const char *windows, PyObject *stride, PyObject *pad, struct windows *w)
{
    if (size_of(func, "stride", stride, 1, &w->stride) < 0 || size_of(func, "pad", pad, 0, &w->pad) < 0) {
        return -1;
    }
    w->n = dims[0];
    w->c = dims[1];
    w->h = dims[2];
    w->w = dims[3];
    if (w->fh < 1 || w->fw < 1) {
        PyErr_Format(PyExc_ValueError, "%s: %s %zdx%zd pixels; they must have at least one", func, windows, w->fh, w->fw);
        return -1;
    }
    if (!can_be_counted(w)) {
        PyErr_Format(PyExc_ValueError, "%s: images of (%zd, %zd, %zd, %zd), %s %zdx%zd pixels, stride=%zd and pad=%zd need more "
                     "memory than there can be", func, w->n, w->c, w->h, w->w, windows, w->fh, w->fw, w->stride, w->pad);
        return -1;
    }
    const npy_intp rows = w->h + 2 * w->pad, cols = w->w + 2 * w->pad;
    if (rows < w->fh || cols < w->fw) {
        PyErr_Format(PyExc_ValueError, "%s: %s %zdx%zd pixels but the images have %zdx%zd, padding of %zd included; use smaller "
                     "windows or more padding", func, windows, w->fh, w->fw, rows, cols, w->pad);
        return -1;
    }
    w->oh = (rows - w->fh) / w->stride + 1;
    w->ow = (cols - w->fw) / w->stride + 1;
    return 0;
}

int
check_images(const char *func, const char *name, PyArrayObject *x)
{
    char text[SHAPE_TEXT];
    if (PyArray_NDIM(x) != 4) {
        const char *advice = "";
        if (PyArray_NDIM(x) == 3) {
            advice = ": one image is x[np.newaxis], grey images are x[:, np.newaxis]";
        }
        else if (PyArray_NDIM(x) == 2) {
            advice = ": load with flatten=False, or use x.reshape(-1, channels, height, width)";
        }
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, channels, height, width)%s", func, name,
                     shape_text(x, text), advice);
        return -1;
    }
    return 0;
}

/* The windows of an operation called with (..., height, width, stride, pad). */
static int
windows_from(const char *func, const npy_intp dims[4], const char *windows, const char *h, const char *w,
             PyObject *const *args, struct windows *win)
{
    return size_of(func, h, args[0], 1, &win->fh) < 0 || size_of(func, w, args[1], 1, &win->fw) < 0
           || windows_of(func, dims, windows, args[2], args[3], win) < 0 ? -1 : 0;
}

/* The four sizes of a shape. -1 with an exception set. */
static int
image_shape(const char *func, const char *name, PyObject *shape, npy_intp dims[4])
{
    PyArray_Dims given = {NULL, 0};
    int ok = PyArray_IntpConverter(shape, &given) == NPY_SUCCEED && given.len == 4;
    for (int i = 0; ok && i < 4; i++) {
        dims[i] = given.ptr[i];
        ok = dims[i] >= 0;
    }
    PyDimMem_FREE(given.ptr);
    if (!ok) {
        PyErr_Format(PyExc_ValueError, "%s: %s is %R; it must be (N, channels, height, width)", func, name, shape);
        return -1;
    }
    return 0;
}

/* Whether dout has a value for every window. -1 with an exception set. */
static int
check_dout(const char *func, PyArrayObject *dout, const struct windows *w)
{
    char text[SHAPE_TEXT];
    const npy_intp dims[] = {w->n, w->c, w->oh, w->ow};
    if (PyArray_NDIM(dout) != 4 || !PyArray_CompareLists(PyArray_DIMS(dout), dims, 4)) {
        PyErr_Format(PyExc_ValueError, "%s: dout has shape %s but forward gave (%zd, %zd, %zd, %zd); they must be equal", func,
                     shape_text(dout, text), dims[0], dims[1], dims[2], dims[3]);
        return -1;
    }
    return 0;
}

/* (x, pool_h, pool_w, stride, pad): out, and the place of the largest pixel in each window */
PyObject *
py_pool_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Pooling.forward", *const names[] = {"x"};
    call c;
    struct pool_args p = {.out = NULL};
    PyArrayObject *out = NULL, *index = NULL;
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (check_images(func, "x", c.in[0]) < 0
        || windows_from(func, PyArray_DIMS(c.in[0]), "the windows have", "pool_h", "pool_w", args + 1, &p.win) < 0) {
        goto fail;
    }
    const npy_intp dims[] = {p.win.n, p.win.c, p.win.oh, p.win.ow};
    out = call_output(&c, 4, dims);
    index = allocate_array(4, dims, NPY_INT32);
    if (out == NULL || index == NULL) {
        goto fail;
    }
    p.x = INPUT(&c, 0);
    p.out = PyArray_DATA(out);
    p.index = PyArray_DATA(index);
    run(c.k->pool_forward, &p, p.win.n * p.win.c, p.win.oh * p.win.ow * p.win.fh * p.win.fw);
    call_end(&c);
    PyObject *results[] = {call_result(&c, out), (PyObject *)index};
    return pack_results(2, results);

fail:
    Py_XDECREF(out);
    Py_XDECREF(index);
    call_end(&c);
    return NULL;
}

/* (dout, index, shape of x, pool_h, pool_w, stride, pad): dx */
PyObject *
py_pool_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Pooling.backward", *const names[] = {"dout"};
    call c;
    npy_intp shape[4];
    struct pool_args p = {.out = NULL};
    PyArrayObject *dx = NULL;
    if (check_count(func, nargs, 7) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (image_shape(func, "the shape of x", args[2], shape) < 0
        || windows_from(func, shape, "the windows have", "pool_h", "pool_w", args + 3, &p.win) < 0
        || check_dout(func, c.in[0], &p.win) < 0) {
        goto done;
    }
    const npy_intp dims[] = {p.win.n, p.win.c, p.win.oh, p.win.ow};
    PyArrayObject *index = (PyArrayObject *)args[1];
    if (!PyArray_Check(index) || PyArray_TYPE(index) != NPY_INT32 || !PyArray_ISCARRAY_RO(index)
        || PyArray_NDIM(index) != 4 || !PyArray_CompareLists(PyArray_DIMS(index), dims, 4)) {
        PyErr_Format(PyExc_ValueError, "%s: the places of the largest pixels do not fit dout; call forward first", func);
        goto done;
    }
    dx = call_output(&c, 4, shape);
    if (dx == NULL) {
        goto done;
    }
    p.dout = INPUT(&c, 0);
    p.index = PyArray_DATA(index);
    p.dx = PyArray_DATA(dx);
    run(c.k->pool_backward, &p, p.win.n * p.win.c, p.win.h * p.win.w);
done:
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

/* (x, pool_h, pool_w, stride, pad): the mean of every window */
PyObject *
py_average_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "AveragePooling.forward", *const names[] = {"x"};
    call c;
    struct average_args a = {.out = NULL};
    PyArrayObject *out = NULL;
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (check_images(func, "x", c.in[0]) == 0
        && windows_from(func, PyArray_DIMS(c.in[0]), "the windows have", "pool_h", "pool_w", args + 1, &a.win) == 0) {
        const npy_intp dims[] = {a.win.n, a.win.c, a.win.oh, a.win.ow};
        out = call_output(&c, 4, dims);
    }
    if (out != NULL) {
        a.x = INPUT(&c, 0);
        a.out = PyArray_DATA(out);
        run(c.k->average_forward, &a, a.win.n * a.win.c, a.win.oh * a.win.ow * a.win.fh * a.win.fw);
    }
    call_end(&c);
    return out == NULL ? NULL : call_result(&c, out);
}

/* (dout, shape of x, pool_h, pool_w, stride, pad): dx */
PyObject *
py_average_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "AveragePooling.backward", *const names[] = {"dout"};
    call c;
    npy_intp shape[4];
    struct average_args a = {.out = NULL};
    PyArrayObject *dx = NULL;
    if (check_count(func, nargs, 6) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    if (image_shape(func, "the shape of x", args[1], shape) == 0
        && windows_from(func, shape, "the windows have", "pool_h", "pool_w", args + 2, &a.win) == 0
        && check_dout(func, c.in[0], &a.win) == 0) {
        dx = call_output(&c, 4, shape);
    }
    if (dx != NULL) {
        a.dout = INPUT(&c, 0);
        a.dx = PyArray_DATA(dx);
        run(c.k->average_backward, &a, a.win.n * a.win.c, a.win.oh * a.win.ow * a.win.fh * a.win.fw);
    }
    call_end(&c);
    return dx == NULL ? NULL : call_result(&c, dx);
}

/* (input_data, filter_h, filter_w, stride, pad): every window as a row */
PyObject *
py_im2col(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "im2col", *const names[] = {"input_data"};
    call c;
    struct im2col_args m = {.image = NULL};
    PyArrayObject *col = NULL;
    if (check_count(func, nargs, 5) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    struct windows *w = &m.win;
    if (check_images(func, "input_data", c.in[0]) < 0
        || windows_from(func, PyArray_DIMS(c.in[0]), "the filters have", "filter_h", "filter_w", args + 1, w) < 0) {
        goto done;
    }
    const npy_intp dims[] = {w->n * w->oh * w->ow, w->c * w->fh * w->fw};
    col = call_output(&c, 2, dims);
    if (col == NULL) {
        goto done;
    }
    m.image = (void *)INPUT(&c, 0);
    m.col = PyArray_DATA(col);
    run(c.k->im2col, &m, w->n * w->oh, w->ow * dims[1]);
done:
    call_end(&c);
    return col == NULL ? NULL : call_result(&c, col);
}

/* (col, shape of the images, filter_h, filter_w, stride, pad): the sum of the windows on the images */
PyObject *
py_col2im(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "col2im", *const names[] = {"col"};
    call c;
    npy_intp shape[4];
    char text[SHAPE_TEXT];
    struct im2col_args m = {.image = NULL};
    PyArrayObject *image = NULL;
    if (check_count(func, nargs, 6) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    struct windows *w = &m.win;
    if (image_shape(func, "input_shape", args[1], shape) < 0
        || windows_from(func, shape, "the filters have", "filter_h", "filter_w", args + 2, w) < 0) {
        goto done;
    }
    if (PyArray_SIZE(c.in[0]) != w->n * w->oh * w->ow * w->c * w->fh * w->fw) {
        PyErr_Format(PyExc_ValueError, "%s: col has shape %s but these images have %zd windows of %zd pixels; col must be "
                     "(%zd, %zd)", func, shape_text(c.in[0], text), w->n * w->oh * w->ow, w->c * w->fh * w->fw,
                     w->n * w->oh * w->ow, w->c * w->fh * w->fw);
        goto done;
    }
    image = call_output(&c, 4, shape);
    if (image == NULL) {
        goto done;
    }
    m.col = (void *)INPUT(&c, 0);
    m.image = PyArray_DATA(image);
    run(c.k->col2im, &m, w->n * w->c, w->oh * w->ow * w->fh * w->fw);
done:
    call_end(&c);
    return image == NULL ? NULL : call_result(&c, image);
}
