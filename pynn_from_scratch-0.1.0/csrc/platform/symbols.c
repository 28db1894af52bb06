#if defined(_WIN32)
#include <windows.h>
#else
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#endif

#include "symbols.h"

void *
find_symbol(void *library, const char *name)
{
#if defined(_WIN32)
    return library == NULL ? NULL : (void *)GetProcAddress(library, name);
#else
    (void)library;
    return dlsym(RTLD_DEFAULT, name);
#endif
}
