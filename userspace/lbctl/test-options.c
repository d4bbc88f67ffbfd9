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
		{"wait --timeout s", "--timeout: \"s\" is not a number from 1 to 2147483"},
		{"wait --timeout 30m", "--timeout: \"30m\" is not a number from 1 to 2147483"},
		{"wait --timeout 0s", "--timeout: \"0s\" is not a number from 1 to 2147483"},
		{"rules --layer 0", "--layer: \"0\" is not a number from 1 to 4294967295"},
		{"elements --set x", "--set: \"x\" is not a number from 1 to 4294967295"},
		{"explain --from", "--from needs a value"},
		{"explain --from 10.0.0.256",
		 "--from: \"10.0.0.256\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --from 10.0.0.1:0",
		 "--from: \"10.0.0.1:0\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --from 10.0.0.1:65536",
		 "--from: \"10.0.0.1:65536\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --from 10.0.0.1:",
		 "--from: \"10.0.0.1:\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --from 10.0.0.0/8",
		 "--from: \"10.0.0.0/8\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --to [10.0.0.1]:80",
		 "--to: \"[10.0.0.1]:80\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --to [fd00::1]80",
		 "--to: \"[fd00::1]80\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --to [fd00::1",
		 "--to: \"[fd00::1\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --to [fd00::1]:",
		 "--to: \"[fd00::1]:\" is not ADDRESS, IPV4:PORT or [IPV6]:PORT"},
		{"explain --proto tpc",
		 "--proto: \"tpc\" is no protocol; give tcp, udp, icmp, or a number from 0 to 255"},
		{"explain --proto 256",
		 "--proto: \"256\" is no protocol; give tcp, udp, icmp, or a number from 0 to 255"},
		{"explain --proto 06",
		 "--proto: \"06\" is no protocol; give tcp, udp, icmp, or a number from 0 to 255"},
		{"explain --endpoint 0", "--endpoint: \"0\" is not a number from 1 to 4294967295"},
		{"explain --interface abcdefghijklmnop",
		 "--interface: \"abcdefghijklmnop\" is no name of an interface, which has 1 to 15 "
		 "bytes"},
		{"explain --direction in",
		 "--direction: \"in\" is neither \"ingress\" nor \"egress\""},
		{"explain --icmp-type 256", "--icmp-type: \"256\" is not a number from 0 to 255"},
		{"explain --icmp-code -1", "--icmp-code: \"-1\" is not a number from 0 to 255"},
		{"explain --proto tcp --proto udp", "--proto is given twice"},
	};

	for (size_t i = 0; i < lbctl_array_size(cases); i++) {
		cr_assert_eq(parse(cases[i].line), -EINVAL, "%s", cases[i].line);
		cr_assert_str_eq(why, cases[i].why);
	}
}

Test(options, one_argument_more_than_there_is_room_for_is_refused)
{
	char *words[OPTIONS_ARGS_MAX + 1];
	char word[] = "a";
	char last[] = "q";

	for (size_t i = 0; i < OPTIONS_ARGS_MAX; i++)
		words[i] = word;
	words[OPTIONS_ARGS_MAX] = last;
	cr_assert_eq(options_parse(OPTIONS_ARGS_MAX, words, &options, why, sizeof(why)), 0);
	cr_assert_eq(options_parse(OPTIONS_ARGS_MAX + 1, words, &options, why, sizeof(why)),
		     -EINVAL);
	cr_assert_str_eq(why, "\"q\" is one argument too many");
}

Test(options, a_time_may_have_its_unit)
{
	cr_assert_eq(parse("wait --timeout 30s"), 0);
	cr_assert_eq(options.timeout_s, 30);
	cr_assert_eq(parse("wait --timeout=2147483s"), 0);
	cr_assert_eq(options.timeout_s, 2147483);
}

Test(options, a_packet_is_said_part_by_part)
{
	cr_assert_eq(parse("explain --from [fd00::1]:65535 --to fd00::2 --proto sctp --interface "
			   "wg0 --direction egress --icmp-type 0 --icmp-code 255"),
		     0);
	cr_assert(options.flow.has_src_port);
	cr_assert_eq(options.flow.src_port, 65535);
	cr_assert_not(options.flow.has_dst_port);
	cr_assert_eq(options.flow.dst.addr[15], 2);
	cr_assert_eq(options.flow.protocol, 132);
	cr_assert_str_eq(options.interface, "wg0");
	cr_assert_eq(options.flow.direction, LBMESH_DIRECTION_EGRESS);
	cr_assert(options.flow.has_icmp_type);
	cr_assert_eq(options.flow.icmp_type, 0);
	cr_assert_eq(options.flow.icmp_code, 255);
	cr_assert_eq(parse("explain --proto 0"), 0);
	cr_assert(options.flow.has_protocol);
	cr_assert_eq(options.flow.protocol, 0);
	cr_assert_eq(parse("explain --proto icmp"), 0);
	cr_assert(options.icmp_by_name);
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
