/* stress.h: the pool, included with a hand between it and the system, and jobs that watch what it does. */
#ifndef PYNN_STRESS_H
#define PYNN_STRESS_H

#include <pthread.h>

static int create_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg);
#define pthread_create create_thread
#include "../../csrc/kernels/parallel.c"
#undef pthread_create

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif

static void
nap(int us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * MICROSECOND}, NULL);
}

/* ---- the system ---- */

static int grant = PARALLEL_MAX_THREADS; /* threads that it has left */
static atomic_bool gate_is_shut;         /* new threads get no core until it opens */

static void *
start_late(void *arg)
{
    while (atomic_load(&gate_is_shut)) {
        nap(100);
    }
    return thread_main(arg);
}

static int
create_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg)
{
    CHECK(main == thread_main);
    return grant-- > 0 ? pthread_create(thread, attr, start_late, arg) : EAGAIN;
}

/* Run `main` in a child, which leaves through the exit handler. */
static void
in_child(void (*main)(void))
{
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        alarm(60); /* not inherited */
        main();
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- jobs ---- */

enum { CELLS = 4096, ALIVE = 0x600d, DEAD = 0xdead };

struct job {
    int state;
    ptrdiff_t n, grain;
    int seen[CELLS]; /* by chunk: times run */
    double out[CELLS];
};

static void
visit(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    struct job *job = arg;

    CHECK(job->state == ALIVE);
    CHECK(begin >= 0 && begin < job->n && begin % job->grain == 0);
    CHECK(end == (job->n - begin < job->grain ? job->n : begin + job->grain));
    job->seen[begin / job->grain]++;
    for (ptrdiff_t i = begin; i < end; i++) {
        job->out[i] += (double)i;
    }
}

/* Every chunk once, by then visible to the caller, and nobody comes back later for memory that is gone. */
static void
run_and_check(struct job *job, ptrdiff_t n, ptrdiff_t grain)
{
    *job = (struct job){.state = ALIVE, .n = n, .grain = grain};
    parallel_for(n, grain, visit, job);
    job->state = DEAD;
    for (ptrdiff_t i = 0; i < n; i++) {
        CHECK(job->out[i] == (double)i);
    }
    for (ptrdiff_t chunk = 0; chunk < CELLS; chunk++) {
        CHECK(job->seen[chunk] == (n > 0 && chunk <= (n - 1) / grain));
    }
}

static _Thread_local bool is_caller;
static atomic_int by_workers, by_caller;
static atomic_bool gate_is_open;

static void
count_side(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    (void)arg, (void)begin, (void)end;
    atomic_fetch_add(is_caller ? &by_caller : &by_workers, 1);
    nap(50);
}

/* Jobs until a worker has taken a part in one; false if none does. */
static bool
is_shared(void)
{
    is_caller = true;
    atomic_store(&by_workers, 0);
    for (int i = 0; i < 2000 && atomic_load(&by_workers) == 0; i++) {
        parallel_for(16, 1, count_side, NULL);
    }
    return atomic_load(&by_workers) > 0;
}

#endif
