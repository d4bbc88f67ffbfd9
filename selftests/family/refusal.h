/* SPDX-License-Identifier: GPL-2.0 */
/* The one way in which attributes.c and refusals.c look at a refusal; needs the harness. */
#ifndef LBMESH_SELFTESTS_REFUSAL_H
#define LBMESH_SELFTESTS_REFUSAL_H

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Asks, and says whether the answer is a refusal with this errno, a sentence and this offset. */
#define EXPECT_REFUSAL(raw, conn, want_errno, want_offset, format, ...) do { \
	uint64_t before_ = generation_number(conn); \
	struct raw_answer answer_ = raw_ask(raw); \
	uint64_t after_ = generation_number(conn); \
	EXPECT_EQ(want_errno, answer_.error) \
		TH_LOG(format ": answered \"%s\"", ##__VA_ARGS__, answer_.message); \
	EXPECT_NE(0, answer_.message[0]) \
		TH_LOG(format ": no sentence with errno %d", ##__VA_ARGS__, answer_.error); \
	EXPECT_EQ(want_offset, answer_.offset) \
		TH_LOG(format ": \"%s\"", ##__VA_ARGS__, answer_.message); \
	EXPECT_EQ(before_, after_) \
		TH_LOG(format ": the refusal changed the generation", ##__VA_ARGS__); \
} while (0)

#endif
