/*
 * parallel.c: the pool behind parallel_for.
 *
 * A job is `chunks` pieces of work. The caller publishes it by storing that number in
 * pool.unclaimed; from then on the caller and the workers alike take one chunk at a time with one
 * atomic subtraction. That single counter carries the whole protocol:
 *
 *   - A result > 0 is a claim. The caller waits for claimed chunks and for nothing else, so the job's
 *     fields and the caller's memory stay valid for as long as any claim is open.
 *   - A result <= 0 is no claim, and the thread touches nothing. A worker that wakes late finds no
 *     work, or finds the next job's and is welcome to it; nobody waits for it in either case.
 *
 * Which chunk a claim is good for does not matter to that. The caller takes them from the front and the
 * workers from the back: so in call after call each writes the rows that its own cache holds, which
 * counts where the cores share no cache.
 *
 * What remains to go wrong on a busy machine is a worker that loses its core in the middle of a
 * chunk: the caller then waits out a time slice, some milliseconds. The caller compares how long
 * it waited with how long it worked; after a bad wait the pool goes alone for a while, longer each
 * time that a new attempt soon ends the same way.
 *
 * Between jobs workers watch the counter for some tens of microseconds, then sleep.
 */
#include "fpmode.h"
#include "parallel.h"
#include "../platform/processors.h"
#include "../platform/threads.h"

#include <stdatomic.h>

/* Times are nanoseconds. */
#define MICROSECOND INT64_C(1000)
#define MILLISECOND INT64_C(1000000)

#define WORKER_SPIN (50 * MICROSECOND) /* then an idle worker sleeps; the Python between two layers is shorter */
#define PAUSE_FOR (100 * MICROSECOND)  /* a wait keeps its core at first, then takes naps */
#define NAP (50 * MICROSECOND)
#define FAIR_WAIT (20 * MICROSECOND)   /* a join may outlast the caller's own work by this */
#define ALONE_FIRST (4 * MILLISECOND)  /* about a time slice; doubled ... */
#define ALONE_LONGEST (128 * MILLISECOND)
#define WORTH_WAITS 4                  /* ... when the pool shared work for less than so many times the wait */

#define ASK_EVERY (50 * MILLISECOND)   /* an interrupt takes the GIL, so seldom */

#define CACHE_LINE 128                 /* Apple's; elsewhere two lines, which are fetched as a pair */

struct worker {
    _Alignas(CACHE_LINE) atomic_bool asleep;
    struct lock lock;
    struct condition wake;
    struct thread thread;
};

static struct {
    /* The job. Written by the owner while no chunk is claimed, read under a claim. */
    parallel_fn fn;
    void *arg;
    ptrdiff_t n, grain, chunks;
    uint64_t mode;                                   /* the owner's way of rounding, and so the workers' */

    _Alignas(CACHE_LINE) atomic_ptrdiff_t unclaimed; /* chunks to be claimed; <= 0: none */
    _Alignas(CACHE_LINE) atomic_ptrdiff_t back;      /* one past the workers' next chunk */
    _Alignas(CACHE_LINE) atomic_ptrdiff_t finished;  /* chunks that workers have finished */

    /* Read at every look, seldom written. */
    _Alignas(CACHE_LINE) atomic_int threads; /* as set; 0 until first asked for */
    atomic_int processors;                   /* what there is to run them on */
    atomic_bool stop;                        /* workers are to return */
    atomic_bool given_up;                    /* the job was interrupted: what is left of it is not done */

    _Alignas(CACHE_LINE) atomic_bool owned;  /* by the thread inside parallel_for; what follows is the owner's */
    ptrdiff_t front;                         /* its next chunk */
    int workers;                             /* threads running, in worker[0..workers) */
    bool hooked;                             /* fork and exit handlers are registered */
    bool refused;                            /* the system refused a thread: make do with those there are */
    int64_t alone, alone_until;              /* going alone: how long, and until when */

    struct worker worker[PARALLEL_MAX_THREADS - 1];
} pool;

/* ---- waiting ---- */

static inline void
pause_core(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* One round of a wait that has lasted `waited` so far. No yielding: a sleeper is woken at once, but who yields to a
 * program in the background waits out its time slice. */
static void
relax(int64_t waited)
{
    if (waited < PAUSE_FOR) {
        for (int i = 0; i < 4; i++) {
            pause_core();
        }
    }
    else {
        take_nap(NAP);
    }
}

/* ---- interrupts ---- */

static bool (*interrupt)(void);
static _Thread_local bool is_worker, interrupted;
static _Thread_local int64_t asked;

void
parallel_set_interrupt(bool (*function)(void))
{
    interrupt = function;
}

void
parallel_forget_interrupt(void)
{
    interrupted = false;
}

bool
parallel_interrupted(void)
{
    if (is_worker) {
        return atomic_load_explicit(&pool.given_up, memory_order_relaxed);
    }
    if (!interrupted && interrupt != NULL) {
        int64_t time = about_monotonic_time();

        if (time - asked > ASK_EVERY) {
            interrupted = interrupt();
            asked = time;
        }
    }
    return interrupted;
}

/* ---- chunks ---- */

static inline bool
has_work(void)
{
    return atomic_load_explicit(&pool.unclaimed, memory_order_acquire) > 0;
}

/* Claim a chunk, the first or the last one left, and run it; false when there was none. */
static bool
run_chunk(bool first)
{
    ptrdiff_t i, begin;

    /* Looking first keeps the counter from running away below zero, and its cache line shared. */
    if (!has_work()) {
        return false;
    }
    if (atomic_fetch_sub_explicit(&pool.unclaimed, 1, memory_order_acq_rel) <= 0) {
        return false;
    }
    i = first ? pool.front++ : atomic_fetch_sub_explicit(&pool.back, 1, memory_order_relaxed) - 1;
    begin = i * pool.grain;
    set_fpmode(pool.mode);
    if (atomic_load_explicit(&pool.given_up, memory_order_relaxed)) {
        return true;
    }
    pool.fn(pool.arg, begin, i + 1 == pool.chunks ? pool.n : begin + pool.grain);
    return true;
}

static void
run_alone(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg)
{
    for (ptrdiff_t begin = 0; begin < n && (begin == 0 || !parallel_interrupted()); begin += grain) {
        fn(arg, begin, n - begin < grain ? n : begin + grain);
    }
}

/* ---- workers ---- */

/* Fewer threads than workers may be set; those beyond sleep. */
static inline bool
is_wanted(const struct worker *self)
{
    return self - pool.worker < atomic_load_explicit(&pool.threads, memory_order_relaxed) - 1;
}

static bool
spin_for_work(const struct worker *self)
{
    int64_t start = monotonic_time(), waited = 0;
    bool may_spin = atomic_load_explicit(&pool.threads, memory_order_relaxed)
                    <= atomic_load_explicit(&pool.processors, memory_order_relaxed);

    while (may_spin && waited < WORKER_SPIN && is_wanted(self) && !atomic_load(&pool.stop)) {
        if (has_work()) {
            return true;
        }
        relax(waited);
        waited = monotonic_time() - start;
    }
    return false;
}

static void
sleep_until_woken(struct worker *self)
{
    lock_take(&self->lock);
    atomic_store(&self->asleep, true);
    /* Either this sees a job published just now, or its owner sees `asleep`: both are sequentially consistent. */
    if (atomic_load(&pool.unclaimed) > 0 && is_wanted(self)) {
        atomic_store(&self->asleep, false);
    }
    while (atomic_load(&self->asleep) && !atomic_load(&pool.stop)) {
        condition_wait(&self->wake, &self->lock);
    }
    lock_give(&self->lock);
}

static void
wake(struct worker *worker)
{
    /* Held means that the worker is falling asleep, perhaps without a core: not worth waiting for. */
    if (lock_try(&worker->lock)) {
        /* Linux likes to wake a thread where its waker runs, and takes milliseconds to see that this serves neither. */
        keep_off(&worker->thread);
        atomic_store(&worker->asleep, false);
        lock_give(&worker->lock);
        condition_signal(&worker->wake);
    }
}

static void
worker_main(void *arg)
{
    struct worker *self = arg;

    is_worker = true;
    while (!atomic_load(&pool.stop)) {
        ptrdiff_t finished = 0;

        while (is_wanted(self) && run_chunk(false)) {
            finished++;
        }
        if (finished > 0) {
            atomic_fetch_add_explicit(&pool.finished, finished, memory_order_release);
        }
        if (!spin_for_work(self)) {
            sleep_until_woken(self);
        }
    }
}

static bool
own_pool(void)
{
    return !atomic_exchange_explicit(&pool.owned, true, memory_order_acquire);
}

static void
disown_pool(void)
{
    atomic_store_explicit(&pool.owned, false, memory_order_release);
}

static void
stop_workers(void)
{
    atomic_store(&pool.stop, true);
    for (int i = 0; i < pool.workers; i++) {
        lock_take(&pool.worker[i].lock);
        condition_signal(&pool.worker[i].wake);
        lock_give(&pool.worker[i].lock);
    }
    for (int i = 0; i < pool.workers; i++) {
        thread_join(&pool.worker[i].thread);
        condition_destroy(&pool.worker[i].wake);
        lock_destroy(&pool.worker[i].lock);
    }
    pool.workers = 0;
    atomic_store(&pool.stop, false);
}

/*
 * A forked child has one thread, whatever the pool believes, so workers stop before a fork and come
 * back with the next job. Where another thread is inside parallel_for, its workers go on in the
 * parent and the child forgets them.
 */
static _Thread_local bool owns_for_fork;

static void
before_fork(void)
{
    if (own_pool()) {
        owns_for_fork = true;
        stop_workers();
    }
}

static void
after_fork_in_parent(void)
{
    if (owns_for_fork) {
        owns_for_fork = false;
        disown_pool();
    }
}

static void
after_fork_in_child(void)
{
    atomic_store(&pool.unclaimed, 0);
    atomic_store(&pool.stop, false);
    pool.workers = 0;
    pool.refused = false;
    owns_for_fork = false;
    disown_pool();
}

/* No worker outlives the code and data it uses. The pool stays owned: a job of another thread runs on that thread. */
static void
at_exit(void)
{
    if (own_pool()) {
        stop_workers();
    }
}

/* Have `wanted` workers, or as many as the system grants. */
static void
start_workers(int wanted)
{
    if (!pool.hooked) {
        pool.hooked = hook_fork(before_fork, after_fork_in_parent, after_fork_in_child) && hook_exit(at_exit);
        pool.refused = !pool.hooked;
    }
    while (pool.workers < wanted && !pool.refused) {
        struct worker *worker = &pool.worker[pool.workers];

        lock_init(&worker->lock);
        condition_init(&worker->wake);
        atomic_store(&worker->asleep, false);
        worker->thread.run = worker_main;
        worker->thread.arg = worker;
        if (thread_start(&worker->thread)) {
            pool.workers++;
        }
        else {
            pool.refused = true;
        }
    }
}

/* ---- the caller ---- */

/* Wait for the workers' chunks and judge the wait by the caller's own work since `start`. */
static void
join(ptrdiff_t chunks, int64_t start)
{
    int64_t worked, waited = 0;

    if (atomic_load_explicit(&pool.finished, memory_order_acquire) == chunks) {
        return;
    }
    worked = monotonic_time() - start;
    do {
        relax(waited);
        if (parallel_interrupted()) {
            atomic_store(&pool.given_up, true);
        }
        waited = monotonic_time() - start - worked;
    } while (atomic_load_explicit(&pool.finished, memory_order_acquire) != chunks);

    if (waited > worked + FAIR_WAIT) {
        /* Had the workers been of use for long enough to be worth this wait? */
        bool of_use = start - pool.alone_until > WORTH_WAITS * waited;

        pool.alone = of_use ? ALONE_FIRST : 2 * pool.alone < ALONE_LONGEST ? 2 * pool.alone : ALONE_LONGEST;
        pool.alone_until = start + worked + waited + pool.alone;
    }
}

static void
run_job(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg, int helpers, int64_t start)
{
    ptrdiff_t chunks = (n - 1) / grain + 1, own = 0;
    int called = 0;

    pool.fn = fn;
    pool.arg = arg;
    pool.n = n;
    pool.grain = grain;
    pool.chunks = chunks;
    pool.front = 0;
    pool.mode = fpmode();
    atomic_store_explicit(&pool.back, chunks, memory_order_relaxed);
    atomic_store_explicit(&pool.finished, 0, memory_order_relaxed);
    atomic_store_explicit(&pool.given_up, false, memory_order_relaxed);
    atomic_store(&pool.unclaimed, chunks);

    do {
        /* Waking a thread costs about as much as a chunk: a few at a time, and no more than there are chunks for. */
        for (int i = 0; i < 4 && called < helpers && called + 1 < chunks - own; i++, called++) {
            if (atomic_load(&pool.worker[called].asleep)) {
                wake(&pool.worker[called]);
            }
        }
        if (own > 0 && parallel_interrupted()) {
            atomic_store_explicit(&pool.given_up, true, memory_order_relaxed);
        }
    } while (run_chunk(true) && ++own);
    join(chunks - own, start);
}

void
parallel_for(ptrdiff_t n, ptrdiff_t grain, parallel_fn fn, void *arg)
{
    int helpers = parallel_num_threads() - 1;

    if (helpers == 0 || n <= grain || !own_pool()) {
        run_alone(n, grain, fn, arg);
        return;
    }
    if (pool.workers < helpers && !pool.refused) {
        start_workers(helpers);
    }
    if (helpers > pool.workers) {
        helpers = pool.workers;
    }
    int64_t start = monotonic_time();

    if (helpers == 0 || start < pool.alone_until) {
        run_alone(n, grain, fn, arg);
    }
    else {
        run_job(n, grain, fn, arg, helpers, start);
    }
    disown_pool();
}

static ptrdiff_t
ceil_div(ptrdiff_t n, ptrdiff_t by)
{
    return (n - 1) / by + 1;
}

/* A few chunks fewer may come out more even. */
ptrdiff_t
even_grain(ptrdiff_t n, ptrdiff_t unit, ptrdiff_t each)
{
    const ptrdiff_t threads = parallel_num_threads();
    ptrdiff_t grain = n, least = PTRDIFF_MAX;

    for (ptrdiff_t fewer = each; fewer > 0 && fewer > each - 4; fewer--) {
        ptrdiff_t g = ceil_div(ceil_div(n, fewer * threads), unit) * unit;
        ptrdiff_t share = ceil_div(ceil_div(n, g), threads) * g;

        if (share < least) {
            grain = g;
            least = share;
        }
    }
    return grain;
}

static int
clip(int n)
{
    return n < 1 ? 1 : n > PARALLEL_MAX_THREADS ? PARALLEL_MAX_THREADS : n;
}

int
parallel_num_threads(void)
{
    int threads = atomic_load_explicit(&pool.threads, memory_order_relaxed);

    if (threads == 0) {
        int processors = count_processors();

        atomic_store(&pool.processors, processors);
        if (atomic_compare_exchange_strong(&pool.threads, &threads, clip(processors))) {
            threads = clip(processors);
        }
    }
    return threads;
}

void
parallel_set_num_threads(int n)
{
    parallel_num_threads(); /* counts the processors */
    atomic_store(&pool.threads, clip(n));
}
