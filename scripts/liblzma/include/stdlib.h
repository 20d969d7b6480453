// What liblzma needs of stdlib.h. It is always given an allocator; coder.c has these for the linker.
#include <stddef.h>
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *memory);
