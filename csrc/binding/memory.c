#include "call.h"
#include "memory.h"
#include "../kernels/dispatch.h"
#include "../platform/memory.h"
#include "../platform/symbols.h"
#include "../platform/threads.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* NumPy lets every array bring its own allocator (NEP 49). Ours keeps what an array gives back and hands it to the next
 * one of about that size. A buffer is kept only after its array is gone, so no two arrays ever share one. */

#define ALIGNMENT 64
#define KEPT_BYTES ((size_t)256 << 20)          /* kept at most, in all */
#define LARGEST ((size_t)64 << 20)              /* one that large is not kept */

/* Stands right before the numbers. */
struct header {
    size_t size;                                /* of the numbers, rounded up to the size of its class */
    struct header *next;                        /* while it is kept */
    char padding[ALIGNMENT - sizeof(size_t) - sizeof(struct header *)];
};

/* Classes of sizes: multiples of 64 bytes to 1 KiB, then eight to every doubling, so that at most an eighth is wasted. */
#define SMALL_CLASSES 16
#define CLASSES (SMALL_CLASSES + 8 * 16)

static struct header *kept[CLASSES];
static size_t kept_bytes;
static atomic_flag lock = ATOMIC_FLAG_INIT;     /* for interpreters without a GIL; held for a few instructions */

static void
acquire(void)
{
    while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
    }
}

static void
release(void)
{
    atomic_flag_clear_explicit(&lock, memory_order_release);
}

/* A forked child must not find the lock held by a thread that it lacks. Asked once, whatever becomes of the import: held twice,
 * the lock would never come free. */
static int
hold_over_forks(void)
{
    static bool held;
    held = held || hook_fork(acquire, release, release);
    return held ? 0 : -1;
}

/* The class that holds `*size` bytes, which becomes the size of its buffers; -1 if there is none. */
static int
class_of(size_t *size)
{
    if (*size <= 1024) {
        const size_t units = *size <= ALIGNMENT ? 1 : (*size + ALIGNMENT - 1) / ALIGNMENT;
        *size = units * ALIGNMENT;
        return (int)units - 1;
    }
    if (*size > LARGEST) {
        *size = (*size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return -1;
    }
    const int octave = 63 - __builtin_clzll((unsigned long long)*size - 1);     /* 2^octave < size <= 2^(octave + 1) */
    const size_t step = (size_t)1 << (octave - 3);
    const size_t eighth = (*size - ((size_t)1 << octave) + step - 1) / step;    /* 1 .. 8 */
    *size = ((size_t)1 << octave) + eighth * step;
    return SMALL_CLASSES + (octave - 10) * 8 + (int)eighth - 1;
}

static void *
take(void *Py_UNUSED(context), size_t size)
{
    const int class = class_of(&size);
    struct header *buffer = NULL;
    if (class >= 0) {
        acquire();
        buffer = kept[class];
        if (buffer != NULL) {
            kept[class] = buffer->next;
            kept_bytes -= size;
        }
        release();
    }
    if (buffer == NULL) {
        buffer = size > SIZE_MAX - ALIGNMENT ? NULL : aligned_take(ALIGNMENT, sizeof(struct header) + size);
        if (buffer == NULL) {
            return NULL;
        }
        buffer->size = size;
    }
    return buffer + 1;
}

/* Gives everything that is kept back to the system. Called with the lock. */
static void
empty(void)
{
    for (int i = 0; i < CLASSES; i++) {
        while (kept[i] != NULL) {
            struct header *buffer = kept[i];
            kept[i] = buffer->next;
            aligned_give_back(buffer);
        }
    }
    kept_bytes = 0;
}

static void
give_back(void *Py_UNUSED(context), void *numbers, size_t Py_UNUSED(size))
{
    if (numbers == NULL) {
        return;
    }
    struct header *buffer = (struct header *)numbers - 1;
    size_t size = buffer->size;
    const int class = class_of(&size);
    if (class < 0) {
        aligned_give_back(buffer);
        return;
    }
    acquire();
    if (kept_bytes + size > KEPT_BYTES) {       /* whoever works with other sizes now should not pay for the old ones */
        empty();
    }
    buffer->next = kept[class];
    kept[class] = buffer;
    kept_bytes += size;
    release();
}

static void *
take_zeros(void *context, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        return NULL;
    }
    void *numbers = take(context, n * size);
    return numbers == NULL ? NULL : memset(numbers, 0, n * size);
}

/* For ndarray.resize. */
static void *
take_again(void *context, void *numbers, size_t size)
{
    void *moved = take(context, size);
    if (moved != NULL && numbers != NULL) {
        const size_t old = ((struct header *)numbers - 1)->size;
        memcpy(moved, numbers, old < size ? old : size);
        give_back(context, numbers, old);
    }
    return moved;
}

static PyDataMem_Handler handler = {"pynn", 1, {NULL, take, take_zeros, take_again, give_back}};
static PyObject *capsule;                       /* of the handler, as NumPy wants it */
static PyArray_Descr *float_descr, *double_descr;

/* PyTraceMalloc_Track, where this Python has it: the stable ABI lacks it. */
static int (*track)(unsigned domain, uintptr_t address, size_t size);
#define NUMPY_DOMAIN 389047                     /* NumPy untracks there what it frees */

/* The library that Python is, where the system asks for that. Borrowed from sys for as long as Python lives. */
static void *
python_library(void)
{
    PyObject *handle = PySys_GetObject("dllhandle");
    return handle == NULL ? NULL : PyLong_AsVoidPtr(handle);
}

int
memory_init(void)
{
    if (hold_over_forks() != 0) {
        PyErr_NoMemory();
        return -1;
    }
    if (capsule == NULL) {
        track = find_symbol(python_library(), "PyTraceMalloc_Track");
        capsule = PyCapsule_New(&handler, "mem_handler", NULL);
        float_descr = PyArray_DescrFromType(NPY_FLOAT);
        double_descr = PyArray_DescrFromType(NPY_DOUBLE);
    }
    return capsule == NULL ? -1 : 0;
}

/* What most results are is at hand. A new reference, or NULL. */
static PyArray_Descr *
descr_of(int typenum)
{
    PyArray_Descr *descr = typenum == NPY_FLOAT ? float_descr : typenum == NPY_DOUBLE ? double_descr : NULL;
    return descr == NULL ? PyArray_DescrFromType(typenum) : (PyArray_Descr *)Py_NewRef((PyObject *)descr);
}

PyArrayObject *
allocate_array(const char *func, int ndim, const npy_intp *dims, int typenum)
{
    PyArray_Descr *descr = descr_of(typenum);
    if (descr == NULL) {
        return NULL;
    }
    npy_intp size = PyDataType_ELSIZE(descr);
    int overflow = 0;
    for (int i = 0; i < ndim; i++) {
        overflow |= __builtin_mul_overflow(size, dims[i], &size);
    }
    void *data = overflow ? NULL : take(NULL, (size_t)size);
    if (data == NULL) {
        Py_DECREF(descr);
        return no_memory(func, ndim, dims, typenum);
    }
    PyArrayObject *array = (PyArrayObject *)PyArray_NewFromDescr(&PyArray_Type, descr, ndim, dims, NULL, data,
                                                                 NPY_ARRAY_CARRAY, NULL);
    if (array == NULL) {
        give_back(NULL, data, (size_t)size);
        return NULL;
    }
    if (track != NULL) {
        track(NUMPY_DOMAIN, (uintptr_t)data, (size_t)size);
    }
    ((PyArrayObject_fields *)array)->mem_handler = Py_NewRef(capsule);
    PyArray_ENABLEFLAGS(array, NPY_ARRAY_OWNDATA);
    return array;
}

PyArrayObject *
copy_array(const char *func, PyArrayObject *x, int typenum)
{
    PyArrayObject *copy = allocate_array(func, PyArray_NDIM(x), PyArray_DIMS(x), typenum);
    if (copy == NULL) {
        return NULL;
    }
    if (PyArray_TYPE(x) == typenum && PyArray_ISCARRAY_RO(x)) {
        memcpy(PyArray_DATA(copy), PyArray_DATA(x), (size_t)PyArray_NBYTES(x));
    }
    else if (PyArray_TYPE(x) == NPY_FLOAT && typenum == NPY_DOUBLE && PyArray_ISCARRAY_RO(x)) {
        struct elementwise_args e = {PyArray_DATA(x), PyArray_DATA(copy)};
        run(kernels_in_use(1)->widen, &e, PyArray_SIZE(x), 1);
    }
    else {
        PyArray_CopyInto(copy, x);
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(copy);
    }
    return copy;
}
