/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The run queues of two CPUs, as a model for spin: block, wake, yield, steal, move, exit, join, idle.
 *
 * Names are those of cpus.c, block.c, thread.c and internal.h. A process is a CPU; which thread it
 * runs is data, as it is for a real one. What policy decides (who is next, where a woken thread goes,
 * when somebody is preempted) is any choice here, so what holds, holds for every scheduler:
 *
 *	no thread is on two CPUs		onstack[]: asserted at each switch
 *	no stack is freed while in use		freed[]: asserted by the joiner, and at each switch
 *	no wake-up is lost, and no thread	a CPU sleeps until it is interrupted, and all end only when
 *						all threads have exited: spin reports any other end
 *	a thread runs where it may		allowed[]: asserted by the thread that has moved itself
 *	no CPU sleeps while a thread waits	the monitor, without threads that are bound to a CPU
 *						(-DUNBOUND)
 *	a lock is left by who took it		asserted at each release
 *
 *	spin -a runqueue.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * Some millions of states; -DLARGE: some 20 million, which takes a minute and 1.3 GB.
 * -DBUG_... puts a mistake in; tests/model checks that each is found.
 */
#define CPUS	2
#define THREADS	3
#define IDLE	3	/* as number of a thread: the CPU's idle thread */
#define NONE	7

#define BIT(n)	(1 << (n))
#define other	(1 - me)

mtype = { RUNNABLE, BLOCKED, WAKING, EXITING, EXITED };
mtype = { FROM_BLOCK, FROM_YIELD };

/* struct uk_sched of each CPU */
byte lock[CPUS];	/* holder + 1 */
byte set[CPUS];		/* the provider's: bits of threads */
byte running[CPUS];
byte leaving[CPUS];
bool polling[CPUS];

byte idle_cpus;		/* bits of those that offer to run something */
bool owes[CPUS];	/* it has kicked the other one, but not yet sent that */
bool irq[CPUS];		/* a kick is on its way: ends uk_plat_idle() */
bool resched[CPUS];	/* it has been answered */
bool asleep[CPUS];	/* in uk_plat_idle() */

/* struct uk_thread */
byte sched[THREADS];
mtype state[THREADS];
bool woken[THREADS];
byte allowed[THREADS];	/* cpus */
mtype resume[THREADS];	/* where it gave up the CPU */

byte onstack[THREADS];	/* the CPU whose stack pointer is in its stack */
bool freed[THREADS];
bool cond[THREADS];	/* what it waits for */
byte pc[THREADS];
byte ended;

inline acquire(c)
{
	atomic { lock[c] == 0 -> lock[c] = me + 1 }
}

inline release(c)
{
	atomic { assert(lock[c] == me + 1); lock[c] = 0 }
}

/*
 * The last release of a call. What scratch variables hold is forgotten, and what happens with a lock held is
 * one step wherever no other lock is taken: both keep the number of states small.
 */
inline done(c)
{
	atomic { release(c); next = 0; s = 0; d = 0; who = 0 }
}

/* uksched_lock(): s becomes the scheduler of t, locked. */
inline lock_sched(t)
{
	do
	:: s = sched[t];
	   atomic {
	   acquire(s);
	   if
#ifdef BUG_LOCK	/* t may have been moved meanwhile */
	   :: break
#else
	   :: s == sched[t] -> break
	   :: else -> release(s)
#endif
	   fi
	   }
	od
}

/* uk_sched_next(): any of those that can run. */
inline pick()
{
	if
	:: set[me] & 1 -> next = 0
	:: set[me] & 2 -> next = 1
	:: set[me] & 4 -> next = 2
	:: set[me] == 0 -> next = NONE
	fi
}

#define MAY_GIVE(v, t, c) ((set[v] & BIT(t)) && running[v] != t && (allowed[t] & BIT(c)))

/*
 * uk_smp_kick(), and the answer to it. The platform may send it later, when interrupts are opened and all
 * locks released: uk_plat_ipi_later().
 */
#define kick(c)	atomic { assert(c == other); owes[me] = true }
#define send()	atomic { if :: owes[me] -> owes[me] = false; irq[other] = true :: else fi }
#define answer() atomic { if :: irq[me] -> irq[me] = false; resched[me] = true :: else fi }

#define MANY(c)	(set[c] & (set[c] - 1))	/* two at least */

/* uksched_steal(): with our own scheduler locked, the other one is only tried. */
inline steal()
{
	missed = false;
	if
	:: MANY(other) ->	/* looked at without a lock */
	   if
	   :: atomic {
		lock[other] == 0 ->
		lock[other] = me + 1;
		if
		:: MANY(other) && MAY_GIVE(other, 0, me) -> next = 0
		:: MANY(other) && MAY_GIVE(other, 1, me) -> next = 1
		:: MANY(other) && MAY_GIVE(other, 2, me) -> next = 2
		:: else -> next = NONE
		fi;
		if
		:: next != NONE ->
		   set[other] = set[other] & ~BIT(next);
		   sched[next] = me;
		   set[me] = set[me] | BIT(next)
		:: else
		fi
	      };
	      release(other)
	   :: else -> missed = true
	   fi
	:: else
	fi
}

/* uksched_place(): any CPU that t may use; if it is idle nobody else counts on it any more. */
inline place(t)
{
	atomic {
		if
		:: allowed[t] & 1 -> d = 0
		:: allowed[t] & 2 -> d = 1
		fi;
		idle_cpus = idle_cpus & ~BIT(d)
	}
}

/* uksched_go(), from s to d; then arrive(), with uksched_offer(). d is locked afterwards instead of s. */
inline go_and_arrive(t)
{
	if
	:: d != s ->
	   atomic { state[t] = WAKING; sched[t] = d };
	   release(s);
	   acquire(d)
	:: else
	fi;
	atomic {
		state[t] = RUNNABLE;
		set[d] = set[d] | BIT(t);
		if
		:: running[d] == IDLE && d != me && !polling[d] -> kick(d)
#ifndef BUG_OFFER	/* a thread waits, and another CPU sleeps */
		:: running[d] != IDLE && (idle_cpus & allowed[t] & BIT(1 - d)) ->
		   idle_cpus = 0;
		   kick(1 - d)
#endif
		:: else
		fi
	}
}

/* uk_thread_wake() */
inline wake(t)
{
	lock_sched(t);
	if
	:: state[t] == BLOCKED ->
	   place(t);
	   go_and_arrive(t);
	   done(d)
	:: else ->
#ifndef BUG_WOKEN	/* it is about to block */
	   woken[t] = true;
#endif
	   done(s)
	fi
}

/*
 * uk_sched_switch() to `next`, with our scheduler locked, up to the point where the thread that is
 * switched to has released it. uk_sched_part() is in the middle.
 */
inline switch_to()
{
	if
	:: next != self ->
	   atomic {
		running[me] = next;
		if
		:: self != IDLE -> assert(onstack[self] == me); onstack[self] = NONE
		:: else
		fi;
		self = next;
		if
		:: self != IDLE ->
		   assert(onstack[self] == NONE && !freed[self] && sched[self] == me);
		   onstack[self] = me
		:: else
		fi
	   };
	   if
	   :: leaving[me] != NONE ->
	      who = leaving[me];
	      leaving[me] = NONE;
	      s = me;
	      place(who);
	      go_and_arrive(who);
	      release(d);
	      acquire(me)
	   :: else
	   fi
	:: else
	fi;
	atomic {
		if
		:: self != IDLE && resume[self] == FROM_BLOCK -> woken[self] = false
		:: else
		fi;
		done(me)
	}
}

/* uksched_leave() */
inline leave()
{
	pick();
	if
	:: next == NONE -> steal()
	:: else
	fi;
	if
	:: next == NONE -> next = IDLE
	:: else
	fi;
	switch_to()
}

/* uk_thread_block() */
inline block()
{
	acquire(me);
	assert(sched[self] == me);
	if
	:: atomic {
		!woken[self] ->
		state[self] = BLOCKED;
		set[me] = set[me] & ~BIT(self);
		resume[self] = FROM_BLOCK
	   };
	   leave()
	:: else ->
	   atomic { woken[self] = false; done(me) }
	fi
}

/* uk_sched_yield(), and uk_sched_preempt() at any point outside the scheduler. */
inline yield()
{
	acquire(me);
	resume[self] = FROM_YIELD;
	if
	:: !(allowed[self] & BIT(me)) ->	/* uk_sched_move_on() */
	   set[me] = set[me] & ~BIT(self);
#ifdef BUG_LEAVING	/* it can be taken while it is still on its stack */
	   s = me;
	   who = self;
	   place(who);
	   go_and_arrive(who);
	   release(d);
	   acquire(me);
#else
	   atomic { state[self] = WAKING; leaving[me] = self };
#endif
	   pick();
	   if
	   :: next == NONE -> next = IDLE
	   :: else
	   fi
	:: else -> pick()
	fi;
	switch_to()
}

/* uk_thread_exit(), after which self is another thread. */
inline exit()
{
#ifdef BUG_EXIT		/* the joiner frees the stack that we are on */
	state[self] = EXITED;
#else
	state[self] = EXITING;
#endif
	if
	:: self == 1 -> wake(0)		/* the joiner */
	:: else
	fi;
	acquire(me);
	atomic { state[self] = EXITED; set[me] = set[me] & ~BIT(self); ended++ };
	leave()
}

/* cpus.c, wait(): with our scheduler locked, and so again. */
inline wait()
{
	polling[me] = true;
	release(me);
	if
	:: set[me] != 0		/* poll() sees it */
	:: resched[me]
	:: true -> answer()	/* or gives up */
	fi;
	atomic { acquire(me); polling[me] = false };
	if
#ifdef BUG_POLL		/* who came while we polled has not interrupted us */
	:: true ->
#else
	:: set[me] == 0 && !resched[me] ->
#endif
	   assert(!owes[me]);
	   release(me);
	   asleep[me] = true;
	   if
	   :: atomic { irq[me] -> asleep[me] = false }; answer()
	   :: ended == THREADS -> goto stop
	   fi;
	   acquire(me)
	:: else
	fi
}

/* find() */
inline find()
{
	pick();
	if
	:: next == NONE -> steal()
	:: else -> missed = false
	fi
}

/* await(): the next thread for this CPU. */
inline await()
{
	do
	:: find();
	   if
	   :: next != NONE -> break
	   :: else
	   fi;
	   resched[me] = false;
	   idle_cpus = idle_cpus | BIT(me);
#ifndef BUG_AWAIT	/* who left a thread waiting before that has not seen us */
	   find();
#endif
	   if
	   :: next != NONE -> break
	   :: next == NONE && !missed -> wait()
	   :: next == NONE && missed -> release(me); answer(); acquire(me)
	   fi
	od;
	atomic { idle_cpus = idle_cpus & ~BIT(me); missed = false }
}

/* Thread 0 wakes 1 and waits for its answer, then joins it. */
inline thread0()
{
	if
	:: pc[0] == 0 -> cond[1] = true; pc[0] = 1
	:: pc[0] == 1 -> pc[0] = 2; wake(1)
	:: pc[0] == 2 && cond[0] -> pc[0] = 3
	:: pc[0] == 3 && (state[1] == EXITING || state[1] == EXITED) -> pc[0] = 4
	:: pc[0] == 4 ->	/* wait_until_gone() */
	   lock_sched(1);
	   if
	   :: state[1] == EXITED -> pc[0] = 5
	   :: else
	   fi;
	   done(s)
	:: pc[0] == 5 -> assert(onstack[1] == NONE); freed[1] = true; pc[0] = 6
	:: pc[0] == 6 -> exit()
	:: else -> block()
	fi
}

/* Thread 1 answers, wakes 2 as well (-DLARGE), and exits. */
inline thread1()
{
	if
	:: pc[1] == 0 && cond[1] -> cond[0] = true; pc[1] = 1
	:: pc[1] == 1 -> pc[1] = 2; wake(0)
#ifdef LARGE
	:: pc[1] == 2 -> cond[2] = true; pc[1] = 3
	:: pc[1] == 3 -> pc[1] = 4; wake(2)
	:: pc[1] == 4 -> exit()
#else
	:: pc[1] == 2 -> exit()
#endif
	:: else -> block()
	fi
}

/* Thread 2 moves itself to the other CPU; -DLARGE: and waits there. */
inline thread2()
{
	if
	:: pc[2] == 0 ->	/* uk_thread_set_cpus() of itself */
	   pc[2] = 1;
#ifndef UNBOUND
	   allowed[2] = BIT(other);
	   yield()
#endif
	:: pc[2] == 1 -> assert(allowed[2] & BIT(me)); pc[2] = 2
#ifdef LARGE
	:: pc[2] == 2 && cond[2] -> exit()
#else
	:: pc[2] == 2 -> exit()
#endif
	:: else -> block()
	fi
}

proctype cpu(byte me)
{
	byte self = running[me], next, s, d, who;
	bool missed;

	do
	:: true ->
#ifndef BUG_SEND	/* they are opened, and nothing is sent */
	   send();
#endif
	   if
	   :: self == IDLE ->	/* cpus.c, idle() */
	      acquire(me);
	      await();
	      switch_to()
	   :: self == 0 -> thread0()
	   :: self == 1 -> thread1()
	   :: self == 2 -> thread2()
	   :: self != IDLE && (set[me] & ~BIT(self)) -> yield()
	   fi
	od;
stop:	skip
}

#ifdef UNBOUND
/* While the other CPU is not just about to do something about it. */
#define waits(c) (asleep[1 - (c)] && !irq[1 - (c)] && !owes[c] && lock[0] == 0 && lock[1] == 0 && \
		  MANY(c))

proctype monitor()
{
end:	if
	:: atomic { waits(0) || waits(1) -> assert(false) }
	fi
}
#endif

init
{
	byte i;

	atomic {
		for (i : 0 .. THREADS - 1) {
			state[i] = RUNNABLE;
			resume[i] = FROM_YIELD;
			allowed[i] = BIT(0) | BIT(1);
			onstack[i] = NONE
		}
		set[0] = BIT(0) | BIT(1) | BIT(2);
		onstack[0] = 0;
		running[0] = 0;
		running[1] = IDLE;
		leaving[0] = NONE;
		leaving[1] = NONE;
		run cpu(0);
		run cpu(1)
#ifdef UNBOUND
		;
		run monitor()
#endif
	}
}
