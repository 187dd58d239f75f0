/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ACPI tables (ACPI 6.4 §5.2), read when somebody asks for one. There is no interpreter: the few
 * things needed from the byte code are found by their bytes: the sleep type of S5, the generic event
 * device, the machine's generation.
 *
 * The tables come from outside. Addresses, lengths and checksums are checked; what is wrong is said
 * once, by name, and the table counts as absent: everything has a fallback.
 */
#include <uk/arch/paging.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/print.h>
#include <uk/string.h>

#include "kvm.h"

#define HEADER_SIZE  36
#define OEM_TABLE_ID 16 /* in a header; 8 characters, of which we compare 7 */
#define TABLE_MAX    (4U << 20)
#define RSDP_V1      20
#define RSDP_V2      36
#define PADDR_LIMIT  (1ULL << 36) /* what every 64-bit CPU can address */

/* Where firmware leaves the root pointer if the loader does not tell. */
#define BIOS_START 0xe0000
#define BIOS_END   0x100000

#define RSDP_SIGNATURE 0x2052545020445352 /* "RSD PTR " */

static uk_paddr_t rsdp_told;

/* What root() found, so that firmware without ACPI is searched once: entry size 0 means not yet. */
static uint64_t root_pa;
static unsigned root_entry;

void acpi_init(uk_paddr_t rsdp)
{
	rsdp_told = rsdp;
}

static const void *map(uint64_t pa, uint64_t len)
{
	return pa && pa < PADDR_LIMIT && len <= PADDR_LIMIT - pa ? uk_arch_boot_map(pa, len) : NULL;
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *p++;
	return s;
}

/* A mapped, checked table, or NULL. */
static const uint8_t *table_map(uint64_t pa, size_t *len)
{
	const uint8_t *t = map(pa, HEADER_SIZE);
	const char *wrong;

	if (!t)
		return NULL;
	*len = acpi_field(t, 4, 4);
	wrong = *len < HEADER_SIZE || *len > TABLE_MAX ? "length" : NULL;
	if (!wrong) {
		t = map(pa, *len);
		if (!t)
			return NULL;
		wrong = sum(t, *len) ? "checksum" : NULL;
	}
	if (wrong) {
		uk_pr_err("ACPI table %.4s at %#lx is corrupt (%s): ignored", (const char *)t,
			  (unsigned long)pa, wrong);
		uk_arch_boot_unmap(t, HEADER_SIZE);
		return NULL;
	}
	return t;
}

static bool rsdp_ok(const uint8_t *r)
{
	return *(const uint64_t *)r == RSDP_SIGNATURE && !sum(r, RSDP_V1) &&
	       (r[15] < 2 || !sum(r, RSDP_V2));
}

/* Finds the root table: its physical address, 0 if there is none, and the size of its entries. */
static void find_root(void)
{
	const uint8_t *r, *bios = NULL;
	uint64_t pa = 0;

	root_entry = 4;
	if (rsdp_told) {
		r = map(rsdp_told, RSDP_V2);
		if (r && !rsdp_ok(r)) {
			uk_pr_err("ACPI root pointer at %#lx is corrupt: ignored",
				  (unsigned long)rsdp_told);
			uk_arch_boot_unmap(r, RSDP_V2);
			rsdp_told = 0;
			r = NULL;
		}
	} else {
		bios = map(BIOS_START, BIOS_END - BIOS_START);
		for (r = bios; r && r < bios + BIOS_END - BIOS_START - RSDP_V2; r += 16)
			if (rsdp_ok(r))
				break;
		if (r && r >= bios + BIOS_END - BIOS_START - RSDP_V2)
			r = NULL;
	}
	if (r) {
		pa = r[15] >= 2 ? acpi_field(r, 24, 8) : 0;
		root_entry = pa ? 8 : 4;
		if (!pa)
			pa = acpi_field(r, 16, 4);
	}
	if (r || bios)
		uk_arch_boot_unmap(r ? r : bios, RSDP_V2);
	root_pa = pa;
}

/* As acpi_read(); of several with that signature the one whose maker called it `id`, if not NULL. */
static size_t read_table(const char *sig, const char *id, void *buf, size_t size)
{
	size_t len, n = 0;
	const uint8_t *list, *t;

	if (!root_entry)
		find_root();
	memset(buf, 0, size);
	list = root_pa ? table_map(root_pa, &len) : NULL;
	for (size_t i = HEADER_SIZE; list && !n && i + root_entry <= len; i += root_entry) {
		uint64_t where = acpi_field(list, (unsigned)i, root_entry);

		t = map(where, HEADER_SIZE);
		if (!t || memcmp(t, sig, 4) || (id && memcmp(t + OEM_TABLE_ID, id, 7)))
			continue;
		t = table_map(where, &n);
		if (!t) {
			n = 0;
			break;
		}
		memcpy(buf, t, UK_MIN(n, size));
	}
	/* The tables lie close together; the list's mapping and theirs go in one. */
	if (list)
		uk_arch_boot_unmap(list, len);
	return n;
}

size_t acpi_read(const char *sig, void *buf, size_t size)
{
	return read_table(sig, NULL, buf, size);
}

bool acpi_visit(const char *sig, void (*fn)(const uint8_t *table, size_t len, void *arg), void *arg)
{
	uint8_t fadt[FADT_SIZE];
	size_t len, root_len;
	const uint8_t *t = NULL, *list;

	if (!memcmp(sig, "DSDT", 4)) {
		uint64_t pa;

		if (!acpi_read("FACP", fadt, sizeof(fadt)))
			return false;
		pa = acpi_field(fadt, FADT_X_DSDT, 8);
		t = table_map(pa ? pa : acpi_field(fadt, FADT_DSDT, 4), &len);
		list = NULL;
	} else {
		if (!root_entry)
			find_root();
		list = root_pa ? table_map(root_pa, &root_len) : NULL;
	}
	for (size_t i = HEADER_SIZE; list && !t && i + root_entry <= root_len; i += root_entry) {
		uint64_t where = acpi_field(list, (unsigned)i, root_entry);

		t = map(where, HEADER_SIZE);
		t = t && !memcmp(t, sig, 4) ? table_map(where, &len) : NULL;
	}
	if (t)
		fn(t, len, arg);
	if (list)
		uk_arch_boot_unmap(list, root_len);
	else if (t)
		uk_arch_boot_unmap(t, len);
	return t;
}

#ifdef CONFIG_SMP
/* Entries of the MADT (§5.2.12.2, §5.2.12.12). */
#define MADT_ENTRIES 44
#define MADT_LAPIC   0
#define MADT_X2APIC  9
#define MADT_ENABLED 1U

struct cpus {
	void (*fn)(uint32_t id);
	unsigned n;
};

static void madt_cpus(const uint8_t *t, size_t len, void *arg)
{
	struct cpus *cpus = arg;

	for (size_t i = MADT_ENTRIES; i + 2 <= len && t[i + 1] >= 2 && i + t[i + 1] <= len;
	     i += t[i + 1]) {
		const uint8_t *e = t + i;
		uint32_t id;

		if (e[0] == MADT_LAPIC && e[1] >= 8 && e[3] != 0xff && e[4] & MADT_ENABLED)
			id = e[3];
		else if (e[0] == MADT_X2APIC && e[1] >= 16 && e[8] & MADT_ENABLED)
			id = (uint32_t)acpi_field(e, 4, 4);
		else
			continue;
		cpus->fn(id);
		cpus->n++;
	}
}

unsigned acpi_cpus(void (*fn)(uint32_t id))
{
	struct cpus cpus = { .fn = fn };

	acpi_visit("APIC", madt_cpus, &cpus);
	return cpus.n;
}
#endif

/* DefName "VGIA" DWordConst: 08 'VGIA' 0c address; 40 bytes behind that address it is. */
uint64_t acpi_generation(void)
{
	uint8_t ssdt[512];
	size_t len = UK_MIN(read_table("SSDT", "VMGENID", ssdt, sizeof(ssdt)), sizeof(ssdt));

	for (size_t i = HEADER_SIZE; i + 9 <= len; i++)
		if (!memcmp(ssdt + i, "VGIA\x0c", 5) && acpi_field(ssdt, (unsigned)i + 5, 4))
			return acpi_field(ssdt, (unsigned)i + 5, 4) + 40;
	return 0;
}

/* DefName "_S5_" DefPackage: 08 '_S5_' 12 length count value ... (ACPI 6.4 §20.2.5). */
int acpi_sleep_type(uint64_t pa)
{
	size_t len;
	const uint8_t *t = table_map(pa, &len), *p, *end;

	if (!t)
		return -ENOENT;
	for (p = t + HEADER_SIZE, end = t + len; p + 8 <= end; p++) {
		if (memcmp(p, "_S5_\x12", 5))
			continue;
		p += 5 + 1 + (p[5] >> 6) + 1; /* package length is 1 to 4 bytes; then a count */
		if (p + 1 < end &&
		    *p == 0x0a) /* BytePrefix; 0 and 1 have codes that are their value */
			p++;
		return p < end ? *p : -ENOENT;
	}
	return -ENOENT;
}

/*
 * The device of that id; behind it the operation region of its register, 5b 80 name(4) 00 0c
 * address(4) (§20.2.5.2: system memory, a double word), and its interrupt, a descriptor 89 06 00
 * flags count line(4) (§6.4.3.6), in any order. As QEMU writes it.
 */
bool acpi_event_device(uint64_t pa, uint64_t *address, unsigned *line)
{
	size_t len;
	const uint8_t *t = table_map(pa, &len), *p, *end;
	bool device = false, region = false, interrupt = false;

	if (!t)
		return false;
	for (p = t + HEADER_SIZE, end = t + len; p + 12 <= end && !(region && interrupt); p++) {
		if (!memcmp(p, "ACPI0013", 8)) {
			device = true;
		} else if (device && !region && p[0] == 0x5b && p[1] == 0x80 && !p[6] &&
			   p[7] == 0x0c) {
			*address = acpi_field(p, 8, 4);
			region = true;
		} else if (device && !interrupt && p[0] == 0x89 && p[1] == 6 && !p[2] &&
			   p[4] == 1) {
			*line = (unsigned)acpi_field(p, 5, 4);
			interrupt = true;
		}
	}
	uk_arch_boot_unmap(t, len);
	return region && interrupt;
}
