/**
 * The syscall-table interpreter for aarch64: `LISTING` assembled with `aarch64-linux-gnu-as`.
 *
 * A test assembles the listing and compares where the assembler is installed. The addresses are
 * those of `syscall_image.ts`: 0x420000 is its header, 0x420080 its first entry.
 */
export const LISTING_AARCH64 = `
.text
        movz    x19, #0x80            // first entry
        movk    x19, #0x42, lsl #16
next:   ldr     x8, [x19]
        ldr     w10, [x19, #56]
        ldp     x0, x1, [x19, #8]
        ldp     x2, x3, [x19, #24]
        ldp     x4, x5, [x19, #40]
        tbz     w10, #0, 1f
        ldr     x0, [x0]
1:      tbz     w10, #1, 1f
        ldr     x1, [x1]
1:      tbz     w10, #2, 1f
        ldr     x2, [x2]
1:      tbz     w10, #3, 1f
        ldr     x3, [x3]
1:      tbz     w10, #4, 1f
        ldr     x4, [x4]
1:      tbz     w10, #5, 1f
        ldr     x5, [x5]
1:      svc     #0
        str     x0, [x19, #72]
        cmn     x0, #4095
        b.hs    failed
        cbnz    x0, step
        ldr     x9, [x19, #64]
        cbz     x9, step
        mov     x19, x9
        b       next
step:   add     x19, x19, #96
        b       next
failed: tbnz    w10, #8, step
        neg     x0, x0
        movz    x9, #0
        movk    x9, #0x42, lsl #16
        ldp     x11, x12, [x19, #80]
        stp     x11, x12, [x9]
        ldr     x13, [x9, #56]
        add     x13, x13, x0, lsl #4
        ldp     x11, x12, [x13]
        stp     x11, x12, [x9, #16]
        ldr     x19, [x9, #48]
        b       next
`;

/** The machine code of {@link LISTING_AARCH64}, in hexadecimal. */
export const CODE_AARCH64 =
  "131080d25308a0f2680240f96a3a40b9608640a9628e41a9649642a94a000036000040f94a000836" +
  "210040f94a001036420040f94a001836630040f94a002036840040f94a002836a50040f9010000d4" +
  "602600f91ffc3fb102010054a00000b5692240f9690000b4f30309aae7ffff1773820191e5ffff17" +
  "caff4737e00300cb090080d24908a0f26b3245a92b3100a92d1d40f9ad11008bab3140a92b3101a9" +
  "331940f9d9ffff17";
