/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tools ask of the domain by way of xenstore (Xen docs/misc/xenstore-paths, ~/control): a word in control/shutdown, a key
 * in control/sysrq. The domain takes it by leaving an empty text there, in one transaction with reading it, so that tools which
 * have waited for long enough can take it back themselves. What is not known here stays, and the tools see that nobody took it.
 */
#include <uk/boot.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/print.h>
#include <uk/string.h>
#include <uk/thread.h>
#include <uk/xen/power.h>
#include <uk/xenstore.h>

#include "control.h"

#define FOLDER  "control"
#define SIGTERM 15
#define TRIES   100 /* at a transaction that others come between */

static void ask_to_end(bool again)
{
	uk_xen_power_again(again);
	if (!uk_xen_power_request())
		uk_exit(128 + SIGTERM); /* as an application without a handler for it */
}

static void power_off(void)
{
	ask_to_end(false);
}

static void reboot(void)
{
	ask_to_end(true);
}

#ifdef CONFIG_LIBXENCONTROL_SUSPEND
static void tell_features(void);

static void suspend(void)
{
	int rc = uk_xen_suspend();

	if (rc < 0)
		uk_pr_err("the domain cannot be saved now: error %d", -rc);
	if (rc)
		return;
	uk_pr_info("restored, or moved to another host");
	tell_features();
}
#endif

static const struct command {
	const char *word, *feature;
	void (*fn)(void);
} commands[] = {
	{ "poweroff", "feature-poweroff", power_off },
	{ "halt", NULL, power_off }, /* there is nothing that a halted one could do */
	{ "reboot", "feature-reboot", reboot },
#ifdef CONFIG_LIBXENCONTROL_SUSPEND
	{ "suspend", "feature-suspend", suspend },
#endif
};

static const struct command *find(const char *word)
{
	for (size_t i = 0; i < UK_ARRAY_SIZE(commands); i++)
		if (!uk_strcmp(word, commands[i].word))
			return &commands[i];
	return NULL;
}

static bool is_command(const char *word)
{
	return find(word);
}

static bool is_key(const char *text)
{
	return *text && !text[1];
}

/* Takes what the tools have left at `name`, if `known` says that it is meant for us: its length. 0: there is nothing. */
static int take(const char *name, char *text, size_t size, bool (*known)(const char *text))
{
	int rc = -EAGAIN, len = 0;

	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		uint32_t tx;
		bool ours;

		rc = uk_xenstore_begin(&tx);
		if (rc)
			break;
		len = uk_xenstore_read(tx, FOLDER, name, text, size);
		ours = len > 0 && known(text);
		if (ours)
			rc = uk_xenstore_write(tx, FOLDER, name, "%s", "");
		if (rc) {
			uk_xenstore_end(tx, false);
			break;
		}
		rc = uk_xenstore_end(tx, ours);
		if (len > 0 && !ours)
			uk_pr_warn("%s/%s: \"%s\" is nothing that is known here", FOLDER, name,
				   text);
		if (!ours)
			len = 0;
	}
	if (rc)
		uk_pr_err("%s/%s cannot be taken: xenstore says error %d", FOLDER, name, -rc);
	return rc || len < 0 ? 0 : len;
}

static void shutdown_changed(struct uk_xenstore_watch *w UK_UNUSED)
{
	char word[UK_XENSTORE_TEXT];

	if (take("shutdown", word, sizeof(word), is_command))
		find(word)->fn();
}

static void sysrq_changed(struct uk_xenstore_watch *w UK_UNUSED)
{
	char key[4];

	if (take("sysrq", key, sizeof(key), is_key))
		xencontrol_sysrq(*key);
}

static struct uk_xenstore_watch watches[] = {
	{ .path = FOLDER "/shutdown", .fn = shutdown_changed },
	{ .path = FOLDER "/sysrq", .fn = sysrq_changed },
};

/* What the tools may expect us to do. Those that want to know have made the places, which we cannot. */
static void tell(const char *feature, bool can)
{
	int rc = uk_xenstore_write(0, FOLDER, feature, "%u", can);

	if (rc && rc != -EACCES)
		uk_pr_err("%s/%s cannot be written: xenstore says error %d", FOLDER, feature, -rc);
}

static void tell_features(void)
{
	for (size_t i = 0; i < UK_ARRAY_SIZE(commands); i++)
		if (commands[i].feature)
			tell(commands[i].feature, true);
}

/* In a thread, so that boot does not wait for xenstored. */
static void start(void *arg UK_UNUSED)
{
	for (size_t i = 0; i < UK_ARRAY_SIZE(watches); i++) {
		int rc = uk_xenstore_watch(&watches[i]);

		if (rc == -ENODEV) /* the control domain's */
			return;
		if (rc)
			uk_pr_err("%s cannot be watched, so what `xl` asks of it is not heard: "
				  "xenstore says error %d",
				  watches[i].path, -rc);
	}
	tell_features();
#ifdef CONFIG_LIBXENCONTROL_SUSPEND
	if (uk_xen_suspend_init()) {
		uk_pr_err("too little memory for what the tools want to know of a domain that is "
			  "saved");
		tell("feature-suspend", false);
	}
#endif
}

static int control_init(void)
{
	const struct uk_thread_attr attr = { .flags = UK_THREAD_DETACHED };

	return uk_thread_create(NULL, "xencontrol", start, NULL, &attr) ? 0 : -ENOMEM;
}

/* Behind the library that listens (6), since the first look at control/shutdown may find something. */
UK_INIT(UK_INIT_POSIX, "7", control_init, NULL);
