/* Affinity and quota on Linux. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity, sched_getcpu */
#include "processors.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

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

int
count_processors(void)
{
    cpu_set_t set;
    const long share = quota();
    long count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);

    if (share > 0 && (share < count || count < 1)) {
        count = share;
    }
    return count < 1 ? 1 : (int)count;
}

void
keep_off(const struct thread *thread)
{
    cpu_set_t set;
    int here = sched_getcpu();

    if (here >= 0 && here < CPU_SETSIZE && sched_getaffinity(0, sizeof(set), &set) == 0) {
        CPU_CLR(here, &set);
        pthread_setaffinity_np(thread->id, sizeof(set), &set); /* refused where nothing is left */
    }
}

#endif
