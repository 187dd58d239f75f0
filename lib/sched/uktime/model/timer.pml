/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a timer is stopped while its function runs on another CPU, and starts it again: timer.c, as a model
 * for spin.
 *
 * Process `interrupt` is the CPU on which the timer was started: its timer interrupt comes whenever the timer is
 * pending, and the function starts it again or does not, STARTS times at most. `stopper` is another CPU
 * in uk_timer_stop(), after which it frees the timer. Two things must hold:
 *
 *	nobody touches a timer that is gone	the function does not run, or begin, after the stop
 *	the stop ends				and so does the interrupt: anything else is an invalid end
 *
 *	spin -a timer.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * -DBUG_... puts a mistake in; tests/model checks that each is found.
 */
#define STARTS 4

bool lock;		/* of the heap */
bool pending;		/* the timer is in it */
bool running;		/* timer_base.running is the timer */
byte runs;		/* timer_base.runs */
byte starts;
bool gone, stopped;

inline take() { atomic { !lock -> lock = true } }
inline release() { lock = false }

/* t->fn(t). It may call uk_timer_start(): on its own CPU nobody waits for it. */
inline function()
{
	assert(!gone);
	if
	:: starts < STARTS -> take(); starts++; pending = true; release()
	:: true -> skip
	fi;
	assert(!gone)
}

/* uk_timer_interrupt() */
active proctype interrupt()
{
	atomic { starts = 1; pending = true }
	do
	:: atomic { pending && !lock -> lock = true };
	   do
	   :: pending ->
#ifdef BUG_NOTE		/* it is seen to be pending no more before it is seen to run */
	      pending = false;
	      runs++;
	      running = true;
#else
#ifdef BUG_COUNT	/* it is counted when that is seen */
	      running = true;
	      pending = false;
	      runs++;
#else
#ifdef BUG_EARLY	/* it is counted, but not seen to run */
	      runs++;
	      running = true;
	      pending = false;
#else
	      running = true;	/* set_running() */
	      runs++;
	      pending = false;	/* heap_remove() */
#endif
#endif
#endif
	      release();
	      function();
	      running = false;
	      take()
	   :: !pending -> break
	   od;
	   release()
	:: stopped -> break
	od
}

/* uk_timer_stop() */
active proctype stopper()
{
	byte seen;

	starts > 0;
again:	seen = runs;
#ifndef BUG_WAIT
	!running;		/* wait_for_function() */
#endif
#ifdef BUG_LATE			/* what ran while it waited is not counted */
	seen = runs;
#endif
	if
	:: !pending ->
#ifndef BUG_RUNS		/* not running, and then not pending: between the two it ran, and does */
	   if :: runs != seen -> goto again :: else fi
#endif
	:: else ->
	   take();
	   pending = false;
	   release();
	   goto again
	fi;
	gone = true;
	assert(!pending && !running);
	stopped = true
}
