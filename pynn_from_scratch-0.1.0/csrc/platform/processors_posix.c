/* Performance cores on macOS: the others would mostly be waited for. Elsewhere what POSIX says. */
#if !defined(__linux__) && !defined(_WIN32)
#include "processors.h"

#include <unistd.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

int
count_processors(void)
{
    int count = 0;
#if defined(__APPLE__)
    size_t size = sizeof(count);

    if (sysctlbyname("hw.perflevel0.logicalcpu", &count, &size, NULL, 0) != 0) {
        count = 0;
    }
#endif
    if (count < 1) {
        count = (int)sysconf(_SC_NPROCESSORS_ONLN);
    }
    return count < 1 ? 1 : count;
}

void
keep_off(const struct thread *thread)
{
    (void)thread;
}

#endif
