// The door of liblzma.wasm: one raw coder of liblzma at a time, with its own buffers.
//
// There is no C library. Memory is handed out in a row and never freed: every start begins anew.
// The caller (src/formats/compress/xz/liblzma.ts) drives it so:
//
//     start_…()                     whatever was there is forgotten
//     …copy bytes to input(), feed(length)
//     code(finish)                  until there is nothing more; produced() bytes are at output()

#include "common.h"

#define EXPORT(name) __attribute__((export_name(#name)))
// Not to be compiled to a call of itself.
#define OWN __attribute__((no_builtin))

// Room for a whole LZMA2 chunk, and for what one call gives.
#define INPUT_SIZE (64 * 1024 + 16)
#define OUTPUT_SIZE (1024 * 1024)
#define PAGE_BITS 16

extern uint8_t __heap_base;

static uint8_t input_buffer[INPUT_SIZE];
static uint8_t output_buffer[OUTPUT_SIZE];
static uintptr_t heap_end;
static lzma_stream coder;

static void *
allocate(void *opaque, size_t count, size_t size)
{
	(void)opaque;
	const uintptr_t from = (heap_end + 15) & ~(uintptr_t)15;
	const uint64_t to = from + (uint64_t)count * size;
	const uint64_t room = (uint64_t)__builtin_wasm_memory_size(0) << PAGE_BITS;
	if (to > UINT32_MAX)
		return NULL;

	if (to > room) {
		const size_t pages = (to - room + (1 << PAGE_BITS) - 1) >> PAGE_BITS;
		if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX)
			return NULL;
	}

	heap_end = (uintptr_t)to;
	return (void *)from;
}

static void
forget(void *opaque, void *memory)
{
	(void)opaque;
	(void)memory;
}

static const lzma_allocator allocator = { .alloc = &allocate, .free = &forget };

void *
malloc(size_t size)
{
	return allocate(NULL, 1, size);
}

void *
calloc(size_t count, size_t size)
{
	void *memory = allocate(NULL, count, size);
	return memory == NULL ? NULL : memset(memory, 0, count * size);
}

void
free(void *memory)
{
	forget(NULL, memory);
}

// The engine's own instructions for these cost more than the few bytes of most calls.
OWN void *
memcpy(void *restrict to, const void *restrict from, size_t length)
{
	uint8_t *target = to;
	const uint8_t *source = from;
	for (; length >= 8; length -= 8, target += 8, source += 8) {
		uint64_t word;
		__builtin_memcpy(&word, source, 8);
		__builtin_memcpy(target, &word, 8);
	}

	while (length-- > 0)
		*target++ = *source++;

	return to;
}

OWN void *
memmove(void *to, const void *from, size_t length)
{
	uint8_t *target = to;
	const uint8_t *source = from;
	if (target <= source)
		return memcpy(to, from, length);

	while (length-- > 0)
		target[length] = source[length];

	return to;
}

OWN void *
memset(void *to, int value, size_t length)
{
	uint8_t *target = to;
	const uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);
	for (; length >= 8; length -= 8, target += 8)
		__builtin_memcpy(target, &word, 8);

	while (length-- > 0)
		*target++ = (uint8_t)value;

	return to;
}

OWN int
memcmp(const void *first, const void *second, size_t length)
{
	const uint8_t *one = first;
	const uint8_t *other = second;
	for (size_t at = 0; at < length; at++)
		if (one[at] != other[at])
			return one[at] - other[at];

	return 0;
}

static void
start_anew(void)
{
	heap_end = (uintptr_t)&__heap_base;
	coder = (lzma_stream)LZMA_STREAM_INIT;
	coder.allocator = &allocator;
}

EXPORT(input) uint8_t *
input(void)
{
	return input_buffer;
}

EXPORT(output) uint8_t *
output(void)
{
	return output_buffer;
}

// Starts to undo `count` filters, whose flags (xz-file-format.txt section 3.1.5) are the input.
EXPORT(start_filters) lzma_ret
start_filters(uint32_t count, uint32_t length)
{
	start_anew();
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	if (count > LZMA_FILTERS_MAX || length > INPUT_SIZE)
		return LZMA_PROG_ERROR;

	size_t at = 0;
	for (uint32_t index = 0; index < count; index++) {
		const lzma_ret status = lzma_filter_flags_decode(
				&filters[index], &allocator, input_buffer, &at, length);
		if (status != LZMA_OK)
			return status;
	}

	filters[count].id = LZMA_VLI_UNKNOWN;
	return lzma_raw_decoder(&coder, filters);
}

// Starts to decode LZMA, whose five bytes of properties are the input, until an end marker.
EXPORT(start_lzma) lzma_ret
start_lzma(void)
{
	start_anew();
	lzma_filter filters[2];
	filters[0].id = LZMA_FILTER_LZMA1;
	filters[1].id = LZMA_VLI_UNKNOWN;
	const lzma_ret status = lzma_properties_decode(&filters[0], &allocator, input_buffer, 5);
	return status != LZMA_OK ? status : lzma_raw_decoder(&coder, filters);
}

// Starts to encode LZMA2.
EXPORT(start_encoder) lzma_ret
start_encoder(uint32_t preset, uint32_t dictionary_size)
{
	start_anew();
	lzma_options_lzma options;
	if (lzma_lzma_preset(&options, preset))
		return LZMA_OPTIONS_ERROR;

	options.dict_size = dictionary_size;
	const lzma_filter filters[2] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	return lzma_raw_encoder(&coder, filters);
}

EXPORT(feed) void
feed(uint32_t length)
{
	coder.next_in = input_buffer;
	coder.avail_in = my_min(length, INPUT_SIZE);
}

EXPORT(code) lzma_ret
code(uint32_t finish)
{
	coder.next_out = output_buffer;
	coder.avail_out = OUTPUT_SIZE;
	return lzma_code(&coder, finish ? LZMA_FINISH : LZMA_RUN);
}

EXPORT(produced) uint32_t
produced(void)
{
	return OUTPUT_SIZE - coder.avail_out;
}
