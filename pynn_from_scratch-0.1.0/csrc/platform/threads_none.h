/* Where there is one thread, as in WebAssembly without its threads: no other is ever granted, so the caller does all. See
 * threads.h. */
#include <time.h>

struct thread {
    void (*run)(void *);
    void *arg;
};

struct lock {
    char none;
};

struct condition {
    char none;
};

static inline bool
thread_start(struct thread *thread)
{
    (void)thread;
    return false;
}

static inline void
thread_join(struct thread *thread)
{
    (void)thread;
}

static inline void
lock_init(struct lock *lock)
{
    (void)lock;
}

static inline void
lock_take(struct lock *lock)
{
    (void)lock;
}

static inline bool
lock_try(struct lock *lock)
{
    (void)lock;
    return true;
}

static inline void
lock_give(struct lock *lock)
{
    (void)lock;
}

static inline void
lock_destroy(struct lock *lock)
{
    (void)lock;
}

static inline void
condition_init(struct condition *condition)
{
    (void)condition;
}

static inline void
condition_wait(struct condition *condition, struct lock *lock)
{
    (void)condition, (void)lock;
}

static inline void
condition_signal(struct condition *condition)
{
    (void)condition;
}

static inline void
condition_destroy(struct condition *condition)
{
    (void)condition;
}

static inline int64_t
monotonic_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t
about_monotonic_time(void)
{
    return monotonic_time();
}

static inline void
take_nap(int64_t nanoseconds)
{
    (void)nanoseconds;
}

static inline bool
hook_fork(void (*before)(void), void (*after_in_parent)(void), void (*after_in_child)(void))
{
    (void)before, (void)after_in_parent, (void)after_in_child;
    return true;
}

static inline bool
hook_exit(void (*function)(void))
{
    (void)function;
    return true;
}
