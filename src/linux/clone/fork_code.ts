import type { Architecture } from "../call/syscall_numbers.ts";

/**
 * A function `long (long flags, const struct range *)` in assembly: marks memory to be copied for
 * children (madvise(2), MADV_DOFORK) and clones the process as clone(2) does with these flags. What
 * it returns is clone's result, or -EINVAL where memory cannot be marked. It is all one function,
 * for the program may get new memory at any step of its own.
 *
 * Ranges are two words each, address and length; a length of 0 ends them. That there are holes in
 * them (ENOMEM) does not matter.
 */
export const LISTING: Readonly<Record<Architecture, string>> = {
  x86_64: `
.intel_syntax noprefix
.text
        mov     r8, rdi                 # the flags
        mov     r9, rsi                 # the next range
next:   mov     rdi, [r9]
        mov     rsi, [r9+8]
        test    rsi, rsi
        jz      marked
        mov     edx, 11                 # MADV_DOFORK
        mov     eax, 28                 # madvise
        syscall
        cmp     rax, -22                # EINVAL
        je      out
        add     r9, 16
        jmp     next
marked: mov     rdi, r8
        xor     esi, esi                # no other stack
        xor     edx, edx
        xor     r10d, r10d
        xor     r8d, r8d
        mov     eax, 56                 # clone
        syscall
out:    ret
`,
  aarch64: `
.text
        mov     x10, x0                 // the flags
        mov     x9, x1                  // the next range
next:   ldp     x0, x1, [x9], #16
        cbz     x1, marked
        mov     x2, #11                 // MADV_DOFORK
        mov     x8, #233                // madvise
        svc     #0
        cmn     x0, #22                 // EINVAL
        b.eq    out
        b       next
marked: mov     x0, x10
        mov     x1, #0                  // no other stack
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x8, #220                // clone
        svc     #0
out:    ret
`,
};

/** The machine code of {@link LISTING}, in hexadecimal; a test assembles and compares. */
export const CODE: Readonly<Record<Architecture, string>> = {
  x86_64:
    "4989f84989f1498b39498b71084885f67418ba0b000000b81c0000000f054883f8ea741a4983c110ebdc4c89" +
    "c731f631d24531d24531c0b8380000000f05c3",
  aarch64:
    "ea0300aae90301aa2005c1a8e10000b4620180d2281d80d2010000d41f5800b120010054f9ffff17e0030aaa" +
    "010080d2020080d2030080d2040080d2881b80d2010000d4c0035fd6",
};
