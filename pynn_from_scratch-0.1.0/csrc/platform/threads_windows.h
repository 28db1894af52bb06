/* Threads of Windows. See threads.h. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#if !defined(CREATE_WAITABLE_TIMER_HIGH_RESOLUTION)
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

struct thread {
    void (*run)(void *);
    void *arg;
    HANDLE handle;
};

struct lock {
    SRWLOCK slim;
};

struct condition {
    CONDITION_VARIABLE variable;
};

static DWORD WINAPI
thread_main(void *arg)
{
    struct thread *thread = arg;

    thread->run(thread->arg);
    return 0;
}

static inline bool
thread_start(struct thread *thread)
{
    thread->handle = CreateThread(NULL, STACK_BYTES, thread_main, thread, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    return thread->handle != NULL;
}

static inline void
thread_join(struct thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
}

static inline void
lock_init(struct lock *lock)
{
    InitializeSRWLock(&lock->slim);
}

static inline void
lock_take(struct lock *lock)
{
    AcquireSRWLockExclusive(&lock->slim);
}

static inline bool
lock_try(struct lock *lock)
{
    return TryAcquireSRWLockExclusive(&lock->slim);
}

static inline void
lock_give(struct lock *lock)
{
    ReleaseSRWLockExclusive(&lock->slim);
}

static inline void
lock_destroy(struct lock *lock)
{
    (void)lock;
}

static inline void
condition_init(struct condition *condition)
{
    InitializeConditionVariable(&condition->variable);
}

static inline void
condition_wait(struct condition *condition, struct lock *lock)
{
    SleepConditionVariableSRW(&condition->variable, &lock->slim, INFINITE, 0);
}

static inline void
condition_signal(struct condition *condition)
{
    WakeConditionVariable(&condition->variable);
}

static inline void
condition_destroy(struct condition *condition)
{
    (void)condition;
}

static inline int64_t
monotonic_time(void)
{
    LARGE_INTEGER count, frequency;

    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    const int64_t second = frequency.QuadPart;
    return count.QuadPart / second * 1000000000 + count.QuadPart % second * 1000000000 / second;
}

static inline int64_t
about_monotonic_time(void)
{
    return (int64_t)GetTickCount64() * 1000000;
}

/* Sleep() counts in ticks of up to 16 ms; the timer is there from Windows 10 of 2018 on. */
static inline void
take_nap(int64_t nanoseconds)
{
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    const LARGE_INTEGER due = {.QuadPart = -nanoseconds / 100};

    if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE)) {
        WaitForSingleObject(timer, INFINITE);
    }
    else {
        SwitchToThread();
    }
    if (timer != NULL) {
        CloseHandle(timer);
    }
}

/* There is no fork. */
static inline bool
hook_fork(void (*before)(void), void (*after_in_parent)(void), void (*after_in_child)(void))
{
    (void)before, (void)after_in_parent, (void)after_in_child;
    return true;
}

/* The system ends all other threads before it tells a library of the end. */
static inline bool
hook_exit(void (*function)(void))
{
    (void)function;
    return true;
}
