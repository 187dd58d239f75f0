/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of NETLINK_ROUTE and their answers: lists of interfaces and addresses, and one interface. What would
 * change something is refused with EPERM, as Linux does to who is not its administrator; what is not known, with
 * EOPNOTSUPP. Messages whose lengths are wrong end a datagram without an answer: that is Linux's way, too.
 */
#include "internal.h"

/*
 * Bytes of one part of a list, at most: two or three interfaces. Lists are seldom asked for and short, so that small parts cost little, and
 * lists of several parts are what every program meets, not only one with many interfaces.
 */
#define PART 256u

/* An answer that is being written. */
struct writer {
	char *at, *end;
	struct uk_abi_nlmsghdr *msg;
};

/* Room in the answer, zero and aligned; NULL: no more. */
static void *room(struct writer *w, uint32_t len)
{
	char *p = w->at;

	if ((size_t)(w->end - p) < UK_NLMSG_ALIGN(len))
		return NULL;
	w->at += UK_NLMSG_ALIGN(len);
	return memset(p, 0, UK_NLMSG_ALIGN(len));
}

/* A message begins; where its `len` bytes go, or NULL. */
static void *message(struct writer *w, uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid,
		     uint32_t len)
{
	w->msg = room(w, (uint32_t)sizeof(*w->msg) + len);
	if (!w->msg)
		return NULL;
	*w->msg = (struct uk_abi_nlmsghdr){
		.nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq, .nlmsg_pid = pid
	};
	return w->msg + 1;
}

static bool attribute(struct writer *w, uint16_t type, const void *data, uint32_t len)
{
	struct uk_abi_nlattr *a = room(w, (uint32_t)sizeof(*a) + len);

	if (!a)
		return false;
	a->nla_len = (uint16_t)(sizeof(*a) + len);
	a->nla_type = type;
	memcpy(a + 1, data, len);
	return true;
}

/* The message is whole, or, where something did not fit, is taken back. */
static bool finish(struct writer *w, bool whole)
{
	if (whole)
		w->msg->nlmsg_len = (uint32_t)(w->at - (char *)w->msg);
	else if (w->msg)
		w->at = (char *)w->msg;
	return whole;
}

static uint32_t length_of(const char *name)
{
	return (uint32_t)uk_strlen(name) + 1;
}

static bool put_link(struct writer *w, const struct uk_link *l, uint16_t flags, uint32_t seq,
		     uint32_t pid)
{
	static const uint8_t none[6], all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct uk_abi_ifinfomsg *i = message(w, UK_RTM_NEWLINK, flags, seq, pid, sizeof(*i));

	if (i) {
		i->ifi_type = l->type;
		i->ifi_index = (int32_t)l->index;
		i->ifi_flags = l->flags;
	}
	return finish(w, i && attribute(w, UK_IFLA_IFNAME, l->name, length_of(l->name)) &&
				 attribute(w, UK_IFLA_MTU, &l->mtu, sizeof(l->mtu)) &&
				 attribute(w, UK_IFLA_ADDRESS, l->hwaddr, sizeof(l->hwaddr)) &&
				 attribute(w, UK_IFLA_BROADCAST,
					   l->flags & UK_IFF_BROADCAST ? all : none, sizeof(all)));
}

/* What only IPv4 has: all of the address, its network's broadcast address, and a name. */
static bool put_ipv4(struct writer *w, const struct uk_link *l, const struct uk_link_addr *a)
{
	uint8_t broadcast[4];
	unsigned bit;

	if (!attribute(w, UK_IFA_LOCAL, a->addr, 4) ||
	    !attribute(w, UK_IFA_LABEL, l->name, length_of(l->name)))
		return false;
	if (!a->broadcast)
		return true;
	memcpy(broadcast, a->addr, sizeof(broadcast));
	for (bit = a->prefix; bit < 32; bit++)
		broadcast[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return attribute(w, UK_IFA_BROADCAST, broadcast, sizeof(broadcast));
}

static bool put_addr(struct writer *w, const struct uk_link *l, const struct uk_link_addr *a,
		     uint32_t seq, uint32_t pid)
{
	struct uk_abi_ifaddrmsg *m =
		message(w, UK_RTM_NEWADDR, UK_NLM_F_MULTI, seq, pid, sizeof(*m));
	bool ipv4 = a->family == UK_AF_INET;

	if (m)
		*m = (struct uk_abi_ifaddrmsg){ a->family, a->prefix, (uint8_t)a->flags, a->scope,
						l->index };
	return finish(w, m && attribute(w, UK_IFA_ADDRESS, a->addr, ipv4 ? 4 : 16) &&
				 (!ipv4 || put_ipv4(w, l, a)) &&
				 attribute(w, UK_IFA_FLAGS, &a->flags, sizeof(a->flags)));
}

/* ---- lists ---- */

/* Of this interface; false: something did not fit, and goes on there. */
static bool list_link(struct writer *w, struct netlink *n, const struct uk_link *l, uint8_t family)
{
	struct dump *d = &n->dump;

	if (d->type == UK_RTM_GETLINK)
		return put_link(w, l, UK_NLM_F_MULTI, d->seq, n->pid);
	for (; d->addr < l->n_addrs; d->addr++)
		if (l->addr[d->addr].family == family &&
		    !put_addr(w, l, &l->addr[d->addr], d->seq, n->pid))
			return false;
	d->addr = 0;
	return true;
}

/* What is left of the list; false: more than fits. */
static bool list(struct writer *w, struct netlink *n)
{
	static const uint8_t all[] = { UK_AF_INET, UK_AF_INET6 };
	struct dump *d = &n->dump;
	bool each = d->type == UK_RTM_GETADDR && d->family == UK_AF_UNSPEC;
	struct uk_link l;

	for (; d->pass < (each ? UK_ARRAY_SIZE(all) : 1); d->pass++, d->index = 0) {
		while (!n->links->from(d->index, &l)) {
			/* The one to go on with is gone, or this is the first. */
			if (l.index != d->index)
				d->addr = 0;
			d->index = l.index;
			if (!list_link(w, n, &l, each ? all[d->pass] : d->family))
				return false;
			d->index++;
		}
	}
	return true;
}

void netlink_go_on(struct netlink *n)
{
	struct dump *d = &n->dump;
	struct answer *a;
	struct writer w;

	if (!d->type || n->first)
		return;
	a = netlink_new(PART);
	if (!a) {
		d->type = 0;
		netlink_answer(n, NULL);
		return;
	}
	w = (struct writer){ .at = a->data, .end = a->data + PART };
	if (list(&w, n) && w.at == a->data) { /* as on Linux, the end is a part of its own */
		message(&w, UK_NLMSG_DONE, UK_NLM_F_MULTI, d->seq, n->pid, sizeof(int32_t));
		finish(&w, true);
		d->type = 0;
	}
	a->len = (uint32_t)(w.at - a->data);
	netlink_answer(n, a);
}

/* ---- one interface ---- */

/* The name that a request has among its attributes, with a 0 behind it. */
static bool name_in(const char *p, size_t left, char name[UK_IFNAMSIZ])
{
	struct uk_abi_nlattr a;
	size_t len;

	while (left >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > left)
			return false;
		len = a.nla_len - sizeof(a);
		if (a.nla_type == UK_IFLA_IFNAME && len && len <= UK_IFNAMSIZ) {
			memset(name, 0, UK_IFNAMSIZ);
			memcpy(name, p + sizeof(a), UK_MIN(len, UK_IFNAMSIZ - 1UL));
			return true;
		}
		len = UK_MIN((size_t)UK_NLMSG_ALIGN((size_t)a.nla_len), left);
		p += len;
		left -= len;
	}
	return false;
}

static int one_link(struct netlink *n, const struct uk_abi_nlmsghdr *h, const char *body,
		    size_t len)
{
	char name[UK_IFNAMSIZ];
	struct uk_abi_ifinfomsg i;
	struct answer *a;
	struct writer w;
	struct uk_link l;
	uint32_t next;

	if (len < sizeof(i))
		return -EINVAL;
	memcpy(&i, body, sizeof(i));
	if (i.ifi_index <= 0 && !name_in(body + sizeof(i), len - sizeof(i), name))
		return -EINVAL;
	for (next = i.ifi_index > 0 ? (uint32_t)i.ifi_index : 0;; next = l.index + 1) {
		if (n->links->from(next, &l) || (i.ifi_index > 0 && l.index != next))
			return -ENODEV;
		if (i.ifi_index > 0 || !uk_strncmp(l.name, name, UK_IFNAMSIZ))
			break;
	}
	a = netlink_new(PART);
	if (a) {
		w = (struct writer){ .at = a->data, .end = a->data + PART };
		put_link(&w, &l, 0, h->nlmsg_seq, n->pid);
		a->len = (uint32_t)(w.at - a->data);
	}
	netlink_answer(n, a);
	return 0;
}

/* ---- requests ---- */

#define STARTED 1 /* a list, which is its own answer */

static int request(struct netlink *n, const struct uk_abi_nlmsghdr *h, const char *body, size_t len)
{
	uint8_t family;

	if (h->nlmsg_type > UK_RTM_MAX)
		return -EOPNOTSUPP;
	if (!len)
		return 0;
	if ((h->nlmsg_type & UK_RTM_KIND) != UK_RTM_GET)
		return -EPERM;
	if (h->nlmsg_type != UK_RTM_GETLINK && h->nlmsg_type != UK_RTM_GETADDR)
		return -EOPNOTSUPP;
	if (!(h->nlmsg_flags & UK_NLM_F_DUMP))
		return h->nlmsg_type == UK_RTM_GETLINK ? one_link(n, h, body, len) : -EOPNOTSUPP;
	if (n->dump.type)
		return -EBUSY;
	/* Families that are not there are taken for all, as on Linux. */
	family = (uint8_t)*body;
	if (family != UK_AF_INET && family != UK_AF_INET6)
		family = UK_AF_UNSPEC;
	n->dump = (struct dump){ .type = h->nlmsg_type, .family = family, .seq = h->nlmsg_seq };
	netlink_go_on(n);
	return STARTED;
}

/* It was done, or why not: then with the request. */
static void acknowledge(struct netlink *n, const struct uk_abi_nlmsghdr *h, const char *body,
			size_t len, int error)
{
	uint32_t more = error ? (uint32_t)len : 0,
		 size = (uint32_t)sizeof(struct uk_abi_nlmsgerr) + more;
	struct answer *a = netlink_new((uint32_t)UK_NLMSG_ALIGN(sizeof(*h) + size));
	struct uk_abi_nlmsgerr *e;
	struct writer w;

	if (a) {
		w = (struct writer){ .at = a->data, .end = a->data + a->len };
		e = message(&w, UK_NLMSG_ERROR, error ? 0 : UK_NLM_F_CAPPED, h->nlmsg_seq, n->pid,
			    size);
		e->error = error;
		e->msg = *h;
		memcpy(e + 1, body, more);
		finish(&w, true);
	}
	netlink_answer(n, a);
}

void netlink_requests(struct netlink *n, const char *data, size_t left)
{
	struct uk_abi_nlmsghdr h;
	const char *body;
	size_t len;
	int rc;

	while (left >= sizeof(h)) {
		memcpy(&h, data, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > left)
			return;
		body = data + sizeof(h);
		len = h.nlmsg_len - sizeof(h);
		rc = 0;
		if (h.nlmsg_flags & UK_NLM_F_REQUEST && h.nlmsg_type >= UK_NLMSG_MIN_TYPE)
			rc = request(n, &h, body, len);
		if (rc < 0 || (!rc && h.nlmsg_flags & UK_NLM_F_ACK))
			acknowledge(n, &h, body, len, rc);
		len = UK_MIN((size_t)UK_NLMSG_ALIGN((size_t)h.nlmsg_len), left);
		data += len;
		left -= len;
	}
}
