/*
 * parallel_stress.c: the pool under everything that may happen to it.
 *
 *     cc -g -O1 -std=gnu11 -fsanitize=thread tests/c/parallel_stress.c csrc/kernels/processors.c -lpthread
 *     ./a.out [test ...]
 *
 * Includes the pool itself, to read its state and to stand between it and the system. Prints each
 * test as it passes; a failed check names its line and aborts, and an alarm ends what hangs.
 */
#include <pthread.h>

static int create_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg);
#define pthread_create create_thread
#include "../../csrc/kernels/parallel.c"
#undef pthread_create

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            abort();                                                            \
        }                                                                       \
    } while (0)

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#endif

/* ---- between the pool and the system ---- */

static int grant = PARALLEL_MAX_THREADS; /* threads that the system has left */
static atomic_bool gate_is_shut;            /* new threads get no core until it opens */

struct start {
    void *(*main)(void *);
    void *arg;
};

static void
nap(int us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * MICROSECOND}, NULL);
}

static void *
start_late(void *arg)
{
    struct start start = *(struct start *)arg;

    free(arg);
    while (atomic_load(&gate_is_shut)) {
        nap(100);
    }
    return start.main(start.arg);
}

static int
create_thread(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg)
{
    struct start *start = malloc(sizeof(*start));

    CHECK(start != NULL);
    *start = (struct start){main, arg};
    if (grant-- <= 0) {
        free(start);
        return EAGAIN;
    }
    return pthread_create(thread, attr, start_late, start);
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

/* ---- tests ---- */

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
fork_and_check(void)
{
    static struct job job;
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        run_and_check(&job, CELLS, 8);
        CHECK(is_shared());
        exit(0); /* through the exit handler */
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    run_and_check(&job, CELLS, 8);
}

/* Parent and child both have a whole pool, and the parent has no thread but its own at the fork. */
static void
test_fork(void)
{
    parallel_set_num_threads(3);
    for (int i = 0; i < 10; i++) {
        CHECK(is_shared());
        fork_and_check();
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
        fork_and_check();
    }
    join_callers(callers, 2);
    CHECK(is_shared());
}

/* The system grants fewer threads than are set, or none at all. */
static void
test_refused(void)
{
    static struct job job;

    for (grant = 0; grant <= 1; grant++) {
        int granted = grant;

        pid_t child = fork(); /* for a pool without threads */
        CHECK(child >= 0);
        if (child == 0) {
            parallel_set_num_threads(4);
            for (int i = 0; i < 100; i++) {
                run_and_check(&job, 1000, 3);
            }
            CHECK(pool.workers == granted && grant == -1); /* asked once more than granted, not at every job */
            CHECK(is_shared() == (granted > 0));
            exit(0);
        }
        int status;

        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    grant = PARALLEL_MAX_THREADS;
}

/* A worker that has no core yet is not waited for. */
static void
test_unstarted_worker(void)
{
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        struct job job;

        atomic_store(&gate_is_shut, true);
        parallel_set_num_threads(2);
        run_and_check(&job, 100, 1);
        CHECK(pool.workers == 1);
        atomic_store(&gate_is_shut, false);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
lose_core(void *arg, ptrdiff_t begin, ptrdiff_t end)
{
    (void)arg, (void)begin, (void)end;
    if (is_caller) {
        while (!atomic_load(&gate_is_open)) { /* until the worker has its chunk: this is the caller's work */
            nap(10);
        }
    }
    else {
        int64_t start = now();

        atomic_store(&gate_is_open, true);
        while (now() - start < 100 * MILLISECOND) {
            nap(1000);
        }
    }
}

/* After a join much longer than the work the pool goes alone, ever longer if it happens again, and then tries anew. */
static void
test_backs_off(void)
{
    int64_t alone = 0;

    parallel_set_num_threads(2);
    for (int i = 0; i < 3; i++) {
        CHECK(is_shared());
        pool.alone_until = now();
        atomic_store(&gate_is_open, false);
        is_caller = true;
        parallel_for(2, 1, lose_core, NULL);
        CHECK(pool.alone_until > now() - 50 * MILLISECOND);
        CHECK(pool.alone > alone || pool.alone == ALONE_LONGEST);
        alone = pool.alone;

        pool.alone_until = now() + 1000 * MILLISECOND;
        atomic_store(&by_workers, 0);
        atomic_store(&by_caller, 0);
        parallel_for(4, 1, count_side, NULL);
        CHECK(atomic_load(&by_workers) == 0 && atomic_load(&by_caller) == 4);
        pool.alone_until = now();
    }
}

static void *
exit_soon(void *arg)
{
    (void)arg;
    usleep(20000);
    exit(0);
}

/* Another thread ends the process in the middle of a job. */
static void
test_exit(void)
{
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        pthread_t thread;
        static struct job job;

        alarm(60);
        parallel_set_num_threads(3);
        CHECK(pthread_create(&thread, NULL, exit_soon, NULL) == 0);
        for (;;) {
            run_and_check(&job, 1000, 10);
        }
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
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
