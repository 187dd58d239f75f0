/* SPDX-License-Identifier: BSD-3-Clause */
/* What waits for descriptors, and what such descriptors do. Prints a transcript; see ../say.h. */
#include "../say.h"

void epoll_cases(void);
void pipe_cases(void);
void counter_cases(void);
void copy_cases(void);
void splice_cases(void);

static const struct topic topics[] = {
	{ "epoll", epoll_cases }, { "pipes", pipe_cases },    { "counters", counter_cases },
	{ "copy", copy_cases },   { "splice", splice_cases },
};

/* waiting [TOPIC...]; all without one */
int main(int argc, char **argv)
{
	return run_topics(topics, sizeof(topics) / sizeof(*topics), argc, argv);
}
