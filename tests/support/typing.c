/*
 * Tries to put characters into the input of its terminal, by every entry of the kernel that it has,
 * and prints what each said: "ENTRY REQUEST ERRNO", a line each.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned long requests[] = {0x5412 /* TIOCSTI */, 0x541c /* TIOCLINUX */};
static char character = 'x'; /* Below 4 GiB: the program is linked to fixed addresses. */

static void show(const char *entry, unsigned long request, long result)
{
    printf("%s %lx %ld\n", entry, request, result < 0 ? -result : 0);
}

static long call(long number, unsigned long request)
{
    return syscall(number, 0, request, &character) < 0 ? -errno : 0;
}

#ifdef __x86_64__
#define X32_BIT 0x40000000

static sigjmp_buf without;

static void skip(int signal)
{
    (void)signal;
    siglongjmp(without, 1);
}

static long call_as_i386(unsigned long request)
{
    long result = 54;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"(0L), "c"(request), "d"(&character)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#endif

int main(void)
{
    for (int i = 0; i < 2; i++) {
        show("native", requests[i], call(SYS_ioctl, requests[i]));
        show("native", 1UL << 32 | requests[i], call(SYS_ioctl, 1UL << 32 | requests[i]));
#ifdef __x86_64__
        show("x32", requests[i], call(X32_BIT | 514, requests[i]));
        signal(SIGSEGV, skip); /* A kernel can be without the entry. */
        if (sigsetjmp(without, 1) == 0)
            show("i386", requests[i], call_as_i386(requests[i]));
#endif
    }
    return 0;
}
