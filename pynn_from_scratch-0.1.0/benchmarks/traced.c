/*
 * traced.c: parallel.c with a record of what it is asked to do. build.py puts it in the place of parallel.c, beside the
 * original under the name pool.h, and builds a copy of pynn that only the benchmarks load.
 */
#define parallel_for pool_for
#include "pool.h"
#undef parallel_for

#define VISIBLE __attribute__((visibility("default")))

void parallel_for(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg);
VISIBLE void trace_start(int64_t *memory, ptrdiff_t places);
VISIBLE ptrdiff_t trace_stop(void);
VISIBLE void time_jobs(ptrdiff_t jobs, ptrdiff_t chunks, int64_t work, int64_t pause, int64_t *times);

/* ---- a trace: the chunks that the pool would share, run one after the other ---- */

static int64_t *notes; /* NULL: nothing is traced */
static ptrdiff_t noted, room;
static int64_t region_end;
static bool inside;

static void
note(int64_t value)
{
    if (noted < room) {
        notes[noted] = value;
    }
    noted++;
}

/* For each region: how many chunks, the nanoseconds since the region before, and those of each chunk. */
void
parallel_for(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg)
{
    if (notes == NULL || inside || n <= grain || parallel_num_threads() == 1) {
        pool_for(n, grain, fn, arg);
        return;
    }
    inside = true;
    note((n - 1) / grain + 1);
    note(monotonic_time() - region_end);
    for (ptrdiff_t begin = 0; begin < n; begin += grain) {
        int64_t start = monotonic_time();

        fn(arg, begin, n - begin < grain ? n : begin + grain);
        note(monotonic_time() - start);
    }
    region_end = monotonic_time();
    inside = false;
}

void
trace_start(int64_t *memory, ptrdiff_t places)
{
    notes = memory;
    room = places;
    noted = 0;
    region_end = monotonic_time();
}

/* The last note is what passed since the last region; returns how many notes there are, more than there was room for if so. */
ptrdiff_t
trace_stop(void)
{
    note(monotonic_time() - region_end);
    notes = NULL;
    return noted;
}

/* ---- what the pool costs ---- */

struct job {
    int64_t work;                               /* of a chunk */
    int64_t own, others;                        /* when the caller and a worker began their first chunks */
    _Alignas(CACHE_LINE) int64_t own_end, others_end;
};

static void
wait_until(int64_t time)
{
    while (monotonic_time() < time) {
        pause_core();
    }
}

static void
timed_chunk(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    struct job *job = arg;
    int64_t time = monotonic_time(), *first = is_worker ? &job->others : &job->own;

    (void)begin;
    (void)end;
    if (*first == 0) {
        *first = time;
    }
    if (job->work > 0) {
        wait_until(time + job->work);
    }
    *(is_worker ? &job->others_end : &job->own_end) = monotonic_time();
}

static void
empty_chunk(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    (void)arg;
    (void)begin;
    (void)end;
}

/*
 * Jobs of chunks that last `work`, each after `pause`, for two threads. Of each job five times since it was published: when the
 * caller and the worker began, when they ended, and when the caller had joined; 0 where the worker took no part.
 * With no work, the last alone.
 */
void
time_jobs(ptrdiff_t jobs, ptrdiff_t chunks, int64_t work, int64_t pause, int64_t *times)
{
    for (ptrdiff_t i = 0; i < jobs; i++, times += 5) {
        struct job job = {.work = work};
        int64_t start;

        wait_until(monotonic_time() + pause);
        start = monotonic_time();
        pool_for(chunks, 1, work > 0 ? timed_chunk : empty_chunk, &job);
        times[4] = monotonic_time() - start;
        times[0] = job.own > 0 ? job.own - start : 0;
        times[1] = job.others > 0 ? job.others - start : 0;
        times[2] = job.own_end > 0 ? job.own_end - start : 0;
        times[3] = job.others_end > 0 ? job.others_end - start : 0;
    }
}
