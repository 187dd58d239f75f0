/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intrusive circular doubly linked list. The node lives inside the object, so that linking never
 * allocates; the head is a node of its own. O(1) insert and remove. The caller provides locking.
 */
#ifndef UK_LIST_H
#define UK_LIST_H

#include <uk/essentials.h>

struct uk_list {
	struct uk_list *next;
	struct uk_list *prev;
};

#define UK_LIST_INIT(name) { &(name), &(name) }

static inline void uk_list_init(struct uk_list *l)
{
	l->next = l->prev = l;
}

static inline bool uk_list_empty(const struct uk_list *head)
{
	return head->next == head;
}

static inline void uk_list_insert(struct uk_list *n, struct uk_list *prev, struct uk_list *next)
{
	n->next = next;
	n->prev = prev;
	prev->next = n;
	next->prev = n;
}

/* Insert at the front. */
static inline void uk_list_add(struct uk_list *head, struct uk_list *n)
{
	uk_list_insert(n, head, head->next);
}

/* Insert at the back; with `head` being a member, insert before it. */
static inline void uk_list_add_tail(struct uk_list *head, struct uk_list *n)
{
	uk_list_insert(n, head->prev, head);
}

/* Remove; afterwards the node is an empty list, so that removing twice is harmless. */
static inline void uk_list_del(struct uk_list *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	uk_list_init(n);
}

#define uk_list_entry(p, type, member) UK_CONTAINER_OF(p, type, member)

/* The first object, or NULL when the list is empty. */
#define uk_list_first(head, type, member) \
	(uk_list_empty(head) ? NULL : uk_list_entry((head)->next, type, member))

/* Remove and return the first object, or NULL. */
#define uk_list_pop(head, type, member)                                   \
	({                                                                \
		type *first_ = uk_list_first(head, type, member);         \
		if (first_)                                               \
			uk_list_del(&first_->member);                     \
		first_;                                                   \
	})

#define uk_list_for_each(pos, head, member)                                             \
	for (pos = uk_list_entry((head)->next, __typeof__(*pos), member);               \
	     &pos->member != (head);                                                    \
	     pos = uk_list_entry(pos->member.next, __typeof__(*pos), member))

/* As above; the body may remove and free `pos`. */
#define uk_list_for_each_safe(pos, tmp, head, member)                                   \
	for (pos = uk_list_entry((head)->next, __typeof__(*pos), member),               \
	    tmp = uk_list_entry(pos->member.next, __typeof__(*pos), member);            \
	     &pos->member != (head);                                                    \
	     pos = tmp, tmp = uk_list_entry(pos->member.next, __typeof__(*pos), member))

#endif
