// The compiler itself has the types.
#include <stdint.h>
