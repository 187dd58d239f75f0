/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wall clock: KVM's, or the PC's real time clock (MC146818), read once; from then on it advances
 * with the monotonic clock.
 */
#include <uk/spin.h>
#include <uk/plat/clock.h>

#include "kvm.h"

#define STATUS_A   10
#define STATUS_B   11
#define STATUS_D   13
#define CENTURY    0x32
#define A_UPDATING 0x80
#define B_BINARY   0x04
#define B_24_HOURS 0x02
#define D_VALID    0x80
#define PM         0x80

enum { SEC, MIN, HOUR, DAY, MONTH, YEAR, CENT, FIELDS };

static uint8_t cmos(uint8_t reg)
{
	uk_outb(CMOS_INDEX, reg);
	return uk_inb(CMOS_DATA);
}

static void read_fields(uint8_t f[FIELDS])
{
	static const uint8_t regs[FIELDS] = { 0, 2, 4, 7, 8, 9, CENTURY };

	for (unsigned i = 0; i < FIELDS; i++)
		f[i] = cmos(regs[i]);
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar (March as first month). */
static uint64_t days(unsigned y, unsigned m, unsigned d)
{
	y -= m <= 2;
	m = (m + 9) % 12;
	return y * 365UL + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + d - 1 - 719468;
}

/* Seconds since 1970, 0 if there is no such clock. */
static uint64_t rtc_seconds(void)
{
	uint8_t f[FIELDS], again[FIELDS], status;
	unsigned y, pm, tries = 1000;

	if (cmos(STATUS_D) != D_VALID)
		return 0;
	/*
	 * During an update (once a second) the registers are undefined: the same value twice, then.
	 */
	do {
		read_fields(f);
		if (cmos(STATUS_A) & A_UPDATING)
			continue;
		read_fields(again);
	} while (__builtin_memcmp(f, again, sizeof(f)) && --tries);
	status = cmos(STATUS_B);
	pm = f[HOUR] & PM;
	f[HOUR] &= (uint8_t)~PM;
	if (!(status & B_BINARY))
		for (unsigned i = 0; i < FIELDS; i++)
			f[i] = (uint8_t)((f[i] >> 4) * 10 + (f[i] & 15));
	if (!(status & B_24_HOURS))
		f[HOUR] = (uint8_t)(f[HOUR] % 12 + (pm ? 12 : 0));
	y = f[YEAR] + (f[CENT] >= 19 && f[CENT] <= 30 ? f[CENT] * 100U
		       : f[YEAR] < 70                 ? 2000
						      : 1900);
	if (y < 1970 || !f[MONTH] || f[MONTH] > 12 || !f[DAY])
		return 0;
	return ((days(y, f[MONTH], f[DAY]) * 24 + f[HOUR]) * 60 + f[MIN]) * 60 + f[SEC];
}

uk_nsec uk_plat_clock_wall(void)
{
	static uk_nsec boot_wall; /* the wall clock at monotonic time 0 */
	static bool asked;
	static struct uk_spinlock lock;
	uk_nsec now = uk_plat_clock_monotonic();
	bool irq;

	if (UK_LIKELY(asked))
		return boot_wall ? boot_wall + now : 0;
	irq = uk_spin_lock_save(&lock);
	if (!asked) {
		boot_wall = kvm_kvmclock_wall();
		if (!boot_wall) {
			boot_wall = rtc_seconds() * UK_NSEC_PER_SEC;
			boot_wall -= boot_wall ? now : 0;
		}
		UK_BARRIER();
		asked = true;
	}
	uk_spin_unlock_restore(&lock, irq);
	return boot_wall ? boot_wall + now : 0;
}
