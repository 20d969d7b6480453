/**
 * The first stage for x86_64: `LISTING` assembled with `as --64`; `stage_code.ts` says what it does
 * and what follows the code. A test assembles the listing and compares where the assembler is
 * installed.
 *
 * At the entry of a program `rsp` points to what the kernel put there (argc, argv, envp, auxv: each
 * word of 8 bytes) and `rdx` holds a function of the dynamic loader's; both are handed on. The kernel
 * overwrites `rcx` and `r11`. Page permissions leave nothing but the stack to write to.
 */
export const LISTING_X86_64 = `
.intel_syntax noprefix
.text
        endbr64
        cld
        mov     r15, rsp                # what the kernel put there
        mov     r14, rdx                # what the loader wants back
        lea     rbp, [rsp-256]          # words 0-3: for the marker; 4, 5: a limit; 6: new; from 64: marker
        and     rbp, -16
        lea     rsp, [rbp-4096]         # below: a path
        lea     r13, [rip+end]          # the parameters
        mov     rax, -1                 # "as the caller left it"
        mov     [rbp], rax
        mov     [rbp+8], rax
        mov     [rbp+16], rax
        mov     [rbp+24], rax

# Each limit: resource, enough, least, offset and length of a message.
        lea     rbx, [r13+8]
        xor     r12d, r12d
limit:  xor     edi, edi
        mov     esi, [rbx]
        xor     edx, edx
        lea     r10, [rbp+32]
        mov     eax, 302                # prlimit64: what is it?
        syscall
        test    rax, rax
        jnz     nextl
        mov     rax, [rbp+32]           # the soft one
        cmp     rax, [rbx+8]
        jae     nextl
        mov     rdx, [rbp+40]           # the hard one
        cmp     rax, rdx
        jae     check
        mov     [rbp+48], rdx
        mov     [rbp+56], rdx
        mov     r8, rax
        xor     edi, edi
        mov     esi, [rbx]
        lea     rdx, [rbp+48]
        xor     r10d, r10d
        mov     eax, 302                # prlimit64: raise it
        syscall
        test    rax, rax
        mov     rax, r8
        jnz     check
        mov     [rbp+r12*8], rax        # to be given back
        mov     rax, [rbp+48]
check:  cmp     rax, [rbx+16]
        jb      fail
nextl:  add     rbx, 40
        inc     r12d
        cmp     r12d, 3
        jne     limit

# The runtime finds itself by this link, and reads the file that it names.
        mov     edi, -100               # AT_FDCWD
        lea     rsi, [rip+exe]
        mov     rdx, rsp
        mov     r10d, 4095
        mov     eax, 267                # readlinkat
        syscall
        test    rax, rax
        js      fail                    # rbx: the message behind the limits
        mov     byte ptr [rsp+rax], 0
        add     rbx, 40                 # the next one
        mov     edi, -100
        mov     rsi, rsp
        mov     edx, 4                  # R_OK
        mov     eax, 269                # faccessat
        syscall
        test    rax, rax
        jnz     fail
        mov     rsi, rsp                # is that path UTF-8?
        xor     ecx, ecx                # bytes of a character that are still to come
utf8:   lodsb
        test    ecx, ecx
        jz      first
        and     al, 0xc0
        cmp     al, 0x80
        jne     fail
        dec     ecx
        jmp     utf8
first:  test    al, al
        jz      cwd
        jns     utf8
        cmp     al, 0xc2
        jb      fail
        cmp     al, 0xf5
        jae     fail
        inc     ecx
        cmp     al, 0xe0
        jb      utf8
        inc     ecx
        cmp     al, 0xf0
        jb      utf8
        inc     ecx
        jmp     utf8

# A working directory that has no name any more is kept open, and left.
cwd:    mov     rdi, rsp
        mov     esi, 4096
        mov     eax, 79                 # getcwd
        syscall
        cmp     rax, -2                 # ENOENT: it was deleted
        je      leave
        test    rax, rax
        js      args                    # too long a path, say
        cmp     byte ptr [rsp], 0x2f
        je      args                    # otherwise it lies outside the root: "(unreachable)/..."
leave:  mov     edi, -100
        lea     rsi, [rip+dot]
        mov     edx, 0x290000           # O_PATH | O_DIRECTORY | O_CLOEXEC
        xor     r10d, r10d
        mov     eax, 257                # openat
        syscall
        test    rax, rax
        js      args
        mov     [rbp+24], rax
        lea     rdi, [rip+root]
        mov     eax, 80                 # chdir
        syscall

# Is there an argument that is more than ASCII?
args:   xor     r12d, r12d
        lea     rbx, [r15+8]
arg:    mov     rsi, [rbx]
        add     rbx, 8
        test    rsi, rsi
        jz      mark                    # rbx: the environment
char:   lodsb
        or      r12b, al
        test    al, al
        jnz     char
        jmp     arg

# Nothing to tell: the program is entered as if this were not here.
mark:   and     r12d, 0x80
        jnz     tell
        mov     rax, [rbp]
        and     rax, [rbp+8]
        and     rax, [rbp+16]
        and     rax, [rbp+24]
        inc     rax
        jnz     tell
        mov     rsp, r15
go:     mov     rdx, r14
        mov     rax, [r13]
        add     rax, r13
        jmp     rax

# The marker: a name and four words in hexadecimal.
tell:   lea     rdi, [rbp+64]
        lea     rsi, [rip+name]
        mov     ecx, marker-name        # its length
        rep movsb
        xor     edx, edx
value:  mov     r8, [rbp+rdx*8]
        mov     ecx, 16
digit:  rol     r8, 4
        mov     eax, r8d
        and     eax, 15
        add     al, 0x30
        cmp     al, 0x3a
        jb      store
        add     al, 0x27
store:  stosb
        dec     ecx
        jnz     digit
        inc     edx
        cmp     edx, 4
        jne     value
        mov     byte ptr [rdi], 0

# A stack of its own for the program: two arguments, the environment and the auxiliary vector.
        mov     rcx, rbx
env:    mov     rax, [rcx]
        add     rcx, 8
        test    rax, rax
        jnz     env
aux:    mov     rax, [rcx]
        add     rcx, 16
        test    rax, rax                # AT_NULL
        jnz     aux
        sub     rcx, rbx                # bytes of both
        mov     rsp, rbp
        sub     rsp, rcx
        sub     rsp, 32
        and     rsp, -16
        mov     qword ptr [rsp], 2
        lea     rax, [rip+self]
        mov     [rsp+8], rax
        lea     rax, [rbp+64]
        mov     [rsp+16], rax
        mov     qword ptr [rsp+24], 0
        lea     rdi, [rsp+32]
        mov     rsi, rbx
        shr     rcx, 3
        rep movsq
        jmp     go

fail:   mov     edi, 2
        mov     rsi, [rbx+24]
        add     rsi, r13
        mov     rdx, [rbx+32]
        mov     eax, 1                  # write
        syscall
        mov     edi, 1
        mov     eax, 231                # exit_group
        syscall
        hlt

exe:    .asciz  "/proc/self/exe"
dot:    .asciz  "."
root:   .asciz  "/"
self:   .asciz  "enroot"
name:   .ascii  "enroot-first-stage:"
marker: .balign 8
end:
`;

/** The machine code of {@link LISTING_X86_64}, in hexadecimal. */
export const CODE_X86_64 =
  "f30f1efafc4989e74989d6488dac2400ffffff4883e5f0488da500f0ffff4c8d2dab02000048c7c0" +
  "ffffffff48894500488945084889451048894518498d5d084531e431ff8b3331d24c8d5520b82e01" +
  "00000f054885c0754b488b4520483b43087341488b55284839d0732e48895530488955384989c031" +
  "ff8b33488d55304531d2b82e0100000f054885c04c89c075094a8944e500488b4530483b43100f82" +
  "d60100004883c32841ffc44183fc037592bf9cffffff488d35e10100004889e241baff0f0000b80b" +
  "0100000f054885c00f88a4010000c60404004883c328bf9cffffff4889e6ba04000000b80d010000" +
  "0f054885c00f857f0100004889e631c9ac85c9740e24c03c800f856b010000ffc9ebed84c0742279" +
  "e73cc20f82590100003cf50f8351010000ffc13ce072d1ffc13cf072cbffc1ebc74889e7be001000" +
  "00b84f0000000f054883f8fe740b4885c07838803c242f7432bf9cffffff488d3548010000ba0000" +
  "29004531d2b8010100000f054885c0781248894518488d3d2b010000b8500000000f054531e4498d" +
  "5f08488b334883c3084885f6740aac4108c484c075f8ebea4181e4800000007524488b4500482345" +
  "08482345104823451848ffc0750f4c89fc4c89f2498b45004c01e8ffe0488d7d40488d35d8000000" +
  "b913000000f3a431d24c8b44d500b91000000049c1c0044489c083e00f04303c3a72020427aaffc9" +
  "75e9ffc283fa0475d8c607004889d9488b014883c1084885c075f4488b014883c1104885c075f448" +
  "29d94889ec4829cc4883ec204883e4f048c7042402000000488d05620000004889442408488d4540" +
  "488944241048c744241800000000488d7c24204889de48c1e903f348a5e94fffffffbf0200000048" +
  "8b73184c01ee488b5320b8010000000f05bf01000000b8e70000000f05f42f70726f632f73656c66" +
  "2f657865002e002f00656e726f6f7400656e726f6f742d66697273742d73746167653a0f1f440000";
