/* Has a process believe that it runs on another processor: vendor, model, instruction sets, caches.

   Loaded by LD_PRELOAD, with PRETEND=VENDOR,AVX512,L1,L2: vendor amd or intel, whether AVX-512 and AMX
   are left in (1 or 0), kilobytes of the caches of a core. The kernel makes the instruction CPUID fault
   (arch_prctl, Linux 4.12 and an Intel processor), and the handler answers in its place. */

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

enum { A, B, C, D };
static int amd, avx512, l1, l2;
static struct sigaction before;

static void ask(uint32_t leaf, uint32_t part, uint32_t *r)
{
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __asm__ volatile("cpuid" : "=a"(r[A]), "=b"(r[B]), "=c"(r[C]), "=d"(r[D]) : "a"(leaf), "c"(part));
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
}

/* Leaves 4 (Intel) and 0x8000001D (AMD): level 1 of data and instructions, levels 2 and 3. */
static void caches(uint32_t part, uint32_t *r)
{
    static const int level[] = {1, 1, 2, 3}, kind[] = {1, 2, 3, 3};
    memset(r, 0, 4 * sizeof *r);
    if (part > 3)
        return;
    uint32_t kilobytes = part < 2 ? l1 : part == 2 ? l2 : 16384, ways = 8, line = 64;
    r[A] = kind[part] | level[part] << 5 | BIT(8);
    r[B] = (line - 1) | (ways - 1) << 22;
    r[C] = kilobytes * 1024 / line / ways - 1;
}

static void pretend(uint32_t leaf, uint32_t part, uint32_t *r)
{
    if (!avx512 && leaf == 7 && part == 0) {
        r[B] &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31));
        r[C] &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));
        r[D] &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25));
    }
    if (!avx512 && leaf == 7 && part == 1)
        r[A] &= ~(BIT(4) | BIT(5) | BIT(21)); /* AVX-VNNI, AVX-512 BF16, AMX FP16 */
    if (!avx512 && leaf == 0xd && part == 0)
        r[A] &= ~0xe0u;
    if (leaf == (amd ? 0x8000001d : 4))
        caches(part, r);
    if (!amd)
        return;
    if (leaf == 0 || leaf == 0x80000000) {
        r[A] = leaf ? 0x8000001e : 0x10;
        memcpy(&r[B], "Auth", 4), memcpy(&r[D], "enti", 4), memcpy(&r[C], "cAMD", 4);
    }
    if (leaf == 1 || leaf == 0x80000001)
        r[A] = 0x00a20f12; /* family 25: Zen 3 */
    if (leaf == 0x80000001)
        r[C] |= BIT(22); /* caches are in leaf 0x8000001D */
    if (leaf == 0x80000006)
        r[C] = (uint32_t)l2 << 16 | 0x6140;
    if (leaf == 2 || leaf == 4 || leaf == 0xb || leaf == 0x1f)
        memset(r, 0, 4 * sizeof *r);
}

static void fault(int number, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)g[REG_RIP];
    (void)number, (void)info;
    if (code[0] != 0x0f || code[1] != 0xa2) { /* a real fault: let it happen again */
        sigaction(SIGSEGV, &before, NULL);
        return;
    }
    uint32_t r[4];
    ask(g[REG_RAX], g[REG_RCX], r);
    pretend(g[REG_RAX], g[REG_RCX], r);
    g[REG_RAX] = r[A], g[REG_RBX] = r[B], g[REG_RCX] = r[C], g[REG_RDX] = r[D];
    g[REG_RIP] += 2;
}

__attribute__((constructor)) static void start(void)
{
    char vendor[16];
    const char *text = getenv("PRETEND");
    if (!text)
        return;
    if (sscanf(text, "%15[^,],%d,%d,%d", vendor, &avx512, &l1, &l2) != 4) {
        fprintf(stderr, "PRETEND is %s; expected VENDOR,AVX512,L1,L2\n", text);
        exit(2);
    }
    amd = !strcmp(vendor, "amd");
    struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, &before);
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0)) {
        perror("CPUID cannot be intercepted on this machine");
        exit(2);
    }
}
