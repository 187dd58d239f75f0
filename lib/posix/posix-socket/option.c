/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * getsockopt and setsockopt: the options that mean the same for all families.
 */
#include "internal.h"

struct timeval {
	int64_t sec, usec;
};

#define USEC_PER_SEC 1000000

static int set_timeout(uk_nsec *timeo, const void *val, uint32_t len)
{
	const struct timeval *tv = val;

	if (len < sizeof(*tv))
		return -EINVAL;
	if (tv->usec < 0 || tv->usec >= USEC_PER_SEC)
		return -EDOM;
	if (tv->sec < 0)
		*timeo = 1; /* as good as none */
	else if (tv->sec >= INT64_MAX / (int64_t)UK_NSEC_PER_SEC)
		*timeo = 0;
	else
		*timeo = (uk_nsec)tv->sec * UK_NSEC_PER_SEC + (uk_nsec)tv->usec * 1000;
	return 0;
}

static long set_option(struct uk_socket *s, int level, int name, const void *val, uint32_t len)
{
	const struct uk_socket_ops *ops = uk_socket_ops(s);

	if (level == UK_SOL_SOCKET) {
		switch (name) {
		case UK_SO_RCVTIMEO:
			return set_timeout(&s->rcvtimeo, val, len);
		case UK_SO_SNDTIMEO:
			return set_timeout(&s->sndtimeo, val, len);
		case UK_SO_TYPE:
		case UK_SO_DOMAIN:
		case UK_SO_PROTOCOL:
		case UK_SO_ERROR:
		case UK_SO_ACCEPTCONN:
			return -ENOPROTOOPT;
		}
	}
	return ops->setsockopt ? ops->setsockopt(s, level, name, val, len) : -ENOPROTOOPT;
}

static long copy_and_set(struct uk_socket *s, int level, int name, const void *user, int len)
{
	uint64_t val[UK_SOCKOPT_MAX / sizeof(uint64_t)];

	if (len < 0)
		return -EINVAL;
	if ((size_t)len > sizeof(val))
		len = sizeof(val); /* longer than any that exists */
	if (len && uk_copy_from_user(val, user, (size_t)len))
		return -EFAULT;
	return set_option(s, level, name, val, (uint32_t)len);
}

UK_SYSCALL(int, setsockopt, int fd, int level, int name, const void *user, int len)
{
	return (int)WITH_SOCKET(fd, copy_and_set(s, level, name, user, len));
}

static int common_int(struct uk_socket *s, int name, int32_t *value)
{
	switch (name) {
	case UK_SO_TYPE:
		*value = s->type;
		return 0;
	case UK_SO_DOMAIN:
		*value = s->domain;
		return 0;
	case UK_SO_PROTOCOL:
		*value = s->protocol;
		return 0;
	case UK_SO_ACCEPTCONN:
		*value = s->listening;
		return 0;
	case UK_SO_ERROR:
		if (!s->error)
			uk_event_fetch(false);
		*value = -uk_socket_take_error(s);
		return 0;
	}
	return -ENOPROTOOPT;
}

/* The length of the value. */
static int get_option(struct uk_socket *s, int level, int name, void *val, uint32_t len)
{
	const struct uk_socket_ops *ops = uk_socket_ops(s);

	if (level == UK_SOL_SOCKET) {
		uk_nsec t;

		switch (name) {
		case UK_SO_RCVTIMEO:
		case UK_SO_SNDTIMEO:
			t = name == UK_SO_RCVTIMEO ? s->rcvtimeo : s->sndtimeo;
			*(struct timeval *)val =
				(struct timeval){ .sec = (int64_t)(t / UK_NSEC_PER_SEC),
						  .usec = (int64_t)(t % UK_NSEC_PER_SEC / 1000) };
			return sizeof(struct timeval);
		}
		if (!common_int(s, name, val))
			return sizeof(int32_t);
	}
	return ops->getsockopt ? ops->getsockopt(s, level, name, val, len) : -ENOPROTOOPT;
}

static long get_and_copy(struct uk_socket *s, int level, int name, void *user, int *user_len)
{
	uint64_t val[UK_SOCKOPT_MAX / sizeof(uint64_t)];
	int len, room;

	if (uk_get_user(&room, user_len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	len = get_option(s, level, name, val, UK_MIN((uint32_t)room, (uint32_t)sizeof(val)));
	if (len < 0)
		return len;
	len = UK_MIN(len, room);
	if (len && uk_copy_to_user(user, val, (size_t)len))
		return -EFAULT;
	return uk_put_user(len, user_len);
}

UK_SYSCALL(int, getsockopt, int fd, int level, int name, void *user, int *user_len)
{
	return (int)WITH_SOCKET(fd, get_and_copy(s, level, name, user, user_len));
}
