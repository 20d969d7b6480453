/**
 * The syscall-table interpreter for x86_64: `LISTING` assembled with `as --64`.
 *
 * A test assembles the listing and compares where the assembler is installed. The addresses are
 * those of `syscall_image.ts`: 0x420000 is its header, 0x420080 its first entry.
 */
export const LISTING_X86_64 = `
.intel_syntax noprefix
.text
        mov     ebx, 0x420080           # first entry
next:   mov     rax, [rbx]
        lea     r12, [rbx+8]
        xor     ecx, ecx
load:   mov     rdx, [r12+rcx*8]
        bt      dword ptr [rbx+56], ecx
        jnc     plain
        mov     rdx, [rdx]
plain:  mov     [rsp+rcx*8-56], rdx
        inc     ecx
        cmp     ecx, 6
        jne     load
        mov     rdi, [rsp-56]
        mov     rsi, [rsp-48]
        mov     rdx, [rsp-40]
        mov     r10, [rsp-32]
        mov     r8,  [rsp-24]
        mov     r9,  [rsp-16]
        syscall
        mov     [rbx+72], rax
        cmp     rax, -4095
        jae     failed
        test    rax, rax
        jnz     step
        mov     rcx, [rbx+64]
        test    rcx, rcx
        jz      step
        mov     rbx, rcx
        jmp     next
step:   add     rbx, 96
        jmp     next
failed: test    byte ptr [rbx+57], 1
        jnz     step
        neg     eax
        shl     eax, 4
        movups  xmm0, [rbx+80]
        movups  [0x420000], xmm0
        add     rax, [0x420038]
        movups  xmm0, [rax]
        movups  [0x420010], xmm0
        mov     rbx, [0x420030]
        jmp     next
`;

/** The machine code of {@link LISTING_X86_64}, in hexadecimal. */
export const CODE_X86_64 =
  "bb80004200488b034c8d630831c9498b14cc0fa34b387303488b12488954ccc8ffc183f90675e748" +
  "8b7c24c8488b7424d0488b5424d84c8b5424e04c8b4424e84c8b4c24f00f0548894348483d01f0ff" +
  "ff73194885c0750e488b4b404885c974054889cbeb9f4883c360eb99f643390175f4f7d8c1e0040f" +
  "1043500f1104250000420048030425380042000f10000f11042510004200488b1c2530004200e962" +
  "ffffff";
