/* processors.c: affinity and quota on Linux, performance cores on macOS. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity, sched_getcpu */
#include <sched.h>
#include <stdio.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "processors.h"

#include <unistd.h>

#if defined(__linux__)

/* A container's share, as "150000 100000": so many us in every so many. "max 100000" is no limit. */
static long
quota(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    long share = 0, period = 0;

    if (file == NULL) {
        return 0;
    }
    /* NOLINTNEXTLINE(cert-err34-c): the system writes it, in range */
    if (fscanf(file, "%ld %ld", &share, &period) != 2 || share <= 0 || period <= 0) {
        share = 0;
        period = 1;
    }
    fclose(file);
    return (share + period - 1) / period;
}

static long
available(void)
{
    cpu_set_t set;
    long share = quota(), count = 0;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        count = CPU_COUNT(&set);
    }
    return share > 0 && (share < count || count == 0) ? share : count;
}

void
keep_off(pthread_t thread)
{
    cpu_set_t set;
    int here = sched_getcpu();

    if (here >= 0 && here < CPU_SETSIZE && sched_getaffinity(0, sizeof(set), &set) == 0) {
        CPU_CLR(here, &set);
        pthread_setaffinity_np(thread, sizeof(set), &set); /* refused where nothing is left */
    }
}

#elif defined(__APPLE__)

/* Performance cores: the others would mostly be waited for. */
static long
available(void)
{
    int count = 0;
    size_t size = sizeof(count);

    return sysctlbyname("hw.perflevel0.logicalcpu", &count, &size, NULL, 0) == 0 ? count : 0;
}

#else

static long
available(void)
{
    return 0;
}

#endif

#if !defined(__linux__)

void
keep_off(pthread_t thread)
{
    (void)thread;
}

#endif

int
count_processors(void)
{
    long count = available();

    if (count < 1) {
        count = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return count < 1 ? 1 : (int)count;
}
