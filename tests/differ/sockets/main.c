/* SPDX-License-Identifier: BSD-3-Clause */
/* Local sockets: prints a transcript; see ../say.h. sockets [TOPIC...] */
#include "sockets.h"

static const struct topic topics[] = {
	{ "stream", stream_cases },
	{ "packet", packet_cases },
	{ "control", control_cases },
	{ "names", name_cases },
};

int main(int argc, char **argv)
{
	return run_topics(topics, sizeof(topics) / sizeof(*topics), argc, argv);
}
