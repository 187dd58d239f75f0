/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control data: pieces with a header each, beside the bytes of a message.
 */
#include <uk/string.h>
#include "internal.h"

int uk_cmsg_put(struct uk_msg *m, int level, int type, const void *data, size_t len)
{
	struct uk_abi_cmsghdr h = { .cmsg_level = level, .cmsg_type = type };
	size_t room = m->control_len;

	if (room < sizeof(h)) {
		m->out_flags |= UK_MSG_CTRUNC;
		return 0;
	}
	if (len > room - sizeof(h)) {
		m->out_flags |= UK_MSG_CTRUNC;
		len = room - sizeof(h);
	}
	h.cmsg_len = sizeof(h) + len;
	if (uk_copy_to_user(m->control, &h, sizeof(h)) ||
	    (len && uk_copy_to_user(m->control + sizeof(h), data, len)))
		return -EFAULT;
	room = UK_MIN(UK_CMSG_ALIGN(h.cmsg_len), room);
	m->control += room;
	m->control_len -= room;
	return (int)len;
}

const struct uk_abi_cmsghdr *uk_cmsg_next(const struct uk_msg *m, size_t *pos, size_t *len)
{
	const struct uk_abi_cmsghdr *h;

	if (m->control_len < sizeof(*h) || *pos > m->control_len - sizeof(*h))
		return NULL;
	h = (const void *)(m->control + *pos);
	if (h->cmsg_len < sizeof(*h) || h->cmsg_len > m->control_len - *pos)
		return uk_err_ptr(-EINVAL);
	*len = h->cmsg_len - sizeof(*h);
	*pos += UK_CMSG_ALIGN(h->cmsg_len);
	return h;
}
