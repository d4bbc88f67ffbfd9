// SPDX-License-Identifier: GPL-2.0-only
/* test-options.c - the command line: what is taken, and what is refused and how. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "lbctl.h"

static struct options options;
static char why[128];

static int parse(const char *line)
{
	static char copy[256];
	char *words[24];
	int n = 0;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	why[0] = '\0';
	return options_parse(n, words, &options, why, sizeof(why));
}

TestSuite(options);

Test(options, options_may_stand_before_and_behind_the_command)
{
	cr_assert_eq(parse("--json peers --device 7 --network=9"), 0);
	cr_assert(options.json);
	cr_assert_eq(options.n_args, 1);
	cr_assert_str_eq(options.args[0], "peers");
	cr_assert_eq(options.device, 7);
	cr_assert_eq(options.network, 9);
	cr_assert_eq(options.given, OPTION_DEVICE | OPTION_NETWORK);
}

Test(options, a_flag_of_one_command_is_known_as_given)
{
	cr_assert_eq(parse("flush --yes"), 0);
	cr_assert(options.yes);
	cr_assert_eq(options.given, OPTION_YES);
	cr_assert_eq(parse("flush"), 0);
	cr_assert_not(options.yes);
}

Test(options, as_many_arguments_as_there_are_limits_are_taken)
{
	cr_assert_eq(parse("limits set a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1"), 0);
	cr_assert_eq(options.n_args, 14);
	cr_assert_str_eq(options.args[13], "l=1");
}

Test(options, behind_two_dashes_nothing_is_an_option)
{
	cr_assert_eq(parse("help -- --json"), 0);
	cr_assert_not(options.json);
	cr_assert_str_eq(options.args[1], "--json");
}

Test(options, bad_command_lines_are_refused_with_the_reason)
{
	static const struct {
		const char *line;
		const char *why;
	} cases[] = {
		{"peers --js", "unknown option \"--js\""},
		{"peers --jsonx", "unknown option \"--jsonx\""},
		{"peers -j", "unknown option \"-j\""},
		{"peers -", "unknown option \"-\""},
		{"peers --=1", "unknown option \"--=1\""},
		{"peers --json=yes", "--json takes no value"},
		{"peers --device", "--device needs a value"},
		{"peers --device=", "--device: \"\" is not a number from 1 to 4294967295"},
		{"peers --device 0", "--device: \"0\" is not a number from 1 to 4294967295"},
		{"peers --device 01", "--device: \"01\" is not a number from 1 to 4294967295"},
		{"peers --device -1", "--device: \"-1\" is not a number from 1 to 4294967295"},
		{"peers --device +1", "--device: \"+1\" is not a number from 1 to 4294967295"},
		{"peers --device 1x", "--device: \"1x\" is not a number from 1 to 4294967295"},
		{"peers --device 0x1", "--device: \"0x1\" is not a number from 1 to 4294967295"},
		{"peers --device 4294967296",
		 "--device: \"4294967296\" is not a number from 1 to 4294967295"},
		{"wait --generation 18446744073709551616",
		 "--generation: \"18446744073709551616\" is not a number from 1 to "
		 "18446744073709551615"},
		{"wait --timeout 2147484",
		 "--timeout: \"2147484\" is not a number from 1 to 2147483"},
		{"peers --device 1 --device 1", "--device is given twice"},
		{"flush --yes=1", "--yes takes no value"},
		{"flush --yes --yes", "--yes is given twice"},
		{"flush -y", "unknown option \"-y\""},
		{"a b c d e f g h i j k l m n o p q", "\"q\" is one argument too many"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		cr_assert_eq(parse(cases[i].line), -EINVAL, "%s", cases[i].line);
		cr_assert_str_eq(why, cases[i].why);
	}
}

Test(options, the_largest_numbers_are_taken)
{
	cr_assert_eq(parse("wait --generation 18446744073709551615 --timeout 2147483"), 0);
	cr_assert_eq(options.generation, UINT64_MAX);
	cr_assert_eq(parse("peers --device 4294967295"), 0);
	cr_assert_eq(options.device, UINT32_MAX);
}

Test(options, a_reason_is_cut_to_its_room)
{
	char *word = "--an-option-that-nobody-knows";
	char small[10];

	memset(small, 'x', sizeof(small));
	cr_assert_eq(options_parse(1, &word, &options, small, sizeof(small) - 1), -EINVAL);
	cr_assert_str_eq(small, "unknown ");
	cr_assert_eq(small[9], 'x');
}
