/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sockets answer, call by call, over the loopback interface: a line for each call. The same program prints the
 * same lines on Linux, which tests/net compares.
 */
#include "sockettest.h"

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_creation();
	test_stream();
	test_nonblocking();
	test_shutdown();
	test_endings();
	test_disconnect();
	test_link_local();
	test_errors();
	test_datagram();
	test_options();
	test_measuring();
	test_messages();
	test_control();
	test_poll();
	test_ipv6();
	test_reuse();
	test_ports();
	puts("end");
	return 0;
}
