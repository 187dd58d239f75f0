/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a device, agreeing with its backend, opening and closing it. Names of keys are those of netif.h.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/print.h>

#include "netfront.h"

UK_NETDEV_OPS(netfront);

/* ---- what the backend can do ---- */

static bool offers(const struct uk_xenbus_dev *d, const char *name)
{
	return uk_xenbus_offer(d, name, 0) == 1;
}

/* Without checksums of IPv6 none at all, as users know only one kind. */
static uint32_t offered(const struct uk_xenbus_dev *d)
{
	uint32_t have = UK_NETDEV_RX_CSUM;
	bool sg = offers(d, "feature-sg");

	if (sg)
		have |= UK_NETDEV_LRO4 | UK_NETDEV_LRO6;
	if (!offers(d, "feature-ipv6-csum-offload"))
		return have;
	have |= UK_NETDEV_CSUM;
	if (sg && offers(d, "feature-gso-tcpv4"))
		have |= UK_NETDEV_TSO4;
	if (sg && offers(d, "feature-gso-tcpv6"))
		have |= UK_NETDEV_TSO6;
	return have;
}

/* Queues that it serves, and that we can have. */
static uint16_t max_queues(const struct uk_xenbus_dev *d)
{
	uint64_t n = uk_xenbus_offer(d, "multi-queue-max-queues", 1);

	return (uint16_t)UK_MIN(UK_MAX(n, 1UL), (uint64_t)UK_NETDEV_QUEUES);
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int read_mac(struct uk_xenbus_dev *d, uint8_t mac[6])
{
	char text[UK_XENSTORE_TEXT];
	int rc = uk_xenstore_read(0, d->path, "mac", text, sizeof(text));

	for (int i = 0; rc > 0 && i < 6; i++) {
		const char *c = text + 3 * i;

		if (rc != 17 || hex(c[0]) < 0 || hex(c[1]) < 0 || (i < 5 && c[2] != ':'))
			rc = -EINVAL;
		else
			mac[i] = (uint8_t)(hex(c[0]) << 4 | hex(c[1]));
	}
	return rc < 0 ? rc : rc ? 0 : -EINVAL;
}

static int probe(struct uk_xenbus_dev *d)
{
	struct netfront *nf = uk_memalign(__alignof__(struct netfront), sizeof(*nf));
	uint64_t mtu;

	if (!nf)
		return -ENOMEM;
	memset(nf, 0, sizeof(*nf));
	nf->bus = d;
	d->data = nf;
	if (uk_xenstore_read_uint(0, d->path, "mtu", &mtu) || mtu < UK_ETH_MTU_MIN ||
	    mtu > 0xffff - 18)
		mtu = UK_ETH_MTU;
	nf->dev.mtu = (uint16_t)mtu;
	return 0;
}

/* The first time that its backend is there: only now it is known what it can do. */
static void found(struct netfront *nf)
{
	struct uk_netdev *dev = &nf->dev;

	dev->ops = UK_OPS(&netfront_ops);
	dev->driver = "netfront";
	dev->rx_split = true;
	dev->rx_pages = true;
	dev->pieces = SLOTS - 1;
	dev->max_queues = max_queues(nf->bus);
	dev->features = nf->offered;
	dev->tso_max = XEN_NETIF_MAX_TX_SIZE;
	dev->restart = netfront_restart;
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	if (offers(nf->bus, "feature-multicast-control"))
		dev->group = netfront_group;
#endif
	uk_netdev_register(dev);
	nf->registered = true;
}

/* ---- connecting ---- */

struct key {
	const char *name;
	uint32_t value;
	bool when; /* else it must not be there, as it was perhaps the last time */
};

static int say(const char *folder, const struct key *key, unsigned n)
{
	int rc = 0;

	for (; !rc && n--; key++) {
		if (key->when) {
			rc = uk_xenstore_write(0, folder, key->name, "%u", key->value);
		} else {
			rc = uk_xenstore_rm(0, folder, key->name);
			rc = rc == -ENOENT ? 0 : rc;
		}
	}
	return rc;
}

/* What the backend needs to know of a pair of queues. */
static int say_share(const char *folder, const struct share *s, bool when)
{
	bool split = s->nf->split;
	const struct key keys[] = {
		{ "tx-ring-ref", s->ring_ref[0], when },
		{ "rx-ring-ref", s->ring_ref[1], when },
		{ "event-channel", s->rx_port, when && !split },
		{ "event-channel-tx", s->tx_port, when && split },
		{ "event-channel-rx", s->rx_port, when && split },
	};

	return say(folder, keys, UK_ARRAY_SIZE(keys));
}

/* One pair has its place in the device's own folder, several have one each. */
static int say_shares(struct uk_xenbus_dev *d, struct netfront *nf, const struct peer *p)
{
	unsigned n = nf->dev.queues;
	char folder[sizeof(d->path) + sizeof("/queue-00")];
	int rc = say_share(d->path, &p->share[0], n == 1);

	for (unsigned i = 0;
	     !rc && UK_NETDEV_QUEUES > 1 && (n > 1 || nf->folders) && i < UK_NETDEV_QUEUES; i++) {
		uk_snprintf(folder, sizeof(folder), "%s/queue-%u", d->path, i);
		if (n > 1 && i < n) {
			nf->folders = true;
			rc = say_share(folder, &p->share[i], true);
		} else if (nf->folders) {
			rc = uk_xenstore_rm(0, folder, NULL);
			rc = rc == -ENOENT ? 0 : rc;
		}
	}
	return rc;
}

static int say_all(struct uk_xenbus_dev *d, struct netfront *nf, const struct peer *p)
{
	const uint32_t active = nf->dev.active;
	const struct key keys[] = {
		{ "multi-queue-num-queues", nf->dev.queues, nf->dev.queues > 1 },
		{ "request-rx-copy", 1, true },
		{ "feature-rx-notify", 1, true },
		{ "feature-sg", 1, true },
		{ "feature-no-csum-offload", 1, !(active & UK_NETDEV_RX_CSUM) },
		{ "feature-ipv6-csum-offload", 1, active & UK_NETDEV_RX_CSUM },
		{ "feature-gso-tcpv4", 1, active & UK_NETDEV_LRO4 },
		{ "feature-gso-tcpv6", 1, active & UK_NETDEV_LRO6 },
		{ "request-multicast-control", 1, nf->filters },
	};
	int rc = say_shares(d, nf, p);

	return rc ? rc : say(d->path, keys, UK_ARRAY_SIZE(keys));
}

static void fill(struct netfront *nf, struct peer *p)
{
	for (unsigned i = 0; i < nf->dev.queues; i++)
		netfront_fill(&p->share[i]);
}

static int connect(struct uk_xenbus_dev *d)
{
	struct netfront *nf = d->data;
	uint8_t mac[6];
	struct peer *p;
	int rc;

	if (d->off)
		return -EPROTO;
	rc = read_mac(d, mac);
	if (rc) {
		uk_pr_err("%s: it has no address (mac)", d->name);
		return rc;
	}
	memcpy(nf->dev.mac, mac, sizeof(mac)); /* plugged in again it may have another */
	if (!offers(d, "feature-rx-copy")) {
		uk_pr_err("%s: its backend does not copy (feature-rx-copy)", d->name);
		return -ENOTSUP;
	}
	nf->split = offers(d, "feature-split-event-channels");
	nf->offered = offered(d);
	if (!nf->registered)
		found(nf);
	if (!nf->dev.started)
		return 0;
	if (max_queues(d) < nf->dev.queues) { /* who uses them counts on each */
		uk_pr_err("%s: its backend serves %u queues now, and %u are in use: it has to be "
			  "stopped and "
			  "started",
			  nf->dev.name, max_queues(d), nf->dev.queues);
		return -ENOTSUP;
	}
	nf->dev.active &= nf->offered;
	p = netfront_peer(nf, nf->split, &rc);
	if (!p)
		return rc;
#ifdef CONFIG_LIBUKNETDEV_MULTICAST
	nf->filters =
		nf->dev.filter && !nf->dev.all_groups && offers(d, "feature-multicast-control");
	p->share[0].groups_due = nf->filters;
#endif
	rc = say_all(d, nf, p);
	if (rc) {
		netfront_part(p);
		return rc;
	}
	if (!UK_READ_ONCE(nf->now)) { /* whoever is inside finds nothing, until this is complete */
		fill(nf, p);
		__atomic_store_n(&nf->now, p, __ATOMIC_RELEASE);
		return XenbusStateConnected;
	}
	uk_spin_lock(&nf->lock);
	UK_WRITE_ONCE(nf->next, p);
	uk_spin_unlock(&nf->lock);
	return XenbusStateConnected;
}

static struct peer *take_next(struct netfront *nf)
{
	struct peer *p;

	uk_spin_lock(&nf->lock);
	p = nf->next;
	UK_WRITE_ONCE(nf->next, NULL);
	uk_spin_unlock(&nf->lock);
	return p;
}

static bool carrier(const struct netfront *nf)
{
	return UK_READ_ONCE(nf->live) && uk_xenbus_offer(nf->bus, "carrier", 1) == 1;
}

/* The stack exchanges what it uses when nobody is inside; it comes to that by a device that has failed. */
static int connected(struct uk_xenbus_dev *d)
{
	struct netfront *nf = d->data;

	UK_WRITE_ONCE(nf->live, true);
	if (UK_READ_ONCE(nf->next)) {
		nf->dev.restart_from = 0; /* this is no fault */
		uk_netdev_failed(&nf->dev);
		return 0;
	}
	uk_netdev_link_set(&nf->dev, carrier(nf));
	/* They may have asked for one when there was nothing to ask. */
	for (unsigned i = 0; nf->dev.started && i < nf->dev.queues; i++)
		uk_netq_event(&nf->rxq[i]);
	return 0;
}

static void changed(struct uk_xenbus_dev *d)
{
	struct netfront *nf = d->data;

	if (!uk_shared_get(nf->dev.failed))
		uk_netdev_link_set(&nf->dev, carrier(nf));
}

static void disconnect(struct uk_xenbus_dev *d)
{
	struct netfront *nf = d->data;
	struct peer *p = UK_READ_ONCE(nf->now);

	UK_WRITE_ONCE(nf->live, false);
	if (p)
		UK_WRITE_ONCE(p->dead, true);
	uk_netdev_link_set(&nf->dev, false);
	netfront_part(take_next(nf));
}

UK_XENBUS_DRIVER(netfront, ((struct uk_xenbus_driver){
				   .name = "netfront",
				   .type = "vif",
				   .probe = probe,
				   .connect = connect,
				   .connected = connected,
				   .changed = changed,
				   .disconnect = disconnect,
			   }));

/* ---- the user's side ---- */

int netfront_start(struct uk_netdev *dev, const struct uk_netdev_conf *conf)
{
	struct netfront *nf = netfront_of(dev);
	int rc = uk_netdev_opening(dev, conf);

	if (rc)
		return rc;
	for (unsigned i = 0; i < dev->queues; i++) {
		uk_netq_init(&nf->rxq[i], dev, i, false, conf);
		uk_netq_init(&nf->txq[i], dev, i, true, conf);
	}
	nf->rx_len = conf->rx_len ? UK_MIN(conf->rx_len, (unsigned)RX_SIZE) : RX_SIZE;
	dev->started = true;
	uk_xenbus_connect(nf->bus);
	return 0;
}

void netfront_stop(struct uk_netdev *dev)
{
	struct netfront *nf = netfront_of(dev);

	dev->started = false;
	uk_xenbus_close(nf->bus);
	netfront_part(nf->now);
	nf->now = NULL;
}

/* Nobody is inside. Either the next backend is there; or this one broke the rules, and is asked to begin again. */
int netfront_restart(struct uk_netdev *dev)
{
	struct netfront *nf = netfront_of(dev);
	struct peer *old = nf->now, *new = take_next(nf);

	if (new) {
		netfront_part(old);
		fill(nf, new);
		__atomic_store_n(&nf->now, new, __ATOMIC_RELEASE);
		uk_netdev_link_set(dev, carrier(nf));
		return 0;
	}
	uk_xenbus_close(nf->bus);
	UK_WRITE_ONCE(nf->now, NULL);
	netfront_part(old);
	if (nf->bus->off)
		return -EPROTO;
	uk_xenbus_connect(nf->bus);
	return 0;
}
