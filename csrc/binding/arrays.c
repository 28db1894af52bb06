#include "arrays.h"
#include "memory.h"

/* Whether x is a masked array: no kernel knows of masks, and ignoring one would count what it hides. */
static int
is_masked(PyObject *x)
{
    PyObject *name = PyUnicode_FromString("numpy.ma"), *ma = name == NULL ? NULL : PyImport_GetModule(name);
    Py_XDECREF(name);
    if (ma == NULL) {
        return PyErr_Occurred() ? -1 : 0;       /* nobody has one */
    }
    PyObject *type = PyObject_GetAttrString(ma, "MaskedArray");
    const int masked = type == NULL ? -1 : PyObject_IsInstance(x, type);
    Py_XDECREF(type);
    Py_DECREF(ma);
    return masked;
}

/* -1 with an exception set if x is an array of a kind that must not be read as a plain one. */
static int
check_kind(const char *func, const char *name, PyObject *x)
{
    const int masked = PyArray_CheckExact(x) || !PyArray_Check(x) ? 0 : is_masked(x);
    if (masked > 0) {
        PyErr_Format(PyExc_TypeError, "%s: %s is a masked array, whose mask would be ignored; use %s.filled(value)", func, name,
                     name);
    }
    return masked != 0 ? -1 : 0;
}

PyArrayObject *
array_from_other(const char *func, const char *name, PyObject *x)
{
    if (check_kind(func, name, x) < 0) {
        return NULL;
    }
    PyObject *array = PyArray_FromAny(x, NULL, 0, 0, NPY_ARRAY_ENSUREARRAY, NULL);
    if (array == NULL) {
        char type[TYPE_TEXT];
        explain(PyExc_TypeError, "%s: %s is a %s that cannot be read as an array of numbers%s", func, name,
                type_text(x, type), PySequence_Check(x) ? "; rows of different lengths are a frequent cause" : "");
    }
    return (PyArrayObject *)array;
}

int
computing_type_of_other(const char *func, const char *name, PyArrayObject *x)
{
    const int type = type_of(x);
    if (type == NPY_HALF) {
        return type;
    }
    if (PyTypeNum_ISINTEGER(type) || PyTypeNum_ISBOOL(type)) {
        return NPY_DOUBLE;
    }
    PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S; use float32 or float64, as in %s.astype(np.float64)",
                 func, name, PyArray_DESCR(x), name);
    return -1;
}

PyArrayObject *
array_as(const char *func, const char *name, PyArrayObject *x, int typenum)
{
    if (PyArray_TYPE(x) == typenum && PyArray_ISCARRAY_RO(x)) {
        return (PyArrayObject *)Py_NewRef((PyObject *)x);
    }
    return computing_type(func, name, x) < 0 ? NULL : copy_array(func, x, typenum);
}

PyArrayObject *
mask_from(const char *func, PyObject *x)
{
    PyArrayObject *mask = array_from(func, "mask", x);
    if (mask == NULL || (PyArray_ISBOOL(mask) && PyArray_ISCARRAY_RO(mask))) {
        return mask;
    }
    if (!PyArray_ISBOOL(mask)) {
        PyErr_Format(PyExc_TypeError, "%s: mask has dtype %S; it must be bool", func, PyArray_DESCR(mask));
        Py_CLEAR(mask);
    }
    else {
        replace(&mask, copy_array(func, mask, NPY_BOOL));
    }
    return mask;
}

/* t[i], which is no label, as it was given: an unsigned one may look negative as npy_intp. */
static void
refuse_label(const char *func, PyArrayObject *t, npy_intp i, npy_intp classes)
{
    PyObject *label = PyObject_CallMethod((PyObject *)t, "item", "n", (Py_ssize_t)i);
    if (label != NULL) {
        PyErr_Format(PyExc_IndexError, "%s: t[%zd] is %S but y has %zd classes; labels must be in 0..%zd (section 4.2.4)", func, (Py_ssize_t)i,
                     label, (Py_ssize_t)classes, (Py_ssize_t)classes - 1);
        Py_DECREF(label);
    }
}

PyArrayObject *
labels_from(const char *func, PyArrayObject *t, npy_intp n, npy_intp classes)
{
    char text[SHAPE_TEXT];
    if (!PyTypeNum_ISINTEGER(PyArray_TYPE(t))) {
        PyErr_Format(PyExc_TypeError, "%s: t has dtype %S; class labels must be integers (section 4.2.4)", func, PyArray_DESCR(t));
        return NULL;
    }
    if (PyArray_SIZE(t) != n || (PyArray_NDIM(t) > 1 && n > 1)) {
        PyErr_Format(PyExc_ValueError, "%s: t has shape %s but y has %zd rows and %zd classes; t must be labels of shape "
                     "(%zd,) or targets of shape (%zd, %zd)%s (section 4.2.4)", func, shape_text(t, text), (Py_ssize_t)n,
                     (Py_ssize_t)classes, (Py_ssize_t)n, (Py_ssize_t)n, (Py_ssize_t)classes,
                     PyArray_SIZE(t) == n ? "; use t.ravel()" : "");
        return NULL;
    }
    PyArrayObject *labels = copy_array(func, t, NPY_INTP);
    if (labels == NULL) {
        return NULL;
    }
    const npy_intp *label = PyArray_DATA(labels);
    for (npy_intp i = 0; i < n; i++) {
        if (label[i] < 0 || label[i] >= classes) {
            refuse_label(func, t, i, classes);
            Py_CLEAR(labels);
            break;
        }
    }
    return labels;
}

PyArrayObject *
in_place(const char *func, const char *name, PyObject *x)
{
    if (!PyArray_Check(x)) {
        char type[TYPE_TEXT];
        PyErr_Format(PyExc_TypeError, "%s: %s is a %s but is changed in place; it must be a float32 or float64 array",
                     func, name, type_text(x, type));
        return NULL;
    }
    if (check_kind(func, name, x) < 0) {
        return NULL;
    }
    PyArrayObject *array = (PyArrayObject *)x;
    const int type = type_of(array);
    if (type != NPY_FLOAT && type != NPY_DOUBLE) {
        PyErr_Format(PyExc_TypeError, "%s: %s has dtype %S but is changed in place; use %s.astype(np.float64)", func, name,
                     PyArray_DESCR(array), name);
        return NULL;
    }
    if (!PyArray_ISWRITEABLE(array)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is read-only but is changed in place; pass %s.copy()", func, name, name);
        return NULL;
    }
    if (!PyArray_ISBEHAVED(array)) {
        PyErr_Format(PyExc_TypeError, "%s: %s is not aligned or not in native byte order but is changed in place; "
                     "use %s.astype(np.float64)", func, name, name);
        return NULL;
    }
    return array;
}
