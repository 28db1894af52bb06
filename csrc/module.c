/* pynn._core: the method table and the module's start. */
#define PYNN_IMPORTS_ARRAY
#include "binding/binding.h"
#include "binding/memory.h"
#include "kernels/dispatch.h"

#define METHOD(name, doc) {#name, (PyCFunction)(void (*)(void))py_##name, METH_FASTCALL, doc}

/* The Python package documents these; here is only what each computes. */
static PyMethodDef methods[] = {
    METHOD(build_info, "How this module was compiled and which kernels it chose."),
    METHOD(matmul, "a @ b"),
    METHOD(identity_function, "x"),
    METHOD(step_function, "1 where x > 0, else 0"),
    METHOD(sigmoid, "1 / (1 + exp(-x))"),
    METHOD(sigmoid_grad, "(1 - sigmoid(x)) sigmoid(x)"),
    METHOD(relu, "max(0, x)"),
    METHOD(relu_grad, "1 where x >= 0, else 0"),
    METHOD(tanh, "tanh x"),
    METHOD(as_array, "x as an array, refused in words where it cannot be one"),
    METHOD(add, "x + y"),
    METHOD(multiply, "x y"),
    METHOD(softmax, "exp(x - max x) / sum exp(x - max x)"),
    METHOD(mean_squared_error, "1/2 sum (y - t)^2"),
    METHOD(cross_entropy_error, "-1/N sum t log(y + 1e-7)"),
    METHOD(softmax_loss, "the cross-entropy error of softmax(x)"),
    METHOD(entropy, "-sum p log p"),
    METHOD(cross_entropy, "-sum p log q"),
    METHOD(affine_forward, "x W + b"),
    METHOD(affine_backward, "dx, dW, db"),
    METHOD(relu_forward, "max(0, x), x <= 0"),
    METHOD(relu_backward, "0 where mask, else dout"),
    METHOD(leaky_relu_forward, "x, or slope x where x <= 0; x <= 0"),
    METHOD(leaky_relu_backward, "slope dout where mask, else dout"),
    METHOD(sigmoid_forward, "1 / (1 + exp(-x))"),
    METHOD(sigmoid_backward, "dout (1 - out) out"),
    METHOD(tanh_forward, "tanh x"),
    METHOD(tanh_backward, "dout (1 - out^2)"),
    METHOD(softmax_with_loss, "the loss, softmax(x)"),
    METHOD(softmax_with_loss_backward, "(y - t) dout / N"),
    METHOD(identity_with_loss, "1/2 sum (x - t)^2 or that over N, x"),
    METHOD(identity_with_loss_backward, "(y - t) dout or that over N"),
    METHOD(sgd, "the parameter after a step of SGD"),
    METHOD(momentum, "the parameter after a step of Momentum"),
    METHOD(nesterov, "the parameter after a step of Nesterov"),
    METHOD(adagrad, "the parameter after a step of AdaGrad"),
    METHOD(rmsprop, "the parameter after a step of RMSprop"),
    METHOD(adam, "the parameter after a step of Adam"),
    METHOD(adamw, "the parameter after a step of AdamW"),
    METHOD(numerical_gradient, "(f(x + h e_i) - f(x - h e_i)) / 2h for every element i of x"),
    METHOD(mlp_numerical_gradient, "the same for the loss of a perceptron with these weights, without a call for each"),
    METHOD(use_kernels, "Use the set of kernels of that name."),
    METHOD(kernels, "The name of the set in use."),
    METHOD(tour, "a b by one step of the tour"),
    METHOD(tour_peak, "Multiplications and additions on registers alone."),
    METHOD(get_num_threads, "Threads that kernels use."),
    METHOD(set_num_threads, "Use n threads."),
    METHOD(conv_forward, "x correlated with the filters W, plus b"),
    METHOD(conv_backward, "dx, dW, db"),
    METHOD(conv_block_forward, "the same, then ReLU, then 2x2 max-pooling if asked for"),
    METHOD(conv_block_backward, "dx, dW, db of the three together"),
    METHOD(pool_forward, "the largest pixel of every window, and its place in the window"),
    METHOD(pool_backward, "dx"),
    METHOD(average_forward, "the mean of every window"),
    METHOD(average_backward, "dx"),
    METHOD(im2col, "every window as a row"),
    METHOD(col2im, "the sum of the windows, back in the image"),
    METHOD(batchnorm_train, "out, xc, std, running mean, running variance"),
    METHOD(batchnorm_test, "out, from the running statistics"),
    METHOD(batchnorm_backward, "dx, dgamma, dbeta"),
    METHOD(dropout, "x mask"),
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

static int
exec_module(PyObject *Py_UNUSED(module))
{
    if (PyArray_ImportNumPyAPI() < 0 || memory_init() < 0) {
        return -1;
    }
    call_init();
    const char *name = getenv("PYNN_CPU");
    name = name != NULL && name[0] != '\0' ? name : NULL;
    return dispatch_init(name) < 0 ? unknown_cpu(name) : 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec_module},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},     /* neither does NumPy */
#endif
#if PY_VERSION_HEX >= 0x030D0000
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
