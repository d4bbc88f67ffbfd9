# Turns what selftests/bench/fw-packets.sh, fw-changes.sh and fw-wireguard.sh have printed into one line a goal, and
# further lines that begin with "also", as table.awk does; with -v plot=NAME also into the columns of
# NAME.packets and NAME.loads, which fw-plot.gp draws.
#
# scripts/bench calls it with lines.awk. Files are told apart by their names: fw.uml.raw is native. The goals'
# numbers are those of Documentation/performance.md.

{ native = FILENAME ~ /uml/ ? "native " : "" }

$1 == "packet" {
	add(native $2 " " $3, $5 / $6)
	if ($7 != $6) fail($2 " with " $3 " rules: " $7 " of " $6 " packets have arrived")
	if (!($3 in sizes) && $3) { sizes[$3]; order[++n_sizes] = $3 }
	next
}

$1 == "cache" { hits[native $2 " " $3] = $4; misses[native $2 " " $3] = $5; asked[native $2 " " $3] = $6; next }
$1 == "verdicts" { samples += $4; allowed += $5; next }
$1 == "optimized" { optimized[$2] = $3; next }
$1 == "cpu" { cpu[native] = $2; next }
$1 == "load" || $1 == "change" { add($1 " " $2 " " $3, $5); if ($1 == "change") changed = $3; next }
$1 == "scan" { add("scan " $2, $4 / $5); next }
$1 == "legitimate" { legitimate = $2; legitimate_sent = $3; next }
$1 == "stale" { add("stale " $2, $4); next }

# How many were let through, by the cache, and stale; of how many.
$1 == "served" {
	if ($2 == "before") { add("cached", $5); flows = $7 }
	if ($2 == "denied") served += $4
	if ($2 == "allowed" && $4 != $7) fail("after the second commit " $4 " of " $7 " flows are let through")
	next
}

$1 == "flush" { add("flush " $2, $4); if ($2 == "full") entries = $5; next }
$1 == "wireguard" { add(native "wireguard " $2, $4); next }
$1 == "judged" { judged[native] = $3; next }

{ fail("this line is not understood: " $0) }

END {
	if (failed) exit 1
	hit_goal()
	for (i = 1; i <= n_sizes; i++) miss_goals(order[i])
	growth_goal()
	load_goals()
	scan_goals()
	stale_goal()
	wireguard_goal()
	baselines("", "instr")
	for (i = 1; i <= n_sizes; i++) rest("", order[i], "instr")
	baselines("native ", "ns")
	for (i = 1; i <= n_sizes; i++) rest("native ", order[i], "ns")
	for (i = 1; i <= n_sizes; i++)
		if (order[i] in optimized)
			text("also", "nft -o leaves of " many(order[i]) " rules, a set counted as one", optimized[order[i]])
	text("also", "packets that had the verdict that the rules mean, with every contender", samples, "of these allowed", allowed)
	text("also", "AVX2 for pipapo, on the instruction clock", cpu[""] == "avx2" ? "yes" : "no", "native", \
		"no: User Mode Linux does not build it")
	if (plot) draw()
	if (failed) exit 1
}

function many(n) { return n % 1000 ? n : n / 1000 "k" }

function instr(value, unit) { return sprintf("%.0f %s", value, unit) }

# On the instruction clock the median, as everywhere. Natively the least: others only ever add to it.
function usual(name, i, least) {
	if (name !~ /^native/) return median(name)
	if (!count[name]) fail("nothing was measured of " name)
	least = values[name, 1]
	for (i = 2; i <= count[name]; i++) if (values[name, i] < least) least = values[name, i]
	return least
}

# What a packet costs beyond connection tracking that nobody asks.
function cost(native, name, base) {
	base = name ~ /^sandbox / ? "forward 0" : "conntrack 0"
	return usual(native name) - usual(native base)
}

# Limits are of A / B, "at most"; or of the ratio, ">= 0.97".
function compare(id, title, a, peer, b, unit, limit, also_met, ratio, met) {
	ratio = b ? a / b : 0
	met = limit ~ /^>=/ ? ratio >= substr(limit, 4) : ratio <= limit
	text(id, title, instr(a, unit), peer, instr(b, unit), sprintf("%.2g", ratio), limit, \
		limit == "" ? "" : met && also_met ? "met" : "missed")
}

function ms(id, title, a, peer, b, limit) {
	text(id, title, number(a / 1e6) " ms-i", peer, number(b / 1e6) " ms-i", ratio_of(a, b), limit, \
		limit == "" ? "" : b && a / b <= limit ? "met" : "missed")
}

# The number of instructions is a goal of its own. The rules are as many as were measured last.
function hit_goal(n, a) {
	n = n_sizes > 2 ? 1000 : order[n_sizes]
	a = cost("", "hit " n)
	compare("P7", "a cached verdict, beyond connection tracking; <= 390 instr, " hits["hit " n] " of " asked["hit " n] " were hits", \
		a, "what it adds, with a ct state rule", median("state 0") - median("none 0"), "instr", 0.25, \
		a <= 390 && hits["hit " n] >= 0.99 * asked["hit " n])
}

function miss_goals(n, name, limit) {
	name = "miss " n
	if (hits[name]) fail("the cache is off, and " hits[name] " packets hit it")
	limit = n == 1000 ? 1 / 80 : n == 10000 ? 1 / 600 : ""
	if (limit != "") compare("P8", "a miss, three layers, " many(n) " rules", cost("", name), "nft linear", \
		cost("", "linear " n), "instr", sprintf("%.4g", limit), 1)
	limit = n == 1000 ? 1 : n == 10000 ? 0.5 : ""
	if (limit != "") compare("P9", "a miss, three layers, " many(n) " rules", cost("", name), "nft pipapo", \
		cost("", "concat " n), "instr", limit, 1)
}

function growth_goal() {
	if (!(100000 in sizes)) return
	compare("P9", "a miss, three layers, 100k rules", cost("", "miss 100000"), "ours, 10k rules", \
		cost("", "miss 10000"), "instr", 2, 1)
}

function load_goals(i, n) {
	for (i = 1; i <= n_sizes; i++) {
		n = order[i]
		if (n > 10000)
			text("also", "load " many(n) " rules", number(median("load host " n) / 1e6) " ms-i")
		else {
			ms(n == changed ? "P10" : "also", "load " many(n) " rules", median("load host " n), "nft -f, linear", \
				median("load linear " n), n == changed ? 0.2 : "")
			ms(n == changed ? "P10" : "also", "load " many(n) " rules", median("load host " n), "nft -f, pipapo", \
				median("load concat " n), n == changed ? 0.025 : "")
		}
	}
	n = changed
	ms("P10", "change one of " many(n), median("change host " n), "nft -f, linear, all again", median("change linear " n), 0.01)
	ms("also", "change one of " many(n) ", less the start of our program", median("change host " n) - median("change program " n), \
		"nft -f, linear, all again", median("change linear " n))
	ms("also", "change one of " many(n), median("change host " n), "nft -f, pipapo, one element", median("change element " n))
}

function scan_goals(chain) {
	chain = median("scan drop")
	compare("P11", "random tuples, a packet, beyond a chain that drops", median("scan on") - chain, "cache off", \
		median("scan off") - chain, "instr", 1.3, 1)
	compare("also", "random tuples, a packet in all", median("scan on"), "cache off", median("scan off"), "instr", "")
	text("P11", "100 flows amid nine times as many random tuples: hits", legitimate, "their packets", legitimate_sent, \
		sprintf("%.3g", legitimate / legitimate_sent), ">= 0.8", legitimate / legitimate_sent >= 0.8 ? "met" : "missed")
}

# Not every flow has found room: with 262,144 entries in sets of four, a set can be full.
function stale_goal(a, b) {
	a = median("stale cached") - median("stale empty")
	if (a < 0) a = 0
	b = median("flush full") - median("flush none")
	text("P12", "make " instr(median("cached"), "") "cached verdicts stale; then " served + 0 " were served", \
		number(a / 1e6) " ms-i", "conntrack -F of " entries, number(b / 1e6) " ms-i", ratio_of(a, b), 0.001, \
		a / b <= 0.001 && !served && median("cached") >= flows * 5 / 6 ? "met" : "missed")
	ms("also", "a commit that makes nothing stale", median("stale empty"), "one that makes all stale", median("stale cached"))
}

# Of two that follow each other the ratio; of these the median. It is the one of the medians when nobody else works.
function wireguard_goal() {
	wireguard("native ", "P16", "native", "Mbit/s", ">= 0.97")
	wireguard("", "also", "on the instruction clock", "bits in 1000 instr", "")
}

function wireguard(native, id, where, unit, limit, i, ratio) {
	if (!count[native "wireguard ours"]) return
	for (i = 1; i <= count[native "wireguard ours"]; i++)
		add(native "wireguard ratio", values[native "wireguard ours", i] / values[native "wireguard plain", i])
	ratio = median(native "wireguard ratio")
	text(id, "TCP through WireGuard, " where "; " judged[native] " packets met a cached verdict", \
		instr(median(native "wireguard ours") / 1e6, unit), "stock WireGuard", \
		instr(median(native "wireguard plain") / 1e6, unit), sprintf("%.3f", ratio), limit, \
		limit == "" ? "" : ratio >= substr(limit, 4) ? "met" : "missed")
}

function baselines(native, unit, where) {
	if (!count[native "conntrack 0"]) return
	where = native ? ", native" : ""
	text("also", "a packet, no firewall at all" where, instr(usual(native "none 0"), unit), "and an empty nft chain", \
		instr(usual(native "empty 0") - usual(native "none 0"), unit))
	text("also", "connection tracking that nobody asks" where, instr(usual(native "conntrack 0") - usual(native "none 0"), unit), \
		"and a ct state rule", instr(usual(native "state 0") - usual(native "conntrack 0"), unit))
	text("also", "ours, on an interface without endpoint" where, instr(cost(native, "elsewhere 0"), unit))
}

# All of them are beyond connection tracking.
function rest(native, n, unit, i, names, name, where) {
	where = ", " many(n) " rules" (native ? ", native" : "")
	name = "miss " n
	if (!count[native name]) return
	split("linear optimized concat hash ipset", names, " ")
	text("also", "a cached verdict" where, instr(cost(native, "hit " n), unit))
	if ((native "sandbox " n) in asked)
		text("also", "a cached verdict of a sandbox, forwarded, with its port" where, instr(cost(native, "sandbox " n), unit))
	for (i = 1; i in names; i++)
		if (count[native names[i] " " n])
			compare("also", "a miss" where, cost(native, name), names[i], cost(native, names[i] " " n), unit, "")
}

function draw(i, j, n, names, name) {
	split("linear optimized concat hash ipset hit miss", names, " ")
	for (i = 1; i <= n_sizes; i++) {
		n = order[i]
		printf "%d", n >(plot ".packets")
		for (j = 1; j in names; j++) {
			name = names[j] " " n
			printf " %s", count[name] ? sprintf("%.0f", cost("", name)) : "?" >(plot ".packets")
		}
		printf " %.0f\n", median("state 0") - median("conntrack 0") >(plot ".packets")
		printf "%d %s %s %s %s\n", n, loads("linear", n), loads("concat", n), loads("hash", n), loads("host", n) >(plot ".loads")
	}
}

function loads(side, n) { return count["load " side " " n] ? sprintf("%.3f", median("load " side " " n) / 1e6) : "?" }
