/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SQLite in several threads, each with a connection of its own: to one database that all change, and to
 * one that is the thread's alone. Accounts, between which amounts are moved, keep their sum; what a
 * reader sees is one moment's. Prints transactions per second. THREADS ROUNDS
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ACCOUNTS "100"
#define SUM      100000

static unsigned threads = 4, rounds = 100, failed;
static const char *journal = "delete";

static void check(sqlite3 *db, int rc, const char *what)
{
	if (rc == SQLITE_OK)
		return;
	printf("%s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
	__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
}

static sqlite3 *connect(const char *path)
{
	char pragma[64];
	sqlite3 *db;

	check(NULL, sqlite3_open(path, &db), path);
	sqlite3_busy_timeout(db, 100000);
	snprintf(pragma, sizeof(pragma), "pragma journal_mode=%s", journal);
	check(db, sqlite3_exec(db, pragma, NULL, NULL, NULL), pragma);
	return db;
}

static int number(void *to, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	*(int *)to = values[0] ? atoi(values[0]) : -1;
	return 0;
}

static int ask(sqlite3 *db, const char *sql)
{
	int answer = -1;

	check(db, sqlite3_exec(db, sql, number, &answer, NULL), sql);
	return answer;
}

static void fill(sqlite3 *db)
{
	(void)ask(db,
		  "create table account(id integer primary key, amount int);"
		  "with recursive n(i) as (select 0 union all select i + 1 from n limit " ACCOUNTS
		  ") insert into account select i, 1000 from n;");
}

static void *shared(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg + 1;
	sqlite3 *db = connect("/tmp/shared.db");
	char sql[256];

	for (unsigned i = 0; i < rounds; i++) {
		int amount = (int)(rand_r(&seed) % 50), from = rand_r(&seed) % 100,
		    to = rand_r(&seed) % 100;

		snprintf(sql, sizeof(sql),
			 "begin immediate; update account set amount = amount - %d where id = %d;"
			 "update account set amount = amount + %d where id = %d; commit;",
			 amount, from, amount, to);
		(void)ask(db, sql);
		if (i % 8 == 0 && ask(db, "select sum(amount) from account") != SUM) {
			printf("money is lost\n");
			__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
		}
	}
	check(db, sqlite3_close(db), "close");
	return NULL;
}

static void *own(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	char path[32], sql[96];
	sqlite3 *db;

	snprintf(path, sizeof(path), "/tmp/own%u.db", self);
	db = connect(path);
	fill(db);
	for (unsigned i = 0; i < rounds; i++) {
		snprintf(sql, sizeof(sql),
			 "update account set amount = amount + 1 where id %% 10 = %u", i % 10);
		(void)ask(db, sql);
	}
	if (ask(db, "select sum(amount) from account") != SUM + (int)rounds * 10 ||
	    ask(db, "select count(*) from pragma_integrity_check where integrity_check = 'ok'") !=
		    1) {
		printf("%s is wrong\n", path);
		__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	}
	check(db, sqlite3_close(db), "close");
	return NULL;
}

static void run(const char *name, void *(*fn)(void *))
{
	pthread_t t[64];
	struct timespec a, b;
	double s;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, fn, (void *)(uintptr_t)i))
			exit(100);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%s: %u transactions in %.3f s, %.0f a second\n", name, threads * rounds, s,
	       threads * rounds / s);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	sqlite3 *db;

	if (argc > 1)
		threads = (unsigned)atoi(argv[1]);
	if (argc > 2)
		rounds = (unsigned)atoi(argv[2]);
	if (argc > 3)
		journal = argv[3];
	if (!threads || threads > 64 || !rounds)
		return 100;
	db = connect("/tmp/shared.db");
	fill(db);
	run("shared", shared);
	if (ask(db, "select sum(amount) from account") != SUM ||
	    ask(db, "select count(*) from pragma_integrity_check where integrity_check = 'ok'") !=
		    1) {
		printf("shared.db is wrong\n");
		failed++;
	}
	check(db, sqlite3_close(db), "close");
	run("own", own);
	return failed > 0;
}
