#include "rows.h"

#include <string.h>

#define LINE 64
#define TOGETHER 8

static ptrdiff_t
smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* Bytes [at, at + count) of `rows` rows from row i on. */
static inline void
copy(const struct rows_at *s, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t at, size_t count)
{
    for (ptrdiff_t q = i; q < i + rows; q++) {
        memcpy(s->out + q * s->row_bytes + at, s->x + s->index[q] * s->row_bytes + at, count);
    }
}

/* Rows lie at random places, and the processor foresees the lines of each only when it has begun: so several are read side by side. */
void
take_rows(void *args, ptrdiff_t begin, ptrdiff_t end)
{
    const struct rows_at *s = args;
    const ptrdiff_t whole = s->row_bytes / LINE * LINE;
    for (ptrdiff_t i = begin; i < end; i += TOGETHER) {
        const ptrdiff_t rows = smaller(TOGETHER, end - i);
        for (ptrdiff_t at = 0; at < whole; at += LINE) {
            copy(s, i, rows, at, LINE);
        }
        copy(s, i, rows, whole, (size_t)(s->row_bytes - whole));
    }
}
