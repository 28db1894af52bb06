/* What the pool needs of the system: threads, locks, clocks, and word of a fork and of the end. A file for each kind of
 * system defines all of this:
 *
 *   struct thread                                  what runs `run(arg)`, both set before it starts
 *   bool thread_start(struct thread *)             on a stack of its own, undisturbed by signals; false where refused
 *   void thread_join(struct thread *)
 *
 *   struct lock, struct condition
 *   void lock_init(...), lock_take(...), lock_give(...), lock_destroy(...);  bool lock_try(...)
 *   void condition_init(...), condition_wait(condition, lock), condition_signal(...), condition_destroy(...)
 *
 *   int64_t monotonic_time(void)                   nanoseconds
 *   int64_t about_monotonic_time(void)             right to some milliseconds, and cheaper where the system has such a clock
 *   void take_nap(int64_t nanoseconds)
 *
 *   bool hook_fork(before, after_in_parent, after_in_child)   false where refused
 *   bool hook_exit(function)                       called while the threads still live, if they do not end by themselves
 */
#ifndef PYNN_THREADS_H
#define PYNN_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#define STACK_BYTES (2 << 20)          /* macOS gives a thread 512 KiB, musl 128 */

#if defined(_WIN32)
#include "threads_windows.h"
#elif defined(__wasm__) && !defined(_REENTRANT)
#include "threads_none.h"
#else
#include "threads_posix.h"
#endif

#endif
