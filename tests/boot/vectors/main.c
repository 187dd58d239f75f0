/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that compute with floating point and never yield: the preemptive scheduler takes the CPU
 * from them in the middle, and each result must be the same, to the last bit, as when the thread
 * ran alone.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 4
#define ROUNDS  300000

static volatile long running;
static volatile int switches;

static double work(long id)
{
	double s = (double)id;

	for (int i = 1; i < ROUNDS; i++) {
		s += sin(i * 0.001 * (double)id) / (1 + cos(s) * cos(s));
		if (running != id) {
			running = id;
			switches++;
		}
	}
	return s;
}

static void *thread(void *result)
{
	static volatile long ids;

	*(double *)result = work(__atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED));
	return result;
}

int main(void)
{
	double alone[THREADS], together[THREADS];
	pthread_t t[THREADS];
	int wrong = 0;

	for (long i = 0; i < THREADS; i++)
		alone[i] = work(i + 1);
	switches = 0;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, thread, &together[i]))
			return 2;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		/*
		 * The thread that was created first may not be the one that drew the first number.
		 */
		int found = 0;
		for (int j = 0; j < THREADS; j++)
			found |= together[i] == alone[j];
		wrong += !found;
	}
	printf("switches %d, wrong %d\n", switches, wrong);
	return wrong || switches <= THREADS;
}
