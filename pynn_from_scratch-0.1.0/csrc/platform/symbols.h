/* Functions that the running Python may have, although its stable ABI does not promise them. */
#ifndef PYNN_SYMBOLS_H
#define PYNN_SYMBOLS_H

/* The address of `name`, or NULL. `library` is what Windows knows Python's library by, sys.dllhandle; other systems look
 * everywhere. */
void *find_symbol(void *library, const char *name);

#endif
