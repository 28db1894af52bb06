/* Windows over images: pooling, im2col and col2im, and the checks that they share with convolution. */
#include "binding.h"

int
read_steps(const char *func, PyObject *stride, PyObject *pad, struct windows *w)
{
    return whole_number_from(func, "stride", stride, 1, ANY_SIZE, &w->stride) < 0
           || whole_number_from(func, "pad", pad, 0, ANY_SIZE, &w->pad) < 0 ? -1 : 0;
}

/* The windows of an operation called with (..., height, width, stride, pad). */
static int
read_windows(const char *func, const char *h, const char *w, PyObject *const *args, struct windows *win)
{
    return whole_number_from(func, h, args[0], 1, ANY_SIZE, &win->fh) < 0
           || whole_number_from(func, w, args[1], 1, ANY_SIZE, &win->fw) < 0 ? -1 : read_steps(func, args[2], args[3], win);
}

/* Whether the padded images and all their windows can be counted, in bytes and with room to spare. */
static int
can_be_counted(const struct windows *w)
{
    const double rows = (double)w->h + 2.0 * (double)w->pad, cols = (double)w->w + 2.0 * (double)w->pad;
    const double images = (double)(w->n + 1) * (double)(w->c + 1), window = (double)w->fh * (double)w->fw;
    return images * (rows + (double)w->fh) * (cols + (double)w->fw) * window < 1e15;
}

int
fit_windows(const char *func, const npy_intp dims[4], const char *windows, struct windows *w)
{
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
            advice = ": one image is x[np.newaxis], grey images are x[:, np.newaxis] (section 7.4.1)";
        }
        else if (PyArray_NDIM(x) == 2) {
            advice = ": load with flatten=False, or use x.reshape(-1, channels, height, width) (section 7.4.1)";
        }
        PyErr_Format(PyExc_ValueError, "%s: %s has shape %s; it must be (N, channels, height, width)%s", func, name,
                     shape_text(x, text), advice);
        return -1;
    }
    return 0;
}

/* The four sizes of a shape. -1 with an exception set. */
static int
read_shape(const char *func, const char *name, PyObject *shape, npy_intp dims[4])
{
    int ok = PyArray_IntpFromSequence(shape, dims, 4) == 4;
    for (int i = 0; ok && i < 4; i++) {
        ok = dims[i] >= 0;
    }
    if (!ok) {
        explain_value(PyExc_ValueError, func, name, shape, "(N, channels, height, width)");
        return -1;
    }
    return 0;
}

/* A call of the images args[0] with the windows args[1..4]. -1 with an exception set, and nothing to release. */
static int
begin_with_images(call *c, const char *func, const char *const *names, const char *windows, PyObject *const *args,
                  struct windows *w)
{
    if (read_windows(func, names[1], names[2], args + 1, w) < 0 || call_begin(c, func, 1, args, names, 0) < 0) {
        return -1;
    }
    if (check_images(func, names[0], c->in[0]) < 0 || fit_windows(func, PyArray_DIMS(c->in[0]), windows, w) < 0) {
        call_finish(c);
        return -1;
    }
    return 0;
}

static const char *const pooling_names[] = {"x", "pool_h", "pool_w"}, *const filter_names[] = {"input_data", "filter_h",
                                                                                               "filter_w"};

/* (x, pool_h, pool_w, stride, pad): out, and the place of the largest pixel in each window */
PyObject *
py_pool_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Pooling.forward";
    call c;
    struct pool_args p;
    if (check_count(func, nargs, 5) < 0 || begin_with_images(&c, func, pooling_names, "the windows have", args, &p.win) < 0) {
        return NULL;
    }
    const npy_intp dims[] = {p.win.n, p.win.c, p.win.oh, p.win.ow};
    p.x = INPUT(&c, 0);
    p.out = new_output(&c, 4, dims);
    p.index = new_output_of(&c, NPY_INT32, 4, dims);
    run(c.k->pool_forward, &p, PyArray_MultiplyList(dims, 4), p.win.fh * p.win.fw);
    return call_finish(&c);
}

/* (dout, index, shape of x, pool_h, pool_w, stride, pad): dx */
PyObject *
py_pool_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "Pooling.backward", *const names[] = {"dout"};
    call c;
    npy_intp shape[4];
    struct pool_args p;
    if (check_count(func, nargs, 7) < 0 || read_shape(func, "the shape of x", args[2], shape) < 0
        || read_windows(func, "pool_h", "pool_w", args + 3, &p.win) < 0
        || fit_windows(func, shape, "the windows have", &p.win) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    const npy_intp dims[] = {p.win.n, p.win.c, p.win.oh, p.win.ow};
    PyArrayObject *index = (PyArrayObject *)args[1];
    if (check_shape(func, "dout", c.in[0], 4, dims) < 0) {
        return call_finish(&c);
    }
    if (!PyArray_Check(index) || PyArray_TYPE(index) != NPY_INT32 || !PyArray_ISCARRAY_RO(index)
        || PyArray_NDIM(index) != 4 || !PyArray_CompareLists(PyArray_DIMS(index), dims, 4)) {
        PyErr_Format(PyExc_ValueError, "%s: the places of the largest pixels do not fit dout; call forward first", func);
        return call_finish(&c);
    }
    p.dout = INPUT(&c, 0);
    p.index = keep(&c, (PyArrayObject *)Py_NewRef((PyObject *)index));
    p.dx = new_output(&c, 4, shape);
    run(c.k->pool_backward, &p, p.win.n * p.win.c, p.win.h * p.win.w);
    return call_finish(&c);
}

/* (x, pool_h, pool_w, stride, pad): the mean of every window */
PyObject *
py_average_forward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "AveragePooling.forward";
    call c;
    struct average_args a;
    if (check_count(func, nargs, 5) < 0 || begin_with_images(&c, func, pooling_names, "the windows have", args, &a.win) < 0) {
        return NULL;
    }
    const npy_intp dims[] = {a.win.n, a.win.c, a.win.oh, a.win.ow};
    a.x = INPUT(&c, 0);
    a.out = new_output(&c, 4, dims);
    run(c.k->average_forward, &a, a.win.n * a.win.c * a.win.oh, a.win.ow * a.win.fh * a.win.fw);
    return call_finish(&c);
}

/* (dout, shape of x, pool_h, pool_w, stride, pad): dx */
PyObject *
py_average_backward(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "AveragePooling.backward", *const names[] = {"dout"};
    call c;
    npy_intp shape[4];
    struct average_args a;
    if (check_count(func, nargs, 6) < 0 || read_shape(func, "the shape of x", args[1], shape) < 0
        || read_windows(func, "pool_h", "pool_w", args + 2, &a.win) < 0
        || fit_windows(func, shape, "the windows have", &a.win) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    const npy_intp dims[] = {a.win.n, a.win.c, a.win.oh, a.win.ow};
    if (check_shape(func, "dout", c.in[0], 4, dims) == 0) {
        a.dout = INPUT(&c, 0);
        a.dx = new_output(&c, 4, shape);
        run(c.k->average_backward, &a, a.win.n * a.win.c, a.win.oh * a.win.ow * a.win.fh * a.win.fw);
    }
    return call_finish(&c);
}

/* (input_data, filter_h, filter_w, stride, pad): every window as a row */
PyObject *
py_im2col(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "im2col";
    call c;
    struct im2col_args m;
    const struct windows *w = &m.win;
    if (check_count(func, nargs, 5) < 0 || begin_with_images(&c, func, filter_names, "the filters have", args, &m.win) < 0) {
        return NULL;
    }
    const npy_intp dims[] = {w->n * w->oh * w->ow, w->c * w->fh * w->fw};
    m.image = (void *)INPUT(&c, 0);
    m.col = new_output(&c, 2, dims);
    run(c.k->im2col, &m, w->n * w->oh, w->ow * dims[1]);
    return call_finish(&c);
}

/* (col, shape of the images, filter_h, filter_w, stride, pad): the sum of the windows on the images */
PyObject *
py_col2im(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    static const char *const func = "col2im", *const names[] = {"col"};
    call c;
    npy_intp shape[4];
    char text[SHAPE_TEXT];
    struct im2col_args m;
    const struct windows *w = &m.win;
    if (check_count(func, nargs, 6) < 0 || read_shape(func, "input_shape", args[1], shape) < 0
        || read_windows(func, filter_names[1], filter_names[2], args + 2, &m.win) < 0
        || fit_windows(func, shape, "the filters have", &m.win) < 0 || call_begin(&c, func, 1, args, names, 0) < 0) {
        return NULL;
    }
    const npy_intp rows = w->n * w->oh * w->ow, cols = w->c * w->fh * w->fw;
    if (PyArray_SIZE(c.in[0]) != rows * cols) {
        PyErr_Format(PyExc_ValueError, "%s: col has shape %s but these images have %zd windows of %zd pixels; col must be "
                     "(%zd, %zd)", func, shape_text(c.in[0], text), rows, cols, rows, cols);
        return call_finish(&c);
    }
    m.col = (void *)INPUT(&c, 0);
    m.image = new_output(&c, 4, shape);
    run(c.k->col2im, &m, w->n * w->c, w->oh * w->ow * w->fh * w->fw);
    return call_finish(&c);
}
