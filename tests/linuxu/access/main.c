/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accesses memory where there is none, by the instruction that the argument names; "names" lists them: r or w, then a name. What is
 * read and what is written the host does not always tell. (Not there: dc zva, of which qemu-user 7.2 does not say where it is.)
 */
#include <stdio.h>
#include <string.h>

struct access {
	const char *name;
	void (*fn)(void *where);
};

/* clang-format off */
#ifdef __riscv
#define READS(X) \
	X(r, ld, "ld a4, 8(%0)") X(r, lbu, "lbu a4, 3(%0)") X(r, c_ld, "c.ld a4, 8(%0)") \
	X(r, c_lw, "c.lw a4, 4(%0)") X(r, fld, "fld fa4, 8(%0)") X(r, c_fld, "c.fld fa4, 8(%0)") \
	X(r, lr, "lr.d a4, (%0)") X(r, lr_w, "lr.w.aqrl a4, (%0)")
#define WRITES(X) \
	X(w, sd, "sd a4, 8(%0)") X(w, sb, "sb a4, 3(%0)") X(w, c_sd, "c.sd a4, 8(%0)") \
	X(w, c_sw, "c.sw a4, 4(%0)") X(w, fsd, "fsd fa4, 8(%0)") X(w, fsw, "fsw fa4, 8(%0)") \
	X(w, c_fsd, "c.fsd fa4, 8(%0)") X(w, amoadd, "amoadd.d a4, a4, (%0)") \
	X(w, amoswap, "amoswap.w.aq a4, a4, (%0)") \
	X(w, sp, "mv a4, sp\n\tmv sp, %0\n\tc.sdsp a3, 8(sp)\n\tmv sp, a4")
#define WHERE "a5"
#define LOST  "a3", "a4", "fa4", "memory"
#else
#define READS(X) \
	X(r, ldr, "ldr x4, [%0, #8]") X(r, ldrb, "ldrb w4, [%0], #1") X(r, ldrsw, "ldrsw x4, [%0]") \
	X(r, ldrsb, "ldrsb x4, [%0, xzr]") X(r, ldp, "ldp x4, x5, [%0, #16]") X(r, ldpsw, "ldpsw x4, x5, [%0]") \
	X(r, ldr_q, "ldr q4, [%0, #16]") X(r, ldp_q, "ldp q4, q5, [%0]") X(r, ld1, "ld1 {v4.16b}, [%0]") \
	X(r, ld4, "ld4 {v4.s, v5.s, v6.s, v7.s}[1], [%0]") X(r, ldxr, "ldxr x4, [%0]") \
	X(r, ldaxp, "ldaxp x4, x5, [%0]") X(r, ldar, "ldar w4, [%0]") \
	X(r, ldur, "ldur x4, [%0, #-3]") X(r, ldr_d, "ldr d4, [%0]") \
	X(r, ldapr, ".arch_extension rcpc\n\tldapr x4, [%0]")
#define WRITES(X) \
	X(w, str, "str x4, [%0, #8]") X(w, strb, "strb w4, [%0], #1") X(w, strh, "strh w4, [%0, xzr]") \
	X(w, stur, "stur x4, [%0, #-3]") X(w, str_q, "str q4, [%0, #16]") X(w, str_d, "str d4, [%0]") \
	X(w, stp_q, "stp q4, q5, [%0]") X(w, st4, "st4 {v4.s, v5.s, v6.s, v7.s}[1], [%0]") \
	X(w, stlr, "stlr w4, [%0]") \
	X(w, stp, "stp x4, x5, [%0, #16]") X(w, st1, "st1 {v4.16b}, [%0]") \
	X(w, ldadd, ".arch_extension lse\n\tldadd x4, x5, [%0]") \
	X(w, cas, ".arch_extension lse\n\tcasal x4, x5, [%0]") \
	X(w, swp, ".arch_extension lse\n\tswpal w4, w5, [%0]") \
	X(w, casp, ".arch_extension lse\n\tcasp x4, x5, x6, x7, [%0]")
#define WHERE "x3"
#define LOST  "x4", "x5", "x6", "x7", "v4", "v5", "v6", "v7", "memory"
#endif
/* clang-format on */

#define INSTRUCTION(how, name, text)                                                               \
	static void how##_##name(void *where)                                                      \
	{                                                                                          \
		register void *at __asm__(WHERE) = where;                                          \
                                                                                                   \
		__asm__ volatile(text ::"r"(at) : LOST);                                           \
	}

READS(INSTRUCTION)
WRITES(INSTRUCTION)

#define ENTRY(how, name, text) { #how " " #name, how##_##name },

static const struct access all[] = { READS(ENTRY) WRITES(ENTRY) };

int main(int argc, char **argv)
{
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (argc < 2 || !strcmp(argv[1], "names"))
			puts(all[i].name);
		else if (!strcmp(argv[1], all[i].name + 2))
			all[i].fn((void *)0x10000000);
	return 0;
}
