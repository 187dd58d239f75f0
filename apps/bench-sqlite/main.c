/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SQLite at work: N inserts that are a transaction each, N in one transaction, and a full scan.
 *
 *   bench-sqlite [N [DATABASE]]	default 60000 and :memory:
 *
 * Phases are marked and reported like those of bench-micro (see there); the Linux guest runs the
 * same file over the same SQLite with the same flags and libc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <uk/mark.h>

#define MARK_BEGIN 16
#define MARK_END   17

static sqlite3 *db;

static void sql(const char *statement)
{
	char *error = NULL;

	if (sqlite3_exec(db, statement, NULL, NULL, &error) != SQLITE_OK) {
		fprintf(stderr, "bench-sqlite: %s: %s\n", statement, error);
		exit(1);
	}
}

static void create(const char *table)
{
	char statement[160];

	snprintf(statement, sizeof(statement),
		 "CREATE TABLE %s(id INT PRIMARY KEY NOT NULL, "
		 "name TEXT, age INT, addr CHAR(50), salary REAL);",
		 table);
	sql(statement);
}

static void insert(const char *table, int n)
{
	char statement[160];

	for (int i = 0; i < n; i++) {
		snprintf(statement, sizeof(statement),
			 "INSERT INTO %s VALUES "
			 "(%d, 'Paul', 32, 'California', 20000.00);",
			 table, i);
		sql(statement);
	}
}

static void done(const char *phase, int n)
{
	printf("phase %s %d\n", phase, n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 60000;
	const char *path = argc > 2 ? argv[2] : ":memory:";

	if (n < 1) {
		fprintf(stderr, "usage: bench-sqlite [N [DATABASE]]\n");
		return 2;
	}
	if (sqlite3_open(path, &db) != SQLITE_OK) {
		fprintf(stderr, "bench-sqlite: %s: %s\n", path, sqlite3_errmsg(db));
		return 1;
	}
	create("a");
	create("b");

	UK_MARK(MARK_BEGIN);
	insert("a", n);
	UK_MARK(MARK_END);
	done("insert-each", n);

	UK_MARK(MARK_BEGIN);
	sql("BEGIN");
	insert("b", n);
	sql("COMMIT");
	UK_MARK(MARK_END);
	done("insert-one", n);

	UK_MARK(MARK_BEGIN);
	sql("SELECT sum(salary), count(*) FROM a WHERE name = 'Paul';");
	UK_MARK(MARK_END);
	done("scan", n);

	sqlite3_close(db);
	return 0;
}
