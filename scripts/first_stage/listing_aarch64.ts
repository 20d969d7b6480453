/**
 * The first stage for aarch64: `LISTING` assembled with `aarch64-linux-gnu-as`; `stage_code.ts` says
 * what it does and what follows the code. A test assembles the listing and compares where the
 * assembler is installed.
 *
 * At the entry of a program `sp` points to what the kernel put there (argc, argv, envp, auxv: each
 * word of 8 bytes) and `x0` holds a function of the dynamic loader's; both are handed on. `sp` is a
 * multiple of 16 whenever it serves as an address. Page permissions leave nothing but the stack to
 * write to.
 */
export const LISTING_AARCH64 = `
.text
        bti     jc
        mov     x19, sp                 // what the kernel put there
        mov     x20, x0                 // what the loader wants back
        sub     x21, x19, #256          // words 0-3: for the marker; 4, 5: a limit; 6: new; from 64: marker
        and     x21, x21, #-16
        sub     sp, x21, #4096          // below: a path
        adr     x22, end                // the parameters
        mov     x9, #-1                 // "as the caller left it"
        stp     x9, x9, [x21]
        stp     x9, x9, [x21, #16]

// Each limit: resource, enough, least, offset and length of a message.
        add     x23, x22, #8
        mov     x24, #0
limit:  mov     x0, #0
        ldr     x1, [x23]
        mov     x2, #0
        add     x3, x21, #32
        mov     x8, #261                // prlimit64: what is it?
        svc     #0
        cbnz    x0, nextl
        ldp     x9, x10, [x21, #32]     // the soft one, the hard one
        ldp     x11, x12, [x23, #8]     // enough, least
        cmp     x9, x11
        b.hs    nextl
        cmp     x9, x10
        b.hs    check
        stp     x10, x10, [x21, #48]
        mov     x0, #0
        ldr     x1, [x23]
        add     x2, x21, #48
        mov     x3, #0
        mov     x8, #261                // prlimit64: raise it
        svc     #0
        cbnz    x0, check
        str     x9, [x21, x24, lsl #3]  // to be given back
        mov     x9, x10
check:  cmp     x9, x12
        b.lo    fail
nextl:  add     x23, x23, #40
        add     x24, x24, #1
        cmp     x24, #3
        b.ne    limit

// The runtime finds itself by this link, and reads the file that it names.
        mov     x0, #-100               // AT_FDCWD
        adr     x1, exe
        mov     x2, sp
        mov     x3, #4095
        mov     x8, #78                 // readlinkat
        svc     #0
        tbnz    x0, #63, fail           // x23: the message behind the limits
        mov     x9, sp
        strb    wzr, [x9, x0]
        add     x23, x23, #40           // the next one
        mov     x0, #-100
        mov     x1, sp
        mov     x2, #4                  // R_OK
        mov     x8, #48                 // faccessat
        svc     #0
        cbnz    x0, fail
        mov     x9, sp                  // is that path UTF-8?
        mov     w10, #0                 // bytes of a character that are still to come
utf8:   ldrb    w11, [x9], #1
        cbz     w10, first
        and     w11, w11, #0xc0
        cmp     w11, #0x80
        b.ne    fail
        sub     w10, w10, #1
        b       utf8
first:  cbz     w11, cwd
        tbz     w11, #7, utf8
        cmp     w11, #0xc2
        b.lo    fail
        cmp     w11, #0xf5
        b.hs    fail
        add     w10, w10, #1
        cmp     w11, #0xe0
        b.lo    utf8
        add     w10, w10, #1
        cmp     w11, #0xf0
        b.lo    utf8
        add     w10, w10, #1
        b       utf8

// A working directory that has no name any more is kept open, and left.
cwd:    mov     x0, sp
        mov     x1, #4096
        mov     x8, #17                 // getcwd
        svc     #0
        cmn     x0, #2                  // ENOENT: it was deleted
        b.eq    leave
        tbnz    x0, #63, args           // too long a path, say
        ldrb    w9, [sp]
        cmp     w9, #0x2f
        b.eq    args                    // otherwise it lies outside the root: "(unreachable)/..."
leave:  mov     x0, #-100
        adr     x1, dot
        movz    x2, #0x4000             // O_DIRECTORY
        movk    x2, #0x28, lsl #16      // O_PATH | O_CLOEXEC
        mov     x3, #0
        mov     x8, #56                 // openat
        svc     #0
        tbnz    x0, #63, args
        str     x0, [x21, #24]
        adr     x0, root
        mov     x8, #49                 // chdir
        svc     #0

// Is there an argument that is more than ASCII?
args:   mov     w24, #0
        add     x23, x19, #8
arg:    ldr     x9, [x23], #8
        cbz     x9, mark                // x23: the environment
char:   ldrb    w10, [x9], #1
        orr     w24, w24, w10
        cbnz    w10, char
        b       arg

// Nothing to tell: the program is entered as if this were not here.
mark:   tbnz    w24, #7, tell
        ldp     x9, x10, [x21]
        ldp     x11, x12, [x21, #16]
        and     x9, x9, x10
        and     x11, x11, x12
        and     x9, x9, x11
        cmn     x9, #1
        b.ne    tell
        mov     sp, x19
go:     mov     x0, x20
        ldr     x16, [x22]
        add     x16, x16, x22
        br      x16

// The marker: a name and four words in hexadecimal.
tell:   add     x9, x21, #64
        adr     x10, name
        mov     x11, #marker-name       // its length
copy:   ldrb    w12, [x10], #1
        strb    w12, [x9], #1
        subs    x11, x11, #1
        b.ne    copy
        mov     x10, #0
value:  ldr     x11, [x21, x10, lsl #3]
        mov     x12, #16
digit:  ror     x11, x11, #60
        and     w13, w11, #15
        add     w14, w13, #0x30
        add     w15, w13, #0x57
        cmp     w13, #10
        csel    w13, w14, w15, lo
        strb    w13, [x9], #1
        subs    x12, x12, #1
        b.ne    digit
        add     x10, x10, #1
        cmp     x10, #4
        b.ne    value
        strb    wzr, [x9]

// A stack of its own for the program: two arguments, the environment and the auxiliary vector.
        mov     x9, x23
env:    ldr     x10, [x9], #8
        cbnz    x10, env
aux:    ldr     x10, [x9], #16
        cbnz    x10, aux                // AT_NULL
        sub     x9, x9, x23             // bytes of both
        sub     x10, x21, x9
        sub     x10, x10, #32
        and     x10, x10, #-16
        mov     sp, x10
        mov     x11, #2
        adr     x12, self
        stp     x11, x12, [x10], #16
        add     x11, x21, #64
        stp     x11, xzr, [x10], #16
move:   ldr     x11, [x23], #8
        str     x11, [x10], #8
        subs    x9, x9, #8
        b.ne    move
        b       go

fail:   mov     x0, #2
        ldp     x1, x2, [x23, #24]
        add     x1, x1, x22
        mov     x8, #64                 // write
        svc     #0
        mov     x0, #1
        mov     x8, #94                 // exit_group
        svc     #0
        brk     #0

exe:    .asciz  "/proc/self/exe"
dot:    .asciz  "."
root:   .asciz  "/"
self:   .asciz  "enroot"
name:   .ascii  "enroot-first-stage:"
marker: .balign 8
end:
`;

/** The machine code of {@link LISTING_AARCH64}, in hexadecimal. */
export const CODE_AARCH64 =
  "df2403d5f3030091f40300aa750204d1b5ee7c92bf0640d1d616001009008092a92600a9a92601a9" +
  "d7220091180080d2000080d2e10240f9020080d2a3820091a82080d2010000d4600200b5a92a42a9" +
  "ebb240a93f010bebe20100543f010aeb62010054aa2a03a9000080d2e10240f9a2c20091030080d2" +
  "a82080d2010000d4600000b5a97a38f8e9030aaa3f010ceb43100054f7a20091180700911f0f00f1" +
  "81fcff54600c8092a1100010e2030091e3ff81d2c80980d2010000d4e00ef8b7e90300913f692038" +
  "f7a20091600c8092e1030091820080d2080680d2010000d4c00d00b5e90300910a0080522b154038" +
  "ca0000346b051a127f010271e10c00544a050051faffff17cb0100340bff3f367f090371230c0054" +
  "7fd50371e20b00544a0500117f81037123feff544a0500117fc10371c3fdff544a050011ecffff17" +
  "e0030091010082d2280280d2010000d41f0800b1a00000540002f8b7e90340393fbd0071a0010054" +
  "600c8092e10a0070020088d20205a0f2030080d2080780d2010000d4a000f8b7a00e00f9000a0030" +
  "280680d2010000d41800805277220091e98640f8a90000b42a15403818030a2acaffff35fbffff17" +
  "b8013837a92a40a9ab3241a929010a8a6b010c8a29010b8a3f0500b1c10000547f020091e00314aa" +
  "d00240f91002168b00021fd6a90201912a0700506b0280d24c1540382c1500386b0500f1a1ffff54" +
  "0a0080d2ab7a6af80c0280d26bf1cb936d0d0012aec10011af5d0111bf290071cd318f1a2d150038" +
  "8c0500f101ffff544a0500915f1100f161feff543f010039e90317aa2a8540f8eaffffb52a0541f8" +
  "eaffffb5290117cbaa0209cb4a8100d14aed7c925f0100914b0080d2cc0200704b3181a8ab020191" +
  "4b7d81a8eb8640f84b8500f8292100f1a1ffff54d2ffff17400080d2e18a41a92100168b080880d2" +
  "010000d4200080d2c80b80d2010000d4000020d42f70726f632f73656c662f657865002e002f0065" +
  "6e726f6f7400656e726f6f742d66697273742d73746167653a0000001f2003d5";
