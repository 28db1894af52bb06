/*
 * parallel_bench.c: what a fork-join costs, on an idle machine and with a busy loop pinned to each core. Linux only.
 *
 *     cc -O2 -std=gnu11 -Icsrc/kernels tests/c/parallel_bench.c csrc/kernels/parallel.c csrc/platform/processors_*.c -lpthread
 *     ./a.out [threads [work_us [chunk_us [gap_us]]]]
 *
 * Each line is one pool: median, 90th and 99th percentile and mean of a job's time in us, and the ratio of the median
 * to the plain loop's on an idle machine. `spin` is the textbook pool, an equal share for every thread and a spin
 * barrier, for contrast. The gap is the caller's own work between two jobs.
 */
#define _GNU_SOURCE
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_JOBS = 200000 };

static int64_t chunk_rounds, gap_rounds;
static ptrdiff_t chunks;
static int threads;

static int64_t
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* A dependent chain of additions: takes a core's time and nothing else. */
static void
compute(int64_t rounds)
{
    double x = 0;

    for (int64_t i = 0; i < rounds; i++) {
        x += 1.0;
        __asm__ volatile("" : "+x"(x));
    }
}

static void
work(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    (void)arg;
    for (ptrdiff_t i = begin; i < end; i++) {
        compute(chunk_rounds);
    }
}

/* ---- the pools ---- */

static void
job_plain(void)
{
    work(NULL, 0, chunks);
}

static void
job_parallel(void)
{
    parallel_for(chunks, 1, work, NULL);
}

static atomic_int spin_generation, spin_done;

static void *
spin_worker(void *arg)
{
    ptrdiff_t id = (ptrdiff_t)arg;

    for (int seen = 0;;) {
        while (atomic_load(&spin_generation) == seen) {
            __asm__ volatile("" ::: "memory");
        }
        seen++;
        work(NULL, chunks * id / threads, chunks * (id + 1) / threads);
        atomic_fetch_add(&spin_done, 1);
    }
    return NULL;
}

static void
job_spin(void)
{
    atomic_store(&spin_done, 0);
    atomic_fetch_add(&spin_generation, 1);
    work(NULL, 0, chunks / threads);
    while (atomic_load(&spin_done) != threads - 1) {
        __asm__ volatile("" ::: "memory");
    }
}

/* ---- measuring ---- */

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void
measure(const char *name, void (*job)(void), const char *load)
{
    static int64_t times[MAX_JOBS];
    static double plain; /* the first median: of the plain loop on an idle machine */
    int64_t end = now() + INT64_C(2000000000), sum = 0;
    int count = 0;

    while (now() < end && count < MAX_JOBS) {
        int64_t start = now();

        job();
        times[count] = now() - start;
        sum += times[count++];
        compute(gap_rounds);
    }
    qsort(times, count, sizeof(*times), by_value);
    double median = times[count / 2] / 1e3;
    plain = plain > 0 ? plain : median;
    printf("  %-10s %-12s %10.1f %10.1f %10.1f %10.1f %10.2f\n", name, load, median, times[(int)(count * .9)] / 1e3,
           times[(int)(count * .99)] / 1e3, sum / 1e3 / count, median / plain);
    fflush(stdout);
}

static pid_t
start_busy_loop(int core)
{
    pid_t child = fork();

    if (child == 0) {
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(core, &set);
        sched_setaffinity(0, sizeof(set), &set);
        for (;;) {
            __asm__ volatile("" ::: "memory");
        }
    }
    usleep(100000);
    return child;
}

static void
measure_idle_and_busy(const char *name, void (*job)(void))
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    measure(name, job, "idle");
    for (long core = 0; core < cores; core++) {
        pid_t busy = start_busy_loop((int)core);
        char load[32];

        snprintf(load, sizeof(load), "busy core %ld", core);
        measure(name, job, load);
        kill(busy, SIGKILL);
        waitpid(busy, NULL, 0);
    }
}

int
main(int argc, char **argv)
{
    double work_us = argc > 2 ? atof(argv[2]) : 100, chunk_us = argc > 3 ? atof(argv[3]) : 6;
    double gap_us = argc > 4 ? atof(argv[4]) : 10, per_us = 0;

    threads = argc > 1 ? atoi(argv[1]) : parallel_num_threads();
    parallel_set_num_threads(threads);
    for (int i = 0; i < 20; i++) { /* the fastest of twenty: the machine may be busy now */
        int64_t start = now();

        compute(100000);
        double rate = 100000 / ((now() - start) / 1e3);
        per_us = rate > per_us ? rate : per_us;
    }
    chunk_rounds = (int64_t)(chunk_us * per_us);
    gap_rounds = (int64_t)(gap_us * per_us);
    chunks = (ptrdiff_t)(work_us / chunk_us + 0.5);
    printf("%d threads, %td chunks of %g us, %g us between jobs; times in us\n", threads, chunks, chunk_us, gap_us);
    printf("  %-10s %-12s %10s %10s %10s %10s %10s\n", "pool", "load", "median", "90 %", "99 %", "mean", "ratio");

    measure_idle_and_busy("plain", job_plain);
    measure_idle_and_busy("parallel", job_parallel);

    for (ptrdiff_t i = 1; i < threads; i++) { /* last, because these never stop */
        pthread_t thread;

        if (pthread_create(&thread, NULL, spin_worker, (void *)i) != 0) {
            return 1;
        }
    }
    measure_idle_and_busy("spin", job_spin);
    return 0;
}
