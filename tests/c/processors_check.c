/*
 * processors_check.c: how many processors there are and what they can do, said in every way that there is, or not at all.
 *
 *     cc -g -O1 -std=gnu11 tests/c/processors_check.c -lpthread
 *
 * On Linux; a failed check names its line and aborts.
 */
#if defined(__linux__)
#define _GNU_SOURCE
#include "check.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "../../csrc/platform/processors.h"

/* What the system says: the text of cpu.max, or NULL for no such file; the processors of the set and of the machine, or a negative
 * number for an error; the processor that the caller is on. */
static const char *cpu_max;
static int in_set, in_machine, current;

static FILE *
open_cpu_max(void)
{
    return cpu_max == NULL ? NULL : fmemopen((void *)cpu_max, strlen(cpu_max), "r");
}

static int
get_set(cpu_set_t *set)
{
    CPU_ZERO(set);
    for (int i = 0; i < in_set; i++) {
        CPU_SET(i, set);
    }
    return in_set < 0 ? -1 : 0;
}

#define fopen(path, mode) open_cpu_max()
#define sched_getaffinity(pid, size, set) get_set(set)
#define sched_getcpu() current
#define sysconf(name) in_machine
#include "../../csrc/platform/processors_linux.c"

#if defined(__x86_64__)
/* What the processor says: how often it answers to leaf 1, whether to leaf 7, and what. */
#include <cpuid.h>

static int answers_1, answers_7;
static unsigned said_1, said_7;

static int
say(unsigned leaf, unsigned *a, unsigned *b, unsigned *c, unsigned *d)
{
    *a = *d = 0;
    *b = said_7;
    *c = said_1;
    return leaf == 1 ? answers_1-- > 0 : answers_7;
}

static bool
saves_registers(void)
{
    unsigned a, b, c = 0, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 27);
}

#define __get_cpuid(leaf, a, b, c, d) say(leaf, a, b, c, d)
#define __get_cpuid_count(leaf, sub, a, b, c, d) say(leaf, a, b, c, d)
#include "../../csrc/platform/features_x86.c"

static bool
has_any(int times, unsigned first, int answers, unsigned seventh)
{
    said_1 = first;
    said_7 = seventh;
    answers_7 = answers;
    answers_1 = times;
    const bool avx2 = has_avx2_and_fma();
    answers_1 = times;
    return has_avx512() || avx2;
}

static void
test_features(void)
{
    CHECK(!has_any(0, ~0u, 1, ~0u));                /* an old processor, that lacks leaf 1 */
    CHECK(!has_any(2, 0, 1, ~0u));
    CHECK(!has_any(2, ~0u, 0, ~0u));
    CHECK(!has_any(2, ~0u, 1, 0));
    CHECK(!has_any(2, FMA | AVX, 1, ~0u));          /* a system that saves no registers */
    CHECK(!has_any(1, ~0u, 1, ~0u));
    if (saves_registers()) {
        said_1 = ~0u;
        answers_1 = 2;
        CHECK(saves(0));
        CHECK(!saves(1u << 31));
    }
}
#else
static void
test_features(void)
{
}
#endif

static int
count(const char *text, int set, int machine)
{
    cpu_max = text;
    in_set = set;
    in_machine = machine;
    return count_processors();
}

static void
test_counts(void)
{
    CHECK(count(NULL, 6, 8) == 6);                      /* the set alone */
    CHECK(count("max 100000\n", 6, 8) == 6);
    CHECK(count("200000 100000\n", 6, 8) == 2);
    CHECK(count("150000 100000\n", 6, 8) == 2);         /* rounded up */
    CHECK(count("10000 100000\n", 6, 8) == 1);
    CHECK(count("900000 100000\n", 6, 8) == 6);         /* a share of more than there is */
    CHECK(count("0 100000\n", 6, 8) == 6);              /* nonsense */
    CHECK(count("100000 0\n", 6, 8) == 6);
    CHECK(count("100000\n", 6, 8) == 6);
    CHECK(count(NULL, -1, 8) == 8);                     /* no set: too many processors for one */
    CHECK(count(NULL, -1, -1) == 1);                    /* nothing at all */
    CHECK(count("300000 100000\n", -1, -1) == 3);
}

static void *
nothing(void *argument)
{
    return argument;
}

/* A hint: it must come back, whatever the system refuses. */
static void
test_keep_off(void)
{
    struct thread thread;
    CHECK(pthread_create(&thread.id, NULL, nothing, NULL) == 0);
    for (current = -1; current <= CPU_SETSIZE + 1; current += CPU_SETSIZE / 2 + 1) {
        for (in_set = -1; in_set <= 2; in_set++) {
            keep_off(&thread);
        }
    }
    pthread_join(thread.id, NULL);
}

int
main(void)
{
    test_counts();
    test_keep_off();
    test_features();
    puts("processors: right in every case");
    return 0;
}
#else
int
main(void)
{
    return 0;
}
#endif
