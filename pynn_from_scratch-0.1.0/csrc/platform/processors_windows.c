/* Affinity on Windows: the processors of the group that the process runs in, at most 64. */
#if defined(_WIN32)
#include "processors.h"

int
count_processors(void)
{
    DWORD_PTR mine = 0, all = 0;

    GetProcessAffinityMask(GetCurrentProcess(), &mine, &all);   /* 0 for a process that runs in several groups */
    const int count = mine != 0 ? __builtin_popcountll(mine) : (int)GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count < 1 ? 1 : count;
}

void
keep_off(const struct thread *thread)
{
    (void)thread;
}

#endif
