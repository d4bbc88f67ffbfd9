# Turns what selftests/bench/swap.sh and smp.sh have printed into one line a goal, and further lines
# that begin with "also"; the fields are separated by tabs:
#
#   goal, what is measured, ours, name of the peer, the peer's, ratio, limit of the ratio, met or missed
#
# scripts/bench calls it with lines.awk and -v peers=NUMBER. Ends with status 1 when a measurement is missing. The goals'
# numbers are those of Documentation/performance.md.

# What swap.sh prints: CASE SIDE ROUND NANOSECONDS [build N handler N worker N PHASE N...]
NF >= 4 && $2 ~ /^(ours|plain)$/ {
	add($1 " " $2, $4)
	for (i = 5; i < NF; i += 2)
		if ($2 == "ours") add($1 " " $i, $(i + 1))
	next
}

$1 == "flow" {
	swaps[$2] = $3
	sent[$2] += $6 + $10
	lost[$2] += $7 + $11
	gap[$2] = $8 > $12 ? $8 : $12
	next
}

# On the instruction clock, and on two CPUs.
$1 == "stall" || $1 == "stall2" {
	add($1 " " $2, $5)
	add($1 " took " $2, $4)
	next
}

{ fail("this line is not understood: " $0) }

END {
	if (failed) exit 1
	many = peers % 1000 ? peers : peers / 1000 "k"
	networks = int((peers + 9) / 10)
	if (networks % 1000 == 0) networks = networks / 1000 "k"

	goal("P1", "one changed peer of " many ": its endpoint", "endpoint", "wg syncconf", 0.01)
	goal("P1", "one changed peer of " many ": its address", "address", "wg syncconf", 0.01)
	goal("P2", "remove 100 of " many, "remove", "wg syncconf", 0.02)
	goal("P2", "move 100 addresses of " many, "move", "wg syncconf", 0.02)
	goal("P2", "add 100 to " many, "add", "wg syncconf", 0.2)
	goal("P3", "restate " many " unchanged peers of " networks " networks", "restate", "wg syncconf", 0.125)
	flow_goal("syncconf")
	flow_goal("setconf")
	stall_goal("stall", "", "ms-i")
	stall_goal("stall2", ", 2 CPUs", "ms")
	line("P6", "tear " many " peers down: flush, ip link del", \
		median("flush ours") + median("link-del ours"), "ms-i", "ip link del", median("link-del plain"), 0.005)
	line("P6", "tear " many " peers down: ip netns del", median("namespace ours"), "ms-i", \
		"ip netns del", median("namespace plain"), 0.005)

	also("start a program that asks one question", "program", "wg show interfaces")
	less_start("P1, its endpoint", "endpoint")
	less_start("P1, its address", "address")
	less_start("P2, remove 100", "remove")
	less_start("P2, move 100", "move")
	less_start("P2, add 100", "add")
	less_start("P3, restate", "restate")
	line("also", "one changed endpoint, said of this peer alone", median("endpoint ours"), "ms-i", \
		"wg set", median("wg-set plain"))
	also("P3, restate, our message made from text as well", "text", "wg syncconf")
	also("one changed endpoint, the whole restated", "whole", "wg syncconf")
	also("unchanged peers in another order", "reorder", "wg syncconf")
	also(many " peers from nothing", "fill", "wg setconf")
	kernel("P1, its endpoint", "endpoint")
	kernel("P1, its address", "address")
	kernel("P2, remove 100", "remove")
	kernel("P2, move 100", "move")
	kernel("P2, add 100", "add")
	kernel("P3, restate", "restate")
	kernel("P6, flush", "flush")
	text("also", "P4, control: packets lost on the same flows with no swap", lost["none"] " of " sent["none"])
	text("also", "P4, longest silence while swapping", gap["lbmesh"] " ms", \
		"wg syncconf, wg setconf", gap["syncconf"] " ms, " gap["setconf"] " ms")
	stall_rest("stall", "", "ms-i")
	stall_rest("stall2", ", 2 CPUs", "ms")
	text("also", "largest spread of rounds, (max - min) / median, ours", spread("ours"), \
		"peers", spread("plain"))
	if (failed) exit 1
}

# A and B in nanoseconds.
function line(id, title, a, unit, peer, b, limit) {
	text(id, title, number(a / 1e6) " " unit, peer, number(b / 1e6) " " unit, ratio_of(a, b), limit, \
		limit ? (b && a / b <= limit ? "met" : "missed") : "")
}

function goal(name, title, what, peer, limit) {
	line(name, title, median(what " ours"), "ms-i", peer, median(what " plain"), limit)
}

function also(title, what, peer) { line("also", title, median(what " ours"), "ms-i", peer, median(what " plain")) }

# On neither side the start of a program.
function less_start(title, what) {
	line("also", title ", less the start of a program on both sides", \
		median(what " ours") - median("program ours"), "ms-i", "wg syncconf", \
		median(what " plain") - median("program plain"))
}

# The kernel's own figures; what a phase takes is part of handler (parse) or worker (the others).
function kernel(title, what, i, n, phases, said) {
	n = split("parse prepare flip retire", phases, " ")
	for (i = 1; i <= n; i++)
		if (count[what " " phases[i]]) said = said (said ? ", " : "") phases[i] " " number(median(what " " phases[i]) / 1e6)
	text("also", title ", in the kernel, ms-i", said)
}

function stall_goal(name, where, unit) {
	line("P5", "longest RTNL stall while all " many " are swapped" where, median(name " lbmesh"), unit, \
		"wg setconf", median(name " setconf"), 0.1)
}

function stall_rest(name, where, unit) {
	line("also", "P5, time for the whole swap" where, median(name " took lbmesh"), unit, \
		"wg setconf", median(name " took setconf"))
	line("also", "P5, longest stall while flushing " many where, median(name " flush"), unit, \
		"wg setconf", median(name " setconf"))
	text("also", "P5, control: longest stall in 5 s with no swap" where, \
		number(median(name " none") / 1e6) " " unit)
}

# Nothing may be lost; and the peer must lose something, else nobody has looked well enough.
function flow_goal(by) {
	if (!(by in sent) || !("lbmesh" in sent)) fail("no flow was measured while " by)
	if (lost["none"]) fail("packets are lost although nobody swaps: " lost["none"] " of " sent["none"])
	text("P4", "packets lost on untouched flows, 2 CPUs", \
		lost["lbmesh"] " of " sent["lbmesh"] " in " swaps["lbmesh"] " swaps", "wg " by, \
		lost[by] " of " sent[by] " in " swaps[by] " swaps", \
		lost[by] ? ratio_of(lost["lbmesh"], lost[by]) : "", 0, \
		lost["lbmesh"] == 0 && lost[by] > 0 ? "met" : "missed")
}

# Of what has more than one round; the fill is done once.
function spread(side, name, i, n, low, high, worst, value) {
	for (name in count) {
		if (name !~ " " side "$" || count[name] < 2) continue
		n = count[name]
		low = high = values[name, 1]
		for (i = 2; i <= n; i++) {
			value = values[name, i]
			if (value < low) low = value
			if (value > high) high = value
		}
		value = (high - low) / median(name)
		if (value >= worst) { worst = value; which = name }
	}
	return sprintf("%.2g %% (%s)", worst * 100, which)
}
