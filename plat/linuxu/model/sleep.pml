/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a CPU of linuxu sleeps, as a model for spin: ipi.c, and on_signal() of irq.c.
 *
 * Process `sleeper` is the CPU; `waker` another one that asks something of it; `timer` the host, which has a
 * signal for it. Where a handler runs is any point of the sleeper's, and none of its own steps is
 * between, so it is one step here. Two things must hold, and spin reports any end in which one does not:
 *
 *	what another CPU asks is answered	all of REQUESTS, though each only raises an interrupt
 *						if it finds none waiting to be answered
 *	a signal ends the sleep			the sleeper ends only when it was noted as well
 *
 *	spin -a sleep.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan
 *
 * -DBUG_... puts a mistake in; tests/model checks that each is found.
 */
#define REQUESTS 3

bool request;		/* the sleeper's mailbox */
bool asleep;		/* the word that it waits on */
bool waits;		/* it is in the host's queue of that word */
bool urgent;		/* a signal from the waker is on its way */
bool noted;		/* irq_pending */
byte asked, answered;
bool fired;

/* uk_smp_poll(), uk_smp_interrupt() */
inline answer()
{
	atomic { if :: request -> request = false; answered = asked :: else fi }
}

/* on_signal(), with interrupts masked: it runs on the sleeper's CPU, and ends its wait. */
inline interrupt()
{
	noted = true;
#ifndef BUG_STAY	/* the sleeper has looked, and is about to wait */
	asleep = false;
#endif
	waits = false
}

active proctype waker()
{
	do
	:: asked < REQUESTS ->
	   atomic { asked++; if :: request -> goto next :: else -> request = true fi };
	   if
#ifdef BUG_SIGNAL	/* nobody wakes who waits on the word */
	   :: true -> skip
#else
	   :: atomic { asleep -> asleep = false };
	      waits = false	/* FUTEX_WAKE */
	   :: atomic { !asleep -> urgent = true }
#endif
	   fi;
next:	   skip
	:: asked == REQUESTS -> break
	od
}

/* The host delivers them when it likes. */
active proctype host()
{
	do
	:: atomic { urgent -> urgent = false; interrupt() }
	:: atomic { !fired -> fired = true; interrupt() }
	:: atomic { answered == REQUESTS && fired && !urgent -> break }
	od
}

active proctype sleeper()
{
	do
	:: answered == REQUESTS && fired -> break
	:: else ->
	   /* uk_irq_enable(): what was noted is handled */
	   atomic { if :: noted -> noted = false; answer() :: else fi };
	   if
	   :: answered == REQUESTS && fired -> break
	   :: else
	   fi;
#ifdef BUG_LOOK		/* who asked before has not seen us asleep */
	   answer();
	   if :: noted -> goto next :: else fi;
	   asleep = true;
#else
	   asleep = true;
	   answer();
	   if :: noted -> goto awake :: else fi;
#endif
	   if	/* FUTEX_WAIT: compares and queues in one */
	   :: atomic { asleep -> waits = true }; !waits
	   :: atomic { !asleep -> skip }
	   fi;
awake:	   asleep = false;
	   answer();
next:	   skip
	od
}
