import type { Architecture } from "../call/syscall_numbers.ts";

/**
 * A function `long (long flags, struct handover *)` in assembly: clones the process as clone(2)
 * does with these flags, and returns 0 in the child, or a negative error number. The parent never
 * returns: its stack is the child's by then. It executes what the structure says (execveat(2)), or
 * exits.
 *
 * The structure is seven words: descriptor, path, argv, environment; and where that fails, the exit
 * code, and address and length of what to write to standard error first.
 * The kernel gives every register but the result's back as it was, also to the parent.
 */
export const LISTING: Readonly<Record<Architecture, string>> = {
  x86_64: `
.intel_syntax noprefix
.text
        mov     r9, rsi                 # the structure
        xor     esi, esi                # no other stack
        xor     edx, edx
        xor     r10d, r10d
        xor     r8d, r8d
        mov     eax, 56                 # clone
        syscall
        test    rax, rax
        jg      parent
        ret
parent: mov     rdi, [r9]
        mov     rsi, [r9+8]
        mov     rdx, [r9+16]
        mov     r10, [r9+24]
        mov     r8d, 0x1000             # AT_EMPTY_PATH
        mov     eax, 322                # execveat
        syscall
        mov     edi, 2
        mov     rsi, [r9+40]
        mov     rdx, [r9+48]
        mov     eax, 1                  # write
        syscall
        mov     rdi, [r9+32]
        mov     eax, 231                # exit_group
        syscall
`,
  aarch64: `
.text
        mov     x9, x1                  // the structure
        mov     x1, #0                  // no other stack
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x8, #220                // clone
        svc     #0
        cmp     x0, #0
        b.gt    parent
        ret
parent: ldp     x0, x1, [x9]
        ldp     x2, x3, [x9, #16]
        mov     x4, #0x1000             // AT_EMPTY_PATH
        mov     x8, #281                // execveat
        svc     #0
        mov     x0, #2
        ldp     x1, x2, [x9, #40]
        mov     x8, #64                 // write
        svc     #0
        ldr     x0, [x9, #32]
        mov     x8, #94                 // exit_group
        svc     #0
`,
};

/** The machine code of {@link LISTING}, in hexadecimal; a test assembles and compares. */
export const CODE: Readonly<Record<Architecture, string>> = {
  x86_64:
    "4989f131f631d24531d24531c0b8380000000f054885c07f01c3498b39498b7108498b51104d8b511841b800" +
    "100000b8420100000f05bf02000000498b7128498b5130b8010000000f05498b7920b8e70000000f05",
  aarch64:
    "e90301aa010080d2020080d2030080d2040080d2881b80d2010000d41f0000f14c000054c0035fd6200540a9" +
    "220d41a9040082d2282380d2010000d4400080d2218942a9080880d2010000d4201140f9c80b80d2010000d4",
};
