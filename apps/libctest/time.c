/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks, sleeping, calendar time, time zones from rules and from files. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

TEST(time, clocks)
{
	struct timespec a, b, res;
	struct timeval tv;

	EXPECT_EQ(clock_gettime(CLOCK_MONOTONIC, &a), 0);
	EXPECT_EQ(clock_gettime(CLOCK_MONOTONIC, &b), 0);
	EXPECT(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
	EXPECT_EQ(clock_gettime(CLOCK_REALTIME, &a), 0);
	EXPECT_EQ(gettimeofday(&tv, NULL), 0);
	EXPECT_LE(labs(tv.tv_sec - a.tv_sec), 1L);
	EXPECT_LE(labs(time(NULL) - a.tv_sec), 1L);
	EXPECT_GT(a.tv_sec, 1500000000L);
	EXPECT_EQ(clock_getres(CLOCK_MONOTONIC, &res), 0);
	EXPECT_EQ(res.tv_sec, 0L);
	EXPECT_FAIL(clock_gettime(1000, &a), EINVAL);
	EXPECT_NE(clock(), (clock_t)-1);
}

TEST(time, sleeping)
{
	struct timespec ts = { 0, 30000000 }, bad = { 0, 1000000000 };
	long start = now_ms();

	EXPECT_EQ(nanosleep(&ts, NULL), 0);
	EXPECT_GE(now_ms() - start, 29L);
	start = now_ms(); /* first: time may pass between two looks */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 30000000;
	if (ts.tv_nsec >= 1000000000)
		ts.tv_sec++, ts.tv_nsec -= 1000000000;
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	EXPECT_GE(now_ms() - start, 29L);
	EXPECT_FAIL(nanosleep(&bad, NULL), EINVAL);
	EXPECT_EQ(usleep(1000), 0);
}

TEST(time, calendar)
{
	time_t t = 951782400; /* 2000-02-29 00:00:00 UTC, a Tuesday */
	struct tm tm, *p = gmtime_r(&t, &tm);
	char b[64];

	REQUIRE(p == &tm);
	EXPECT_EQ(tm.tm_year, 100);
	EXPECT_EQ(tm.tm_mon, 1);
	EXPECT_EQ(tm.tm_mday, 29);
	EXPECT_EQ(tm.tm_wday, 2);
	EXPECT_EQ(tm.tm_yday, 59);
	EXPECT_EQ(timegm(&tm), t);
	EXPECT_STR(asctime_r(&tm, b), "Tue Feb 29 00:00:00 2000\n");
	EXPECT_EQ(strftime(b, sizeof(b), "%Y-%m-%d %H:%M:%S %a %j %U %V %%", &tm), 35UL);
	EXPECT_STR(b, "2000-02-29 00:00:00 Tue 060 09 09 %");
	t = -1;
	gmtime_r(&t, &tm);
	EXPECT_EQ(tm.tm_year, 69);
	EXPECT_EQ(tm.tm_sec, 59);
	t = 253402300799LL; /* the last second of the year 9999 */
	gmtime_r(&t, &tm);
	EXPECT_EQ(tm.tm_year, 8099);
	EXPECT_DOUBLE(difftime(10, 7), 3.0);
}

TEST(time, strptime)
{
	struct tm tm = { 0 };

	EXPECT_STR(strptime("2024-05-17 13:07:09 rest", "%Y-%m-%d %H:%M:%S", &tm), " rest");
	EXPECT_EQ(tm.tm_year, 124);
	EXPECT_EQ(tm.tm_mon, 4);
	EXPECT_EQ(tm.tm_hour, 13);
	EXPECT(!strptime("nonsense", "%d", &tm));
}

TEST(time, zone_from_rules)
{
	time_t winter = 1705320000, summer = 1721044800; /* 2024-01-15, 2024-07-15, 12:00 UTC */
	struct tm tm;

	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	EXPECT_EQ(localtime_r(&winter, &tm)->tm_hour, 13);
	EXPECT_EQ(tm.tm_isdst, 0);
	EXPECT_STR(tm.tm_zone, "CET");
	EXPECT_EQ(localtime_r(&summer, &tm)->tm_hour, 14);
	EXPECT_EQ(tm.tm_isdst, 1);
	EXPECT_EQ(tm.tm_gmtoff, 7200L);
	tm.tm_isdst = -1;
	EXPECT_EQ(mktime(&tm), summer);
	EXPECT_STR(tzname[1], "CEST");
	EXPECT_EQ(timezone, -3600L);
	/* The hour that does not exist: 2024-03-31 02:30. */
	tm = (struct tm){ .tm_year = 124,
			  .tm_mon = 2,
			  .tm_mday = 31,
			  .tm_hour = 2,
			  .tm_min = 30,
			  .tm_isdst = -1 };
	EXPECT_NE(mktime(&tm), (time_t)-1);
	EXPECT_NE(tm.tm_hour, 2);
	zone("<-03>3");
	EXPECT_EQ(localtime_r(&winter, &tm)->tm_hour, 9);
	zone("UTC0");
	EXPECT_EQ(localtime_r(&winter, &tm)->tm_hour, 12);
}

static void put32(unsigned char **p, uint32_t v)
{
	for (int i = 24; i >= 0; i -= 8)
		*(*p)++ = (unsigned char)(v >> i);
}

static void put64(unsigned char **p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p, (uint32_t)v);
}

static void put_header(unsigned char **p, uint32_t times, uint32_t types, uint32_t chars)
{
	memcpy(*p, "TZif2", 5);
	memset(*p + 5, 0, 15);
	*p += 20;
	put32(p, 0);
	put32(p, 0);
	put32(p, 0);
	put32(p, times);
	put32(p, types);
	put32(p, chars);
}

/* A zone file (RFC 8536, version 2) that moves from one hour east to two in the year 2001. */
TEST(time, zone_from_file)
{
	static const char path[] = "/usr/share/zoneinfo/Test/Zone";
	time_t before = 946684800, after = 1262304000; /* 2000-01-01, 2010-01-01 */
	unsigned char file[256], *p = file;
	struct tm tm;
	int fd;

	put_header(&p, 0, 1, 1);
	memset(p, 0, 7); /* one type, one character */
	p += 7;
	put_header(&p, 2, 2, 8);
	put64(&p, 978307200);
	put64(&p, 1199145600); /* what holds after the last change is in the text at the end */
	*p++ = 1, *p++ = 1;
	put32(&p, 3600);
	*p++ = 0, *p++ = 0;
	put32(&p, 7200);
	*p++ = 0, *p++ = 4;
	memcpy(p, "ONE\0TWO", 8);
	p += 8;
	memcpy(p, "\nTWO-2\n", 7);
	p += 7;

	mkdir("/usr", 0777);
	mkdir("/usr/share", 0777);
	mkdir("/usr/share/zoneinfo", 0777);
	mkdir("/usr/share/zoneinfo/Test", 0777);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	if (fd < 0)
		SKIP("no place for a zone file");
	EXPECT_EQ(write(fd, file, p - file), p - file);
	close(fd);
	zone("Test/Zone");
	EXPECT_EQ(localtime_r(&before, &tm)->tm_hour, 1);
	EXPECT_STR(tm.tm_zone, "ONE");
	EXPECT_EQ(localtime_r(&after, &tm)->tm_hour, 2);
	EXPECT_STR(tm.tm_zone, "TWO");
	zone("UTC0");
	unlink(path);
	rmdir("/usr/share/zoneinfo/Test");
}
