/* Threads of POSIX: Linux, macOS. See threads.h. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

struct thread {
    void (*run)(void *);
    void *arg;
    pthread_t id;
};

struct lock {
    pthread_mutex_t mutex;
};

struct condition {
    pthread_cond_t variable;
};

static inline void *
thread_main(void *arg)
{
    struct thread *thread = arg;

    thread->run(thread->arg);
    return NULL;
}

/* Ctrl-C and timers are for the main thread; a crash is for whoever caused it (faulthandler). */
static inline bool
thread_start(struct thread *thread)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    pthread_attr_t attr;
    sigset_t blocked, before;

    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        sigdelset(&blocked, faults[i]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    const bool started = pthread_create(&thread->id, &attr, thread_main, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return started;
}

static inline void
thread_join(struct thread *thread)
{
    pthread_join(thread->id, NULL);
}

static inline void
lock_init(struct lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
}

static inline void
lock_take(struct lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}

static inline bool
lock_try(struct lock *lock)
{
    return pthread_mutex_trylock(&lock->mutex) == 0;
}

static inline void
lock_give(struct lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

static inline void
lock_destroy(struct lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

static inline void
condition_init(struct condition *condition)
{
    pthread_cond_init(&condition->variable, NULL);
}

static inline void
condition_wait(struct condition *condition, struct lock *lock)
{
    pthread_cond_wait(&condition->variable, &lock->mutex);
}

static inline void
condition_signal(struct condition *condition)
{
    pthread_cond_signal(&condition->variable);
}

static inline void
condition_destroy(struct condition *condition)
{
    pthread_cond_destroy(&condition->variable);
}

static inline int64_t
read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t
monotonic_time(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static inline int64_t
about_monotonic_time(void)
{
#if defined(CLOCK_MONOTONIC_COARSE)
    return read_clock(CLOCK_MONOTONIC_COARSE);
#else
    return monotonic_time();
#endif
}

static inline void
take_nap(int64_t nanoseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)nanoseconds}, NULL);
}

static inline bool
hook_fork(void (*before)(void), void (*after_in_parent)(void), void (*after_in_child)(void))
{
    return pthread_atfork(before, after_in_parent, after_in_child) == 0;
}

static inline bool
hook_exit(void (*function)(void))
{
    return atexit(function) == 0;
}
