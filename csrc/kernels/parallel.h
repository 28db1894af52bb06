/* Fork-join over a small pool of threads: one loop shared by whoever has a core to run it. */
#ifndef PYNN_PARALLEL_H
#define PYNN_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

#define PARALLEL_MAX_THREADS 128

typedef void (*parallel_fn)(void *arg, ptrdiff_t begin, ptrdiff_t end);

/*
 * Call fn(arg, begin, end) once for every chunk [k*grain, min(n, (k+1)*grain)) of [0, n), in any
 * order and on any thread, and return when all have run. n <= 0 calls nothing; grain is at least 1.
 *
 * The chunks depend on n and grain alone, not on which thread runs them: a kernel whose chunks are
 * independent gives bit-identical results for any number. They also bound what a busy machine can
 * do to the caller (parallel.c), so let a chunk be some 3 to 20 us of work.
 *
 * All chunks run on the calling thread when there is only one, when one thread is set, when the
 * pool is serving another thread (a call from inside fn included) and while it is going alone.
 * Never fails: a machine that refuses a thread is served by those there are. An interrupt, if one is set, may end it early.
 */
void parallel_for(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg);

/* The length of chunks, a multiple of `unit`, that gives each thread about `each` of them, which is 1 or more, and all threads equal
 * shares: so each meets in call after call the memory that its own cache holds. */
ptrdiff_t even_grain(ptrdiff_t n, ptrdiff_t unit, ptrdiff_t each);

/*
 * Have the threads that call parallel_for ask now and then whether to give up: where `interrupt` says so, chunks that have
 * not begun are left out.
 */
void parallel_set_interrupt(bool (*interrupt)(void));

/* Whether what the calling thread works on was given up. For chunks that take long: they may return at once. It stays so
 * until the thread that was told to give up says that it has. */
bool parallel_interrupted(void);
void parallel_forget_interrupt(void);
#define LONG_WORK 131072        /* multiplications that are worth that question */

/* Threads in use, the caller included. At first the processors this process may run on. */
int parallel_num_threads(void);

/* n is clipped to 1..PARALLEL_MAX_THREADS. Takes effect at the next parallel_for. */
void parallel_set_num_threads(int n);

#endif
