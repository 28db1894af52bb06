/*
 * parallel_stress.c: the pool under everything that may happen to it.
 *
 *     cc -g -O1 -std=gnu11 -fsanitize=thread tests/c/parallel_stress.c csrc/platform/processors_*.c -lpthread
 *     ./a.out [test ...]
 *
 * Prints each test as it passes; a failed check names its line and aborts, and an alarm ends what hangs.
 */
#include "stress.h"

static void
test_chunks(void)
{
    static const ptrdiff_t sizes[] = {-1, 0, 1, 2, 3, 7, 64, 65, 1000, CELLS};
    static struct job job;

    for (int threads = 1; threads <= 6; threads++) {
        parallel_set_num_threads(threads);
        CHECK(parallel_num_threads() == threads);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
            for (ptrdiff_t grain = 1; grain < 2 * CELLS; grain = 2 * grain + 1) {
                run_and_check(&job, sizes[i], grain);
            }
        }
    }
}

/* Many short jobs: workers come late to most of them. */
static void
test_late(void)
{
    for (int threads = 2; threads <= 4; threads++) {
        parallel_set_num_threads(threads);
        for (int i = 0; i < 5000; i++) {
            struct job job;

            run_and_check(&job, 1 + i % 50, 1 + i % 3);
            if (i % 100 == 0) {
                nap(i % 200);
            }
        }
    }
}

static void
nest(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    struct job job;

    (void)arg;
    run_and_check(&job, 10 + begin, end - begin);
}

static void
test_nested(void)
{
    parallel_set_num_threads(3);
    for (int i = 0; i < 50; i++) {
        parallel_for(40, 1, nest, NULL);
    }
}

static void *
call_often(void *arg)
{
    struct job job;

    for (int i = 0; i < 1000; i++) {
        run_and_check(&job, 1 + i % 300, 1 + i % 7);
    }
    return arg;
}

static void
start_callers(pthread_t *callers, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK(pthread_create(&callers[i], NULL, call_often, NULL) == 0);
    }
}

static void
join_callers(pthread_t *callers, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK(pthread_join(callers[i], NULL) == 0);
    }
}

/* Several threads call at once while another changes the number of threads. */
static void
test_concurrent(void)
{
    pthread_t callers[4];

    start_callers(callers, 4);
    for (int i = 0; i < 300; i++) {
        parallel_set_num_threads(1 + i % 5);
        nap(20);
    }
    join_callers(callers, 4);
}

static atomic_int holders;

static void
hold(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    (void)arg, (void)begin, (void)end;
    atomic_fetch_add(&holders, 1);
    while (!atomic_load(&gate_is_open)) {
        nap(100);
    }
}

static void *
call_and_hold(void *arg)
{
    parallel_for(8, 1, hold, NULL);
    return arg;
}

/* While one thread's job goes on, another's is served. */
static void
test_busy_pool_serves(void)
{
    pthread_t holder;
    static struct job job;

    parallel_set_num_threads(2);
    atomic_store(&gate_is_open, false);
    CHECK(pthread_create(&holder, NULL, call_and_hold, NULL) == 0);
    while (!atomic_load(&pool.owned)) {
        nap(100);
    }
    run_and_check(&job, 100, 1);
    atomic_store(&gate_is_open, true);
    CHECK(pthread_join(holder, NULL) == 0);
}

/* Workers that a smaller number leaves over take no chunk, awake or not. */
static void
test_smaller_number(void)
{
    pthread_t holder;

    parallel_set_num_threads(5);
    CHECK(is_shared() && pool.workers >= 4);
    parallel_set_num_threads(2);
    atomic_store(&gate_is_open, false);
    atomic_store(&holders, 0);
    CHECK(pthread_create(&holder, NULL, call_and_hold, NULL) == 0);
    while (atomic_load(&holders) == 0) {
        nap(100);
    }
    for (int i = 0; i < pool.workers; i++) {
        wake(&pool.worker[i]);
    }
    nap(20000);
    CHECK(atomic_load(&holders) <= 2);
    atomic_store(&gate_is_open, true);
    CHECK(pthread_join(holder, NULL) == 0);
}

static void
test_clipped(void)
{
    parallel_set_num_threads(-3);
    CHECK(parallel_num_threads() == 1);
    parallel_set_num_threads(PARALLEL_MAX_THREADS + 1);
    CHECK(parallel_num_threads() == PARALLEL_MAX_THREADS);
}

/* Without work every worker ends up asleep, also those that a smaller number leaves over. */
static void
test_idle_sleeps(void)
{
    static struct job job;

    for (int threads = 4; threads >= 1; threads--) {
        parallel_set_num_threads(threads);
        run_and_check(&job, 1000, 1);
        for (int i = 0; i < pool.workers; i++) {
            while (!atomic_load(&pool.worker[i].asleep)) {
                nap(100);
            }
        }
    }
    CHECK(pool.workers >= 3);
}

static void
check_signals(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    sigset_t mask;

    if (!is_caller) {
        CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
        CHECK(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGALRM) == 1);
        CHECK(sigismember(&mask, SIGSEGV) == 0 && sigismember(&mask, SIGABRT) == 0);
    }
    count_side(arg, begin, end);
}

/* Ctrl-C goes to the caller, whose own mask is as before. */
static void
test_signals(void)
{
    sigset_t mask;

    parallel_set_num_threads(2);
    is_caller = true;
    atomic_store(&by_workers, 0);
    while (atomic_load(&by_workers) == 0) {
        parallel_for(16, 1, check_signals, NULL);
    }
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
    CHECK(sigismember(&mask, SIGINT) == 0);
}

static void
compute(void)
{
    static struct job job;

    run_and_check(&job, CELLS, 8);
    CHECK(is_shared());
}

/* Parent and child both have a whole pool, and the parent has no thread but its own at the fork. */
static void
test_fork(void)
{
    parallel_set_num_threads(3);
    for (int i = 0; i < 10; i++) {
        compute();
        in_child(compute);
    }
}

/* The same while other threads use the pool. */
static void
test_fork_of_busy(void)
{
#ifdef THREAD_SANITIZER /* which gives up on a fork of several threads */
    return;
#endif
    pthread_t callers[2];

    parallel_set_num_threads(3);
    start_callers(callers, 2);
    for (int i = 0; i < 10; i++) {
        in_child(compute);
    }
    join_callers(callers, 2);
    CHECK(is_shared());
}

static void
compute_with_refusals(void)
{
    static struct job job;
    int granted = grant;

    parallel_set_num_threads(4);
    for (int i = 0; i < 100; i++) {
        run_and_check(&job, 1000, 3);
    }
    CHECK(pool.workers == granted && grant == -1); /* asked once more than granted, not at every job */
    CHECK(is_shared() == (granted > 0));
}

/* The system grants fewer threads than are set, or none at all. */
static void
test_refused(void)
{
    for (grant = 0; grant <= 1; grant++) {
        in_child(compute_with_refusals);
    }
    grant = PARALLEL_MAX_THREADS;
}

static void
compute_before_start(void)
{
    static struct job job;

    atomic_store(&gate_is_shut, true);
    parallel_set_num_threads(2);
    run_and_check(&job, 100, 1);
    CHECK(pool.workers == 1);
    atomic_store(&gate_is_shut, false);
}

/* A worker that has no core yet is not waited for. */
static void
test_unstarted_worker(void)
{
    in_child(compute_before_start);
}

static void
lose_core(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    const int64_t *published = arg;
    int64_t taken = monotonic_time();

    (void)begin, (void)end;
    if (is_caller) { /* works until the worker has a chunk too */
        while (!atomic_load(&gate_is_open) && monotonic_time() - taken < 1000 * MILLISECOND) {
            nap(10);
        }
    }
    else { /* takes much longer than the caller did */
        atomic_store(&gate_is_open, true);
        while (monotonic_time() - taken < 2 * (taken - *published) + 100 * MILLISECOND) {
            nap(1000);
        }
    }
}

/* How long the pool goes alone when a worker loses its core, having gone alone for `alone` until `since` ago. */
static int64_t
alone_after(int64_t alone, int64_t since)
{
    int64_t published;

    is_caller = true;
    do { /* again where the worker came too late to be missed */
        atomic_store(&gate_is_open, false);
        published = monotonic_time();
        pool.alone = alone;
        pool.alone_until = published - since;
        parallel_for(2, 1, lose_core, &published);
    } while (pool.alone_until == published - since);
    return pool.alone;
}

/* After a join much longer than the work the pool goes alone, ever longer if that happens again, then tries anew. */
static void
test_backs_off(void)
{
    const int64_t long_ago = 100000 * MILLISECOND;

    parallel_set_num_threads(2);
    CHECK(is_shared());
    CHECK(alone_after(0, long_ago) == ALONE_FIRST);
    CHECK(alone_after(ALONE_LONGEST, long_ago) == ALONE_FIRST);
    CHECK(alone_after(ALONE_FIRST, 0) == 2 * ALONE_FIRST);
    CHECK(alone_after(ALONE_LONGEST, 0) == ALONE_LONGEST);

    pool.alone_until = monotonic_time() + 1000 * MILLISECOND;
    atomic_store(&by_workers, 0);
    atomic_store(&by_caller, 0);
    parallel_for(4, 1, count_side, NULL);
    CHECK(atomic_load(&by_workers) == 0 && atomic_load(&by_caller) == 4);
    pool.alone_until = monotonic_time();
    CHECK(is_shared());
}

static void *
exit_soon(void *arg)
{
    (void)arg;
    usleep(20000);
    exit(0);
}

static void
compute_until_exit(void)
{
    static struct job job;
    pthread_t thread;

    parallel_set_num_threads(3);
    CHECK(pthread_create(&thread, NULL, exit_soon, NULL) == 0);
    for (;;) {
        run_and_check(&job, 1000, 10);
    }
}

/* Another thread ends the process in the middle of a job. */
static void
test_exit(void)
{
    in_child(compute_until_exit);
}

#define TEST(name) {#name, test_##name}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    TEST(refused), TEST(unstarted_worker), TEST(chunks), TEST(late), TEST(nested), TEST(concurrent),
    TEST(busy_pool_serves), TEST(clipped), TEST(smaller_number), TEST(idle_sleeps), TEST(signals), TEST(backs_off),
    TEST(fork), TEST(fork_of_busy), TEST(exit),
};

int
main(int argc, char **argv)
{
    alarm(240);
    CHECK(parallel_num_threads() >= 1 && parallel_num_threads() <= count_processors());
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        bool chosen = argc == 1;

        for (int j = 1; j < argc; j++) {
            chosen = chosen || strcmp(argv[j], tests[i].name) == 0;
        }
        if (chosen) {
            tests[i].run();
            printf("%s passed\n", tests[i].name);
            fflush(stdout);
        }
    }
    return 0;
}
