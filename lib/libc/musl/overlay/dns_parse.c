/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The answers of a server of names (RFC 1035 §4.1), one by one, to musl's own functions. musl 1.2.3 takes up to ten bytes behind a packet whose
 * last record is cut off for that record's data; here a record is whole, or it is not there.
 */
#define HEADER  12
#define RECORD  10   /* of a record, between its name and its data */
#define POINTER 0xc0 /* a name goes on elsewhere */
#define MOST    64   /* questions and answers: as many as musl looks at */

typedef int tell_fn(void *to, int type, const void *data, int length, const void *packet);

int __dns_parse(const unsigned char *packet, int n, tell_fn *tell, void *to)
	__attribute__((visibility("hidden")));

int __dns_parse(const unsigned char *packet, int n, tell_fn *tell, void *to)
{
	const unsigned char *p = packet + HEADER, *end = packet + n;
	int questions, records, length, i;

	if (n < HEADER)
		return -1;
	if (packet[3] & 15) /* an error, without answers */
		return 0;
	questions = packet[4] << 8 | packet[5];
	records = questions + (packet[6] << 8 | packet[7]);
	if (records > MOST)
		return -1;
	for (i = 0; i < records; i++) {
		while (p < end && *p && *p < POINTER)
			p += 1 + *p;
		p += p < end && *p ? 2 : 1;
		p += i < questions ? 4 : RECORD;
		if (p > end) /* by less than two labels: nothing has been looked at there */
			return -1;
		if (i < questions)
			continue;
		length = p[-2] << 8 | p[-1];
		if (end - p < length || tell(to, p[1 - RECORD], p, length, packet) < 0)
			return -1;
		p += length;
	}
	return 0;
}
