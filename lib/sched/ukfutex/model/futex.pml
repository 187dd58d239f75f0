/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futexes on two words in two buckets, as a model for spin: wait, wake, requeue, timeout.
 *
 * Names are those of futex.c. Blocking is as the model of run queues (uksched/model) shows it to be: a
 * wake-up that comes before the block ends it at once. Any wait may time out as well.
 *
 *	no wake-up is lost	waiters without a timeout come to their end, or spin reports how not
 *	no waiter is touched after it has returned	there[]: asserted by whoever walks a queue
 *	two who requeue in opposite directions do not wait for each other
 *
 *	spin -a futex.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * -DWAKER: one who only wakes, instead of two who requeue. -DBUG_... puts a mistake in; tests/model checks that each is found.
 */
#define WAITERS	3
#define NONE	7

byte lock[2];		/* of a bucket: holder + 1 */
byte word[2];		/* words 0 and 1 are in buckets 0 and 1 */

/* struct futex_waiter, and its thread */
bool there[WAITERS];	/* it exists */
bool queued[WAITERS];
byte bucket[WAITERS];
bool woken[WAITERS];
byte returned;

#define EMPTY(b)	!((queued[0] && bucket[0] == b) || (queued[1] && bucket[1] == b) || \
			  (queued[2] && bucket[2] == b))

inline acquire(b)
{
	atomic { lock[b] == 0 -> lock[b] = _pid + 1 }
}

inline release(b)
{
	atomic { assert(lock[b] == _pid + 1); lock[b] = 0 }
}

/* uk_futex_wait(&word[b], 0). Waiter 2 has a deadline, which may pass at any time. */
proctype waiter(byte me; byte b)
{
	bool ended;

#ifdef BUG_READ		/* the word is read before the bucket is locked */
	if
	:: word[b] != 0 -> goto out
	:: else
	fi;
	acquire(b);
#else
	acquire(b);
	if
	:: word[b] != 0 -> release(b); goto out
	:: else
	fi;
#endif
	atomic { there[me] = true; queued[me] = true; bucket[me] = b };
	do
	:: release(b);
	   if			/* uk_thread_block() */
	   :: atomic { woken[me] -> woken[me] = false; ended = false }
	   :: me == 2 -> ended = true
	   fi;
#ifdef BUG_RETURN	/* it goes while a waker may still look at it */
	   if
	   :: !queued[me] -> goto out
	   :: else
	   fi;
#endif
#ifdef BUG_BUCKET	/* it may have been moved */
	   acquire(b);
#else
	   do			/* lock_bucket_of() */
	   :: b = bucket[me];
	      acquire(b);
	      if
	      :: b == bucket[me] -> break
	      :: else -> release(b)
	      fi
	   od;
#endif
	   if
	   :: !queued[me] -> break
	   :: queued[me] && ended -> queued[me] = false; break
	   :: else
	   fi
	od;
	release(b);
out:	atomic { there[me] = false; returned++ }
}

/* One waiter of bucket b, with that locked, is taken off and woken; who = NONE: there is none. */
inline take_one(b)
{
	atomic {
		if
		:: queued[0] && bucket[0] == b -> who = 0
		:: queued[1] && bucket[1] == b -> who = 1
		:: queued[2] && bucket[2] == b -> who = 2
		:: else -> who = NONE
		fi
	};
	if
	:: who != NONE ->
	   assert(there[who]);
	   queued[who] = false;
	   assert(there[who]);	/* uk_thread_wake(fw->w.thread) */
	   woken[who] = true
	:: else
	fi
}

/* What nobody() reads, in its order. */
inline look(b)
{
	nobody = lock[b] == 0;
	nobody = nobody && EMPTY(b)
}

/* word[b] = 1, and uk_futex_wake() of all. */
inline set_and_wake(b)
{
#ifdef BUG_NOBODY	/* no fence: the store waits in the CPU, which reads on meanwhile */
	look(b);
	word[b] = 1;
#else
	word[b] = 1;
	look(b);
#endif
	if
	:: !nobody ->
	   acquire(b);
	   do
	   :: take_one(b);
	      if
	      :: who == NONE -> break
	      :: else
	      fi
	   od;
	   release(b)
	:: else
	fi
}

inline lock_two(a, b)
{
#ifdef BUG_ORDER	/* of the arguments, not of the addresses */
	acquire(a);
	acquire(b)
#else
	acquire(0);
	acquire(1)
#endif
}

/* Changes word `from`; wakes one of its waiters and moves the others to the other word; wakes those. */
proctype requeuer(byte from)
{
	byte who, i;
	bool nobody;

	word[from] = 1;
	lock_two(from, (1 - from));
	take_one(from);
	for (i : 0 .. WAITERS - 1) {
		atomic {
			if
			:: queued[i] && bucket[i] == from ->
			   assert(there[i]);
			   bucket[i] = 1 - from
			:: else
			fi
		}
	}
	release(0);
	release(1);
	set_and_wake((1 - from))
}

proctype waker(byte b)
{
	byte who;
	bool nobody;

	set_and_wake(b)
}

init
{
	atomic {
		run waiter(0, 0);
		run waiter(1, 0);
#ifdef WAKER
		run waker(0)
#else
		run waiter(2, 1);
		run requeuer(0);
		run requeuer(1)
#endif
	}
}
