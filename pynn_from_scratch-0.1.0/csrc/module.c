/* pynn._core: the method table and the module's start. */
#define PYNN_IMPORTS_ARRAY
#include "binding/binding.h"
#include "binding/memory.h"
#include "kernels/dispatch.h"

/* NumPy's headers for another platform than the compiler's would be wrong without a word. */
_Static_assert(sizeof(npy_int64) == 8 && sizeof(npy_intp) == sizeof(ptrdiff_t) && sizeof(long) == NPY_SIZEOF_LONG,
               "these are the headers of NumPy for another platform");

/* "name(arguments)\n--\n\n" is where Python reads the signature of a function in C. */
#define METHOD(name, arguments, doc) \
    {#name, (PyCFunction)(void (*)(void))py_##name, METH_FASTCALL, #name arguments "\n--\n\n" doc}

/* The Python package documents these; here is only what each takes and computes. */
static PyMethodDef methods[] = {
    METHOD(build_info, "()", "How this module was compiled and which kernels it chose."),
    METHOD(matmul, "(a, b, /)", "a @ b"),
    METHOD(identity_function, "(x, /)", "x"),
    METHOD(step_function, "(x, /)", "1 where x > 0, else 0"),
    METHOD(sigmoid, "(x, /)", "1 / (1 + exp(-x))"),
    METHOD(sigmoid_grad, "(x, /)", "(1 - sigmoid(x)) sigmoid(x)"),
    METHOD(relu, "(x, /)", "max(0, x)"),
    METHOD(relu_grad, "(x, /)", "1 where x >= 0, else 0"),
    METHOD(tanh, "(x, /)", "tanh x"),
    METHOD(as_array, "(func, name, x, /)", "x as an array, refused in words where it cannot be one"),
    METHOD(add, "(x, y, /)", "x + y"),
    METHOD(multiply, "(x, y, /)", "x y"),
    METHOD(softmax, "(x, /)", "exp(x - max x) / sum exp(x - max x)"),
    METHOD(mean_squared_error, "(y, t, /)", "1/2 sum (y - t)^2"),
    METHOD(cross_entropy_error, "(y, t, /)", "-1/N sum t log(y + 1e-7)"),
    METHOD(softmax_loss, "(x, t, /)", "the cross-entropy error of softmax(x)"),
    METHOD(entropy, "(p, /)", "-sum p log p"),
    METHOD(cross_entropy, "(p, q, /)", "-sum p log q"),
    METHOD(affine_forward, "(x, W, b, /)", "x W + b"),
    METHOD(affine_backward, "(x, W, dout, needs_dx, /)", "dx, dW, db"),
    METHOD(relu_forward, "(x, /)", "max(0, x), x <= 0"),
    METHOD(relu_backward, "(dout, mask, /)", "0 where mask, else dout"),
    METHOD(leaky_relu_forward, "(x, slope, /)", "x, or slope x where x <= 0; x <= 0"),
    METHOD(leaky_relu_backward, "(dout, mask, slope, /)", "slope dout where mask, else dout"),
    METHOD(sigmoid_forward, "(x, /)", "1 / (1 + exp(-x))"),
    METHOD(sigmoid_backward, "(dout, out, /)", "dout (1 - out) out"),
    METHOD(tanh_forward, "(x, /)", "tanh x"),
    METHOD(tanh_backward, "(dout, out, /)", "dout (1 - out^2)"),
    METHOD(softmax_with_loss, "(x, t, /)", "the loss, softmax(x)"),
    METHOD(softmax_with_loss_backward, "(y, t, dout, /)", "(y - t) dout / N"),
    METHOD(identity_with_loss, "(x, t, mean, /)", "1/2 sum (x - t)^2 or that over N, x"),
    METHOD(identity_with_loss_backward, "(y, t, dout, mean, /)", "(y - t) dout or that over N"),
    METHOD(sgd, "(param, grad, lr, /)", "the parameter after a step of SGD"),
    METHOD(momentum, "(param, grad, v, lr, momentum, /)", "the parameter after a step of Momentum"),
    METHOD(nesterov, "(param, grad, v, lr, momentum, /)", "the parameter after a step of Nesterov"),
    METHOD(adagrad, "(param, grad, h, lr, /)", "the parameter after a step of AdaGrad"),
    METHOD(rmsprop, "(param, grad, h, lr, decay_rate, /)", "the parameter after a step of RMSprop"),
    METHOD(adam, "(param, grad, m, v, lr, beta1, beta2, /)", "the parameter after a step of Adam"),
    METHOD(adamw, "(param, grad, m, v, lr, beta1, beta2, decay, /)", "the parameter after a step of AdamW"),
    METHOD(numerical_gradient, "(f, x, /)", "(f(x + h e_i) - f(x - h e_i)) / 2h for every element i of x"),
    METHOD(mlp_numerical_gradient, "(x, t, params, activation, /)",
           "the same for the loss of a perceptron with these weights, without a call for each"),
    METHOD(use_kernels, "(name, /)", "Use the set of kernels of that name."),
    METHOD(kernels, "()", "The name of the set in use."),
    METHOD(tour, "(step, a, b, /)", "a b by one step of the tour"),
    METHOD(tour_peak, "(rounds, /)", "Multiplications and additions on registers alone."),
    METHOD(get_num_threads, "()", "Threads that kernels use."),
    METHOD(set_num_threads, "(n, /)", "Use n threads."),
    METHOD(take_rows, "(x, rows, /)", "x.take(rows, axis=0)"),
    METHOD(conv_forward, "(x, W, b, stride, pad, /)", "x correlated with the filters W, plus b"),
    METHOD(conv_backward, "(x, W, dout, stride, pad, needs_dx, /)", "dx, dW, db"),
    METHOD(conv_block_forward, "(x, W, b, stride, pad, pool, channels_last, /)",
           "the same, then ReLU, then 2x2 max-pooling if asked for"),
    METHOD(conv_block_backward, "(x, W, dout, out, index, stride, pad, needs_dx, /)", "dx, dW, db of the three together"),
    METHOD(set_winograd, "(allowed, /)", "Whether 3x3 filters may go Winograd's way; returns what was so before."),
    METHOD(pool_forward, "(x, pool_h, pool_w, stride, pad, /)",
           "the largest pixel of every window, and its place in the window"),
    METHOD(pool_backward, "(dout, index, shape, pool_h, pool_w, stride, pad, /)", "dx"),
    METHOD(average_forward, "(x, pool_h, pool_w, stride, pad, /)", "the mean of every window"),
    METHOD(average_backward, "(dout, shape, pool_h, pool_w, stride, pad, /)", "dx"),
    METHOD(im2col, "(input_data, filter_h, filter_w, stride, pad, /)", "every window as a row"),
    METHOD(col2im, "(col, input_shape, filter_h, filter_w, stride, pad, /)", "the sum of the windows, back in the image"),
    METHOD(batchnorm_train, "(x, gamma, beta, running_mean, running_var, momentum, /)",
           "out, xc, std, running mean, running variance"),
    METHOD(batchnorm_test, "(x, gamma, beta, running_mean, running_var, /)", "out, from the running statistics"),
    METHOD(batchnorm_backward, "(dout, xc, gamma, std, /)", "dx, dgamma, dbeta"),
    METHOD(dropout, "(x, mask, /)", "x mask"),
    {NULL, NULL, 0, NULL},
};

#if defined(__clang__)
#define COMPILER "Clang " __clang_version__
#else
#define COMPILER "GCC " __VERSION__
#endif

PyObject *
py_build_info(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args), Py_ssize_t nargs)
{
    if (check_count("build_info", nargs, 0) < 0) {
        return NULL;
    }
    PyObject *built = PyDict_New();
    for (int i = 0; built != NULL && dispatch_built(i) != NULL; i++) {
        PyObject *available = dispatch_available(dispatch_built(i)) ? Py_True : Py_False;
        if (PyDict_SetItemString(built, dispatch_built(i), available) < 0) {
            Py_CLEAR(built);
        }
    }
    return built == NULL ? NULL : Py_BuildValue("{s:s, s:s, s:N}", "compiler", COMPILER, "isa",
                                                kernels_in_use(0)->isa, "isas", built);
}

/* PYNN_CPU in words: what it asked for and what there is. */
static int
unknown_cpu(const char *name)
{
    PyObject *built = PyList_New(0);
    for (int i = 0; built != NULL && dispatch_built(i) != NULL; i++) {
        PyObject *set = dispatch_available(dispatch_built(i)) ? PyUnicode_FromString(dispatch_built(i)) : NULL;
        if (set != NULL) {
            PyList_Append(built, set);
            Py_DECREF(set);
        }
    }
    if (built != NULL && !PyErr_Occurred()) {
        PyErr_Format(PyExc_ImportError, "pynn: PYNN_CPU is '%s', which this processor or this build does not have; "
                     "choose one of %R or unset it", name, built);
    }
    Py_XDECREF(built);
    return -1;
}

/* In the words of Python 3.12 and newer, which would ask a slot that the stable ABI of 3.10 lacks, and not always. NumPy, which comes next, would not refuse. */
static int
refuse_subinterpreters(void)
{
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) == 0) {
        return 0;
    }
    PyErr_SetString(PyExc_ImportError, "module pynn._core does not support loading in subinterpreters");
    return -1;
}

static int
exec_module(PyObject *Py_UNUSED(module))
{
    if (refuse_subinterpreters() < 0 || PyArray_ImportNumPyAPI() < 0 || memory_init() < 0) {
        return -1;
    }
    call_init();
    const char *name = getenv("PYNN_CPU");
    name = name != NULL && name[0] != '\0' ? name : NULL;
    return dispatch_init(name) < 0 ? unknown_cpu(name) : 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec_module},
#if PY_VERSION_HEX >= 0x030C0000 && !defined(Py_LIMITED_API)
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000 && !defined(Py_LIMITED_API)
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pynn._core",
    .m_doc = "The kernels of pynn.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&definition);
}
